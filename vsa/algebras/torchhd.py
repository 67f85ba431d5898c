"""The torchhd backend: any of its models behind the same protocol, on plain tensors.

Heddes et al., "Torchhd", JMLR 24 (255), 2023. It is imported when the first such algebra is made, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.algebra import get_algebra
from vsa.algebras.base import CheckedAlgebra, Device, Generator
from vsa.errors import AlgebraError, MissingExtraError, choices

if TYPE_CHECKING:
    from torchhd import VSATensor

MODELS = ("MAP", "HRR", "FHRR")


class TorchhdAlgebra(CheckedAlgebra):
    """One of torchhd's models. Plain tensors in give plain tensors out; a tensor of torchhd in gives one out.

    Raises:
        AlgebraError: torchhd's model of that name is not known here.
        MissingExtraError: torchhd is not installed.

    Example:
        >>> MAP = TorchhdAlgebra("MAP")
        >>> a, b = MAP.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(MAP.unbind(MAP.bind(a, b), b), a)
        True
    """

    def __init__(self, name: str) -> None:
        if name not in MODELS:
            raise AlgebraError(f"there is no algebra {name!r} in the backend torchhd; {choices(name, MODELS)}")
        try:
            import torchhd
        except ImportError as error:
            raise MissingExtraError("the backend torchhd needs its package: pip install torch-hd") from error
        self.name = name
        self.laws = get_algebra(name).laws
        self.dtype = get_algebra(name).dtype
        self._model: type[VSATensor] = getattr(torchhd, f"{name}Tensor")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TorchhdAlgebra) and other.name == self.name

    def __hash__(self) -> int:
        return hash((TorchhdAlgebra, self.name))

    def __repr__(self) -> str:
        return f"TorchhdAlgebra({self.name!r})"

    def _random(self, n: int, dim: int, generator: Generator, dtype: torch.dtype, device: Device) -> Tensor:
        return _plain(self._model.random(n, dim, generator=generator, dtype=dtype, device=device))

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return _plain(self._model.identity(1, dim, dtype=dtype, device=device))[0]

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return self._returned(self._wrap(a).bind(self._wrap(b)), a, b)

    def _bundle(self, stack: Tensor, dim: int) -> Tensor:
        return self._returned(self._wrap(stack.movedim(dim, -2)).multibundle(), stack)

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        return self._returned(self._wrap(x).permute(shifts), x)

    def _inverse(self, x: Tensor) -> Tensor:
        return self._returned(self._wrap(x).inverse(), x)

    def _normalize(self, x: Tensor) -> Tensor:
        return self._returned(self._wrap(x).normalize(), x)

    def _similarity(self, a: Tensor, b: Tensor) -> Tensor:
        # torchhd compares all of one with all of the other; a batch of one with one is what broadcasting means here.
        a, b = torch.broadcast_tensors(_plain(a), _plain(b))
        # Its MAP answers in the default dtype unless told otherwise.
        options = {"dtype": a.dtype} if self.name == "MAP" and a.is_floating_point() else {}
        return _plain(self._wrap(a.unsqueeze(-2)).cosine_similarity(self._wrap(b.unsqueeze(-2)), **options))[..., 0, 0]

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype in self._model.supported_dtypes

    def _wrap(self, x: Tensor) -> VSATensor:
        return x if isinstance(x, self._model) else x.as_subclass(self._model)

    def _returned(self, result: Tensor, *given: Tensor) -> Tensor:
        return result if any(isinstance(x, self._model) for x in given) else _plain(result)


def _plain(x: Tensor) -> Tensor:
    return x.as_subclass(Tensor)
