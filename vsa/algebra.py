"""What an algebra is. `vsa.lookup` finds one by its name; the verbs that work with any of them are in `vsa.verbs`.

A hypervector is an ordinary tensor; its last dimension is the vector, all dimensions before it are a batch. The algebra that
gives its numbers a meaning is an argument: a name (``algebra="HRR"``) or an object. Without one it is MAP, except for tensors
of torchhd, which carry their own.

A plain tensor does not say which algebra it is of, so a forgotten ``algebra=`` is MAP. It is noticed where MAP has no such
dtype (phasors of FHRR, bool of BSC), and where integers would overflow (words of PackedBSC in ``bind``, ``multibind`` and
``bundle``). It is not noticed for the real vectors of HRR, VTB and SBC: any real vector may be one of MAP, whose learnt vectors
are not bipolar, and a look at the values would take longer than the product. The methods of an algebra, ``HRR.bind(a, b)``,
leave nothing to forget.

Conventions, the same for every algebra: ``unbind`` takes the composite first and the key second; ``bundle`` takes one stack and
sums over a dimension of it; ``similarity`` is a cosine in [-1, 1]; nothing is normalised unless you say ``normalize``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor
from torch.nn import Parameter

Side: TypeAlias = Literal["left", "right"]

PLAIN = (Tensor, Parameter)
"""The classes of tensors that carry no algebra. A call asks this of its tensors before anything else, because each attribute of a
tensor takes 50 ns to read, and over 1 µs under ``torch.set_default_device`` or ``with torch.device(...)``."""


@dataclass(frozen=True)
class Laws:
    """What holds for an algebra, as data: the tests, the documentation and the theory of capacity read it.

    Attributes:
        commutative: bind(a, b) is bind(b, a).
        associative: bind(bind(a, b), c) is bind(a, bind(b, c)).
        self_inverse: inverse(x) is x, for the vectors that ``random`` makes.
        exact_unbinding: unbind(bind(a, key), key) is a, for the keys that ``random`` makes. Where it is not, what comes back
            is a and noise.
        key_side: "either", or "right" where only bind(x, key) can be undone with the key alone and unbinding a left one must be
            asked for: ``unbind(c, key, side="left")``.
        bundling: "sum", which is linear, or "majority", which forgets how clear the vote was.
        fractional_powers: power(x, p) exists for every real p, and power(power(x, 0.5), 2) is x for the vectors that ``random``
            makes. Whole powers exist for every algebra.
        permute_binds: permuting is itself a binding, so bind(permute(a), b) is bind(a, permute(b)) and does not tell the order of
            two parts: in HRR, where a shift is a convolution. `vsa.structures` permutes spectra there.
        expected_similarity: of two random vectors.
        spread: the similarity of two random vectors deviates by (spread / dim) ** 0.5.
        shared: the expected similarity is more by shared / dim: in HRR with ``unitary=True`` two numbers of each spectrum are 1
            (in odd dimensions one).

    Example:
        >>> from vsa import get_algebra
        >>> get_algebra("MAP").laws.self_inverse, get_algebra("HRR").laws.self_inverse
        (True, False)
    """

    commutative: bool
    associative: bool
    self_inverse: bool
    exact_unbinding: bool
    key_side: Literal["either", "right"] = "either"
    bundling: Literal["sum", "majority"] = "sum"
    fractional_powers: bool = False
    permute_binds: bool = False
    expected_similarity: float = 0.0
    spread: float = 1.0
    shared: float = 0.0


@runtime_checkable
class Algebra(Protocol):
    """A vector symbolic architecture: what can be done with its hypervectors.

    Any object with these members is one; nothing needs to be inherited or registered. Tensors are [*batch, dim], and batch
    dimensions broadcast. Mistakes raise a VSAError. Each method means what the verb of its name in `vsa.verbs` says.
    """

    @property
    def name(self) -> str:
        """The short name, such as "MAP"."""
        ...

    @property
    def laws(self) -> Laws:
        """What holds for this algebra."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The dtype that ``random`` and ``identity`` make where none is asked for."""
        ...

    @property
    def relaxation(self) -> Algebra:
        """The algebra of what ``to_sum`` gives: itself where bundling is a sum, a linear one elsewhere."""
        ...

    def random(
        self,
        n: int,
        dim: int,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor: ...

    def identity(self, dim: int, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> Tensor: ...

    def bind(self, a: Tensor, b: Tensor) -> Tensor: ...

    def unbind(self, composite: Tensor, key: Tensor, side: Side = "right") -> Tensor: ...

    def multibind(self, stack: Tensor, dim: int = -2) -> Tensor: ...

    def bundle(self, stack: Tensor, dim: int = -2, weights: Tensor | None = None) -> Tensor: ...

    def permute(self, x: Tensor, shifts: int = 1) -> Tensor: ...

    def inverse(self, x: Tensor) -> Tensor: ...

    def negative(self, x: Tensor) -> Tensor: ...

    def power(self, x: Tensor, exponent: float) -> Tensor: ...

    def normalize(self, x: Tensor) -> Tensor: ...

    def dot(self, a: Tensor, b: Tensor) -> Tensor: ...

    def similarity(self, a: Tensor, b: Tensor) -> Tensor: ...

    def to_sum(self, x: Tensor) -> Tensor:
        """The same vectors where addition is the bundle: what can be collected one by one, and weighted, and forgets nothing."""
        ...

    def from_sum(self, total: Tensor) -> Tensor:
        """The algebra's vector of such a sum: bundle(stack) is from_sum(to_sum(stack).sum(-2))."""
        ...

    def as_real(self, x: Tensor) -> Tensor:
        """The same vectors as real ones, whose inner product is the algebra's own: what a search needs."""
        ...


def carried_by(x: object) -> str | None:
    """The model that a torchhd tensor carries ("HRR" of an HRRTensor), without importing torchhd; None for a plain tensor."""
    cls = type(x)
    if cls in PLAIN or not cls.__module__.startswith("torchhd."):
        return None
    return cls.__name__.removesuffix("Tensor")
