"""FractionalPower: numbers as powers of a random vector, so that binding adds them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution

from vsa.algebra import Algebra
from vsa.algebras.checks import Device, explained
from vsa.algebras.fourier import irfft, rfft
from vsa.embeddings.base import FeatureEmbedding, finite, positive, room, wide
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, choices
from vsa.seeds import seeded

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

Draw: TypeAlias = Callable[[tuple[int, int], torch.Generator], Tensor]
"""Draws phases of a shape, in radians, with a generator."""


def _uniform(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return torch.empty(shape, dtype=torch.float32).uniform_(-math.pi, math.pi, generator=generator)


def _normal(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return torch.empty(shape, dtype=torch.float32).normal_(generator=generator)


MOST_COMPARED = 2**16
"""How many numbers `FractionalPower.decode` compares at most."""
NEWTON = 4
"""Steps of Newton's method; from a quarter of a bandwidth away three reach the last bit."""

KERNELS: dict[str, Draw] = {"sinc": _uniform, "gaussian": _normal}


class FractionalPower(FeatureEmbedding):
    """Each feature as a power of a random vector, bound with those of the others: bind(f(x), f(y)) is f(x + y), exactly.

    The similarity of f(x) and f(y) is a kernel of d = (x - y) / bandwidth, the mean of cos(w·d) over the random phases w:
    "sinc" draws them uniformly from [-π, π), and has sin(πd) / (πd); "gaussian" draws them from a normal distribution, and has
    exp(-d² / 2); of several features it is the product. Similarities deviate from it by about dim ** -0.5. In HRR the vectors
    are unitary, whatever the algebra's random ones are: unbinding subtracts, exactly.

    Args:
        in_features: how many features there are.
        dim: the dimension of the vectors.
        bandwidth: how far apart numbers become unrelated, in their own unit. torchhd multiplies where this divides.
        kernel: "sinc", "gaussian", a distribution of torch over single phases or over [in_features] together, or a function that
            draws phases, real [n, in_features], given that shape and a generator.
        algebra: FHRR or HRR, by name or as an object.
        seed: any integer.
        name: tells this embedding from others of its kind with the same seed: give each feature its own.
        device: where it is made; torch's default device if there is none. The numbers are the same on every device.

    Attributes:
        phases: [places, in_features], a persistent buffer, in radians: of the dim elements in FHRR, of the dim // 2 + 1
            frequencies in HRR. No gradient trains it.

    Shapes:
        Values, floating [*batch, in_features] of the module's dtype, give [*batch, dim]: real in HRR, complex in FHRR, where half
        precision gives complex64. A single number needs a last dimension of 1. Gradients flow to the values.

    Raises:
        AlgebraError: the algebra is neither FHRR nor HRR.
        RangeError: the bandwidth or in_features is not positive, there is no such kernel, or no such dimension.
        DtypeError: a number, the kernel or the seed is not one; when called, the values are not of the module's dtype.
        ShapeError: the kernel draws something else than [n, in_features]; when called, the last dimension is not in_features.

    Source: Plate, "Holographic recurrent networks", 1992; Komer et al., "A neural representation of continuous space using
    fractional binding", CogSci 2019; Frady et al., "Computing on functions using randomized vector representations", 2021,
    arXiv 2109.03429.

    Example:
        >>> position = FractionalPower(2, 1024, algebra="HRR")
        >>> here, step = position(torch.tensor([[0.3, -1.0], [0.5, 0.25]]))
        >>> there = position(torch.tensor([0.8, -0.75]))
        >>> torch.allclose(position.algebra.bind(here, step), there, atol=1e-5)
        True
    """

    phases: Tensor

    def __init__(
        self,
        in_features: int,
        dim: int,
        *,
        bandwidth: float = 1.0,
        kernel: str | Distribution | Draw = "sinc",
        algebra: str | Algebra = "FHRR",
        seed: int = 0,
        name: str = "",
        device: Device = None,
    ) -> None:
        super().__init__(in_features, algebra)
        if self.algebra.name not in ("FHRR", "HRR"):
            raise AlgebraError(f"FractionalPower: {self.algebra.name} has no powers of every real number; FHRR and HRR have")
        self.dim = dim = len(self.algebra.identity(dim, device="cpu"))
        self.bandwidth = positive("FractionalPower", "bandwidth", bandwidth)
        self._real = not self.algebra.dtype.is_complex
        # The spectrum of a real vector has real ends; there the phase is 0, so that every power is real too.
        free, ends = ((dim - 1) // 2, (0, 0, 1, 1 - dim % 2)) if self._real else (dim, (0, 0, 0, 0))
        with torch.device("cpu"):
            phases = _drawn(kernel, (free, self.in_features), seeded(seed, "FractionalPower", name))
        self._keep("phases", F.pad(phases, ends), device)

    def forward(self, values: Float[Tensor, "*batch in_features"]) -> Shaped[Tensor, "*batch dim"]:
        """The vectors of these numbers, [*batch, dim]."""
        try:
            angles = self._project(values, self.phases) / self.bandwidth
            phasors = torch.polar(torch.ones_like(angles), angles)
        except RuntimeError as error:
            raise explained(error, "FractionalPower", self.algebra.name, values) from error
        return irfft(phasors, self.dim).to(values.dtype) if self._real else phasors

    @torch.no_grad()
    def decode(self, vectors: Shaped[Tensor, "*batch dim"], low: float, high: float) -> Float[Tensor, "*batch"]:
        """The number from low to high whose vector is most like each of these; noise is allowed, and no gradient flows.

        Numbers half a bandwidth apart are compared first; around the best one the similarity is then climbed by Newton's method.

        Args:
            vectors: [*batch, dim], real in HRR, complex in FHRR, of any length.
            low: the least number that is looked for.
            high: the greatest.

        Raises:
            RangeError: low is not below high, they are not finite, there are several features, or too many numbers in between.
            ShapeError, DtypeError: the vectors are not of this dimension, or of another kind than the algebra's.

        Example:
            >>> place = FractionalPower(1, 1024, kernel="gaussian", algebra="HRR")
            >>> noise = torch.randn(2, 1024, generator=torch.Generator().manual_seed(0))
            >>> noisy = place(torch.tensor([[2.25], [40.5]])) + 0.02 * noise
            >>> (place.decode(noisy, 0, 64) - torch.tensor([2.25, 40.5])).abs().max() < 0.1
            tensor(True)
        """
        low, high = finite("FractionalPower.decode", "low", low), finite("FractionalPower.decode", "high", high)
        if self.in_features != 1:
            raise RangeError(f"FractionalPower.decode: one number is read, but this has {self.in_features} features")
        if not low < high:
            raise RangeError(f"FractionalPower.decode: low must be below high, got {low} and {high}")
        if not isinstance(vectors, Tensor) or vectors.ndim == 0 or vectors.shape[-1] != self.dim:
            got = list(vectors.shape) if isinstance(vectors, Tensor) else type(vectors).__name__
            raise ShapeError(f"FractionalPower.decode: vectors must be a tensor [*batch, {self.dim}], got {got}")
        if vectors.is_complex() == self._real or not (vectors.is_complex() or vectors.is_floating_point()):
            kind = "real floating" if self._real else "complex"
            raise DtypeError(f"FractionalPower.decode: vectors of {self.algebra.name} are {kind}, got {vectors.dtype}")
        steps = math.ceil(2 * (high - low) / self.bandwidth) + 1
        if steps > MOST_COMPARED:
            raise RangeError(
                f"FractionalPower.decode: from {low} to {high} there are {steps} steps of half a bandwidth, "
                f"and at most {MOST_COMPARED} are compared; narrow the range"
            )
        phases = wide(self.phases)[:, 0] / self.bandwidth
        spectrum = rfft(wide(vectors)) if self._real else vectors
        grid = torch.linspace(low, high, steps, dtype=phases.dtype, device=phases.device)
        angles = phases * grid[:, None]
        scores = spectrum.real @ angles.cos().mT + spectrum.imag @ angles.sin().mT
        found = grid[scores.argmax(-1)]
        span = (high - low) / (steps - 1)
        first, last = (found - span).clamp(min=low), (found + span).clamp(max=high)
        for _ in range(NEWTON):
            turned = spectrum * torch.polar(torch.ones_like(phases), -phases * found[..., None])
            slope, bend = (phases * turned.imag).sum(-1), -(phases.square() * turned.real).sum(-1)
            # Where the similarity does not bend down, the best of the grid stays.
            step = torch.where(bend < 0, -slope / bend.clamp(max=-torch.finfo(bend.dtype).tiny), 0)
            found = (found + step).clamp(first, last)
        return found.to(vectors.real.dtype)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, dim={self.dim}, bandwidth={self.bandwidth}, algebra={self.algebra.name}"


def _drawn(
    kernel: str | Distribution | Draw, shape: tuple[int, int], generator: torch.Generator
) -> Float[Tensor, "n in_features"]:
    """Random phases, from the generator alone."""
    if isinstance(kernel, str):
        if kernel not in KERNELS:
            raise RangeError(f"FractionalPower: there is no kernel {kernel!r}; {choices(kernel, KERNELS)}")
        with room("FractionalPower", *shape):
            return KERNELS[kernel](shape, generator)
    if isinstance(kernel, Distribution):
        drawn = _sampled(kernel, shape, generator)
    elif callable(kernel):
        drawn = kernel(shape, generator)
    else:
        raise DtypeError(
            f"FractionalPower: kernel must be one of {', '.join(KERNELS)}, a distribution of torch, or a function; "
            f"got {type(kernel).__name__}"
        )
    if not isinstance(drawn, Tensor) or drawn.shape != shape or drawn.is_complex():
        got = f"{drawn.dtype} {list(drawn.shape)}" if isinstance(drawn, Tensor) else type(drawn).__name__
        raise ShapeError(f"FractionalPower: the kernel must draw real phases of shape {list(shape)}, got {got}")
    return drawn.detach().to("cpu", torch.float32)


def _sampled(kernel: Distribution, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A sample of a distribution, which knows nothing of generators: torch's own is borrowed, and given back as it was."""
    alone = not kernel.batch_shape + kernel.event_shape
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.set_state(generator.get_state())
        return kernel.sample(torch.Size(shape if alone else shape[:1]))
