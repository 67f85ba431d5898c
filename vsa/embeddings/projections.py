"""Random maps of feature vectors: RandomProjection, and Sinusoid, which bends it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import Device, check_flags, explained
from vsa.embeddings.base import FeatureEmbedding, room, whole
from vsa.seeds import seeded

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


class Projection(FeatureEmbedding):
    """Base of the random maps: random real numbers, as many as a sum of the algebra's vectors has, and the vector of that sum.

    So it works for every algebra: MAP, HRR, VTB and SBC have sums of as many elements, FHRR of a real and an imaginary part of
    each, and BSC decides each element by the sign.

    Attributes:
        weight: [places, in_features], a persistent buffer whose rows are uniform on the unit sphere; places is dim, or twice as
            many for FHRR. No gradient trains it.
    """

    weight: Tensor

    def __init__(
        self,
        in_features: int,
        dim: int,
        *,
        algebra: str | Algebra = "MAP",
        normalize: bool = False,
        seed: int = 0,
        name: str = "",
        device: Device = None,
    ) -> None:
        super().__init__(in_features, algebra)
        check_flags(type(self).__name__, normalize=normalize)
        self.dim, self.normalize = whole(type(self).__name__, "dim", dim, 1), normalize
        none = self.algebra.to_sum(self.algebra.random(0, dim, device="cpu"))
        self._complex = none.is_complex()
        self._draw(none.shape[-1] * (2 if self._complex else 1), seeded(seed, type(self).__name__, name), device)

    def _draw(self, places: int, generator: torch.Generator, device: Device) -> None:
        with room(type(self).__name__, places, self.in_features):
            weight = F.normalize(torch.randn(places, self.in_features, generator=generator, dtype=torch.float32), dim=-1)
        self._keep("weight", weight, device)

    def _vector(self, elements: Float[Tensor, "*batch places"]) -> Shaped[Tensor, "*batch dim"]:
        total = torch.view_as_complex(elements.unflatten(-1, (-1, 2))) if self._complex else elements.to(self.weight.dtype)
        vector = self.algebra.from_sum(total)
        return self.algebra.normalize(vector) if self.normalize else vector

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, dim={self.dim}, algebra={self.algebra.name}, normalize={self.normalize}"


class RandomProjection(Projection):
    """A random linear map, which keeps angles: the similarity of two results is the cosine of what was mapped.

    Normalised in MAP, as always in BSC, it is 1 - 2 angle / π: each element says on which side of a random plane the features
    lie.

    Args:
        in_features: how many features there are.
        dim: the dimension of the vectors.
        algebra: a name or an algebra; MAP if there is none.
        normalize: the results are brought among the algebra's own vectors.
        seed: any integer.
        name: tells this embedding from others of its kind with the same seed: give each feature its own.
        device: where it is made; torch's default device if there is none. The numbers are the same on every device.

    Shapes:
        Values, floating [*batch, in_features] of the module's dtype, give [*batch, dim] of that dtype, or complex in FHRR (where
        half precision gives complex64), bool in BSC, int64 [*batch, dim / 64] in PackedBSC. Gradients flow to the values, through
        ``normalize`` as it lets them, but not to BSC's bits.

    Raises:
        RangeError: in_features is not positive, or the algebra has no such dimension.
        DtypeError: a number or the seed is not one; when called, the values are not of the module's dtype.
        ShapeError: when called, the last dimension is not in_features.

    Source: Thomas, Dasgupta, Rosing, "A theoretical perspective on hyperdimensional computing", arXiv 2010.07426, as in
    torchhd.embeddings.Projection.

    Example:
        >>> embed = RandomProjection(2, 10_000, seed=1)
        >>> x = embed(torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
        >>> embed.algebra.similarity(x, x[0]).round(decimals=1).abs()
        tensor([1.0000, 0.7000, 0.0000])
    """

    def forward(self, values: Float[Tensor, "*batch in_features"]) -> Shaped[Tensor, "*batch dim"]:
        """The vectors of these features, [*batch, dim]."""
        try:
            return self._vector(self._project(values, self.weight))
        except RuntimeError as error:
            raise explained(error, "RandomProjection", self.algebra.name, values) from error


class Sinusoid(Projection):
    """A random map that bends: cos(w·x + b) sin(w·x) for each element, so that far apart features become unrelated.

    Args:
        in_features: how many features there are.
        dim: the dimension of the vectors.
        algebra: a name or an algebra; MAP if there is none.
        normalize: the results are brought among the algebra's own vectors.
        seed: any integer.
        name: tells this embedding from others of its kind with the same seed: give each feature its own.
        device: where it is made; torch's default device if there is none. The numbers are the same on every device.

    Attributes:
        bias: [places], a persistent buffer, uniform in [0, 2π); no gradient trains it.

    Shapes:
        Values, floating [*batch, in_features] of the module's dtype, give [*batch, dim] of that dtype, or complex in FHRR (where
        half precision gives complex64), bool in BSC, int64 [*batch, dim / 64] in PackedBSC. Gradients flow to the values, through
        ``normalize`` as it lets them, but not to BSC's bits.

    Raises:
        RangeError: in_features is not positive, or the algebra has no such dimension.
        DtypeError: a number or the seed is not one; when called, the values are not of the module's dtype.
        ShapeError: when called, the last dimension is not in_features.

    Source: torchhd.embeddings.Sinusoid, after "Scalable edge-based hyperdimensional learning system with brain-like neural
    adaptation", SC 2021.

    Example:
        >>> embed = Sinusoid(3, 1024)
        >>> embed(torch.zeros(5, 3)).shape, bool((embed(torch.randn(5, 3)).abs() <= 1).all())
        (torch.Size([5, 1024]), True)
    """

    bias: Tensor

    def _draw(self, places: int, generator: torch.Generator, device: Device) -> None:
        super()._draw(places, generator, device)
        with room("Sinusoid", places):
            bias = 2 * math.pi * torch.rand(places, generator=generator, dtype=torch.float32)
        self._keep("bias", bias, device)

    def forward(self, values: Float[Tensor, "*batch in_features"]) -> Shaped[Tensor, "*batch dim"]:
        """The vectors of these features, [*batch, dim]."""
        try:
            angles = self._project(values, self.weight)
            return self._vector((angles + self.bias).cos() * angles.sin())
        except RuntimeError as error:
            raise explained(error, "Sinusoid", self.algebra.name, values) from error
