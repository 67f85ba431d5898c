"""Density: the thermometer of each feature bound with a key, all in one bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import Device, explained
from vsa.embeddings.base import FeatureEmbedding, room, whole
from vsa.embeddings.scales import Line
from vsa.embeddings.tables import switched
from vsa.seeds import seeded

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


class Density(FeatureEmbedding):
    """Feature vectors as intRVFL encodes them: each feature as a thermometer of dim + 1 levels, bound with its random key.

    Args:
        in_features: how many features there are.
        dim: the dimension of the vectors.
        low: the least that a feature can be.
        high: the most that a feature can be.
        clip: values outside are taken to the nearest end; without it they are an error.
        algebra: MAP, FHRR, BSC or PackedBSC, by name or as an object.
        seed: any integer.
        name: tells this embedding from others of its kind with the same seed: give each feature its own.
        device: where it is made; torch's default device if there is none. The numbers are the same on every device.

    Attributes:
        keys: [in_features, dim], a persistent buffer; no gradient trains it.

    Shapes:
        Values, floating [*batch, in_features], give [*batch, dim] of the algebra's dtype: the bundle as the algebra makes it, a
        sum in MAP. On the way there are [*batch, in_features, dim] elements.

    Raises:
        AlgebraError: the algebra has no thermometer.
        RangeError: there is no such range or dimension; when called, a value is NaN, or outside without ``clip``. Compiled or
            vmapped, where values cannot be read, those outside are taken to the nearest end, and NaN to the lower.
        DtypeError: a number or the seed is not one; when called, the values are not floating.
        ShapeError: when called, the last dimension is not in_features.

    Source: Kleyko, Kheffache, Frady, Wiklund, Osipov, "Density encoding enables resource-efficient randomly connected neural
    networks", IEEE TNNLS 32 (8), 2021, as in torchhd.embeddings.Density. Clipping the sum is left to the caller.

    Example:
        >>> embed = Density(3, 1024)
        >>> x = embed(torch.tensor([[0.1, 0.5, 0.9], [0.1, 0.5, 0.8], [0.9, 0.1, 0.1]]))
        >>> bool(x[0] @ x[1] > x[0] @ x[2])
        True
    """

    keys: Tensor

    def __init__(
        self,
        in_features: int,
        dim: int,
        *,
        low: float = 0.0,
        high: float = 1.0,
        clip: bool = False,
        algebra: str | Algebra = "MAP",
        seed: int = 0,
        name: str = "",
        device: Device = None,
    ) -> None:
        super().__init__(in_features, algebra)
        dim = whole("Density", "dim", dim, 1)
        with room("Density", in_features, dim):
            keys = self.algebra.random(self.in_features, dim, generator=seeded(seed, "Density", name))
            switched("Density", self.algebra, torch.zeros(0, dim, dtype=torch.bool), keys.dtype)  # if there are such vectors
        self.dim, self.scale = dim, Line("Density", dim + 1, low, high, clip)
        self._keep("keys", keys, device)

    def forward(self, values: Float[Tensor, "*batch in_features"]) -> Shaped[Tensor, "*batch _"]:
        """The vectors of these features, [*batch, dim]."""
        self._check_features(values, self.keys)
        # A table of dim + 1 thermometers would have dim * (dim + 1) elements; which are on is known without it.
        try:
            on = torch.arange(self.dim, device=values.device) < self.scale.nearest(values).unsqueeze(-1)
        except RuntimeError as error:
            raise explained(error, "Density", self.algebra.name, values) from error
        return self.algebra.bundle(self.algebra.bind(switched("Density", self.algebra, on, self.keys.dtype), self.keys))

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, dim={self.dim}, {self.scale}, algebra={self.algebra.name}"
