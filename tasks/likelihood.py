"""Likelihoods: what the numbers mean that a decoder gives for each pixel, and how the pictures of objects compose into one.

Clips [B, T, C, H, W] are taken as pictures [B, C, H, W] are, frame by frame; shapes below are those of pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

Shape = TypeVar("Shape", bound=tuple[int, ...])
"""Channels, height and width; of clips the number of frames before these."""


@runtime_checkable
class Likelihood(Protocol):
    """What a model and its loss need to know of observations. Parameters are what decoders give, real numbers without bounds."""

    def parameters(self, picture: Shape, slots: int = 1) -> Shape:
        """The shape of a decoder's parameters, for pictures of this shape in so many slots."""
        ...

    def loss(self, parameters: Float[Tensor, "b *t c h w"], seen: Shaped[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """The negative log likelihood of observations from 0 to 1, pixel by pixel, in nats; but for what no parameter changes."""
        ...

    def mean(self, parameters: Float[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """The expected observation, from 0 to 1."""
        ...

    def compose(self, parameters: Float[Tensor, "b n *t p h w"]) -> Float[Tensor, "b *t c h w"]:
        """The parameters of one picture, of those of the objects in its slots."""
        ...


@dataclass(frozen=True)
class Bernoulli:
    """A parameter is the log odds that a pixel is on. Values between off and on count in proportion.

    Example:
        >>> Bernoulli().loss(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)).item()
        0.6931471824645996
    """

    def parameters(self, picture: Shape, slots: int = 1) -> Shape:
        """The shape of the pictures."""
        return picture

    def loss(self, parameters: Float[Tensor, "b *t c h w"], seen: Shaped[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """The binary cross entropy."""
        return F.binary_cross_entropy_with_logits(parameters, seen.to(parameters.dtype), reduction="none")

    def mean(self, parameters: Float[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """The probability that a pixel is on."""
        return parameters.sigmoid()

    def compose(self, parameters: Float[Tensor, "b n *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """Pictures laid over one another: a pixel is off when every slot leaves it off, independently.

        Example:
            >>> round(Bernoulli().compose(torch.tensor([0.0, 0.0]).view(1, 2, 1, 1, 1)).sigmoid().item(), 3)
            0.75
        """
        return union(parameters)


BERNOULLI = Bernoulli()
"""The usual one."""


@dataclass(frozen=True)
class Gaussian:
    """A parameter is the log odds of a pixel's value, about which observations scatter with one deviation.

    In a scene each slot has a mask too, the last channel of its parameters: its log odds to hide what is behind it. The first
    slot is in front.

    Args:
        deviation: of a pixel's value from its mean, above 0.

    Raises:
        RangeError: the deviation is not above 0.

    Example:
        >>> Gaussian(0.5).loss(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)).item()
        0.5
    """

    deviation: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.deviation < math.inf:
            raise RangeError(f"the deviation of a Gaussian likelihood must be above 0, got {self.deviation}")

    def parameters(self, picture: Shape, slots: int = 1) -> Shape:
        """The shape of the pictures; with a channel more, for the mask, where several slots compose into one."""
        return (*picture[:-3], picture[-3] + (slots > 1), *picture[-2:])  # pyright: ignore[reportReturnType]  (as long as picture)

    def loss(self, parameters: Float[Tensor, "b *t c h w"], seen: Shaped[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """Half the squared error, in deviations."""
        return 0.5 * ((self.mean(parameters) - seen) / self.deviation).square()

    def mean(self, parameters: Float[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """The value of a pixel."""
        return parameters.sigmoid()

    def compose(self, parameters: Float[Tensor, "b n *t p h w"]) -> Float[Tensor, "b *t c h w"]:
        """Colours over one another in order of depth, on black.

        Example:
            >>> front, behind = [9.0, 9.0], [-9.0, 9.0]  # white before black, both opaque
            >>> round(Gaussian().compose(torch.tensor([front, behind]).view(1, 2, 2, 1, 1)).sigmoid().item(), 2)
            1.0
        """
        if parameters.shape[1] == 1:
            return parameters[:, 0]
        colours, masks = parameters[..., :-1, :, :].sigmoid(), parameters[..., -1:, :, :].sigmoid()
        free = (1 - masks).cumprod(1)  # what is seen behind the first slots
        weights = masks * torch.cat([torch.ones_like(free[:, :1]), free[:, :-1]], 1)
        return (weights * colours).sum(1).logit(1e-6)


def make_likelihood(name: Literal["auto", "bernoulli", "gaussian"], binary: bool, deviation: float = 0.1) -> Likelihood:
    """The likelihood of a name.

    Args:
        name: auto is bernoulli for pictures of which every pixel is on or off, else gaussian.
        binary: whether the pictures are such.
        deviation: of the Gaussian.

    Example:
        >>> make_likelihood("auto", binary=False)
        Gaussian(deviation=0.1)
    """
    if name == "bernoulli" or (name == "auto" and binary):
        return Bernoulli()
    return Gaussian(deviation)


def union(logits: Float[Tensor, "b n *t c h w"]) -> Float[Tensor, "b *t c h w"]:
    """Log odds of pictures laid over one another: a pixel is off when each of the N leaves it off, independently.

    Example:
        >>> round(union(torch.tensor([0.0, 0.0]).view(1, 2, 1, 1, 1)).sigmoid().item(), 3)
        0.75
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    off = F.softplus(logits.clamp(min=-60)).sum(1)  # minus the log of the probability to be off
    return off + (-torch.expm1(-off)).log()
