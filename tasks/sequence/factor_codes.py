"""Codes of clips in two parts, content and motion: how they are made, mixed and drawn; and controls that have learnt nothing.

The numbers of a content code and those of a frame's motion code are called channels. A channel of the motion runs through all
frames, and is exchanged for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from tasks.data.checks import check_whole
from tasks.data.dataset import Dataset
from tasks.data.population import Population, check_drawing
from tasks.sequence.measurable import Separates
from vsa.errors import DtypeError, PluginError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

CHUNK = 64
"""Clips that are encoded or drawn at once."""

POOLED = 8
"""Height and width of a frame of which a control sees every pixel."""

Encode = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From clips, float [n, T, C, H, W] from 0 to 1, to content, float [n, Df], and motion, float [n, T, Dz]."""


@dataclass(frozen=True)
class Codes:
    """The codes of n clips, on the CPU.

    Attributes:
        content: float [n, Df].
        motion: float [n, T, Dz].

    Example:
        >>> codes = Codes(torch.zeros(5, 3), torch.zeros(5, 8, 2))
        >>> codes.channels, codes.together.shape, codes.averaged.shape, codes.channel_of.tolist()[:7]
        (5, torch.Size([5, 19]), torch.Size([5, 5]), [0, 1, 2, 3, 4, 3, 4])
    """

    content: Tensor
    motion: Tensor

    @property
    def channels(self) -> int:
        """How many channels there are, Df + Dz."""
        return self.content.shape[1] + self.motion.shape[2]

    @property
    def together(self) -> Float[Tensor, "n numbers"]:
        """Content, and the motion of all frames one after the other: Df + T Dz numbers."""
        return torch.cat([self.content, self.motion.flatten(1)], 1)

    @property
    def averaged(self) -> Float[Tensor, "n channels"]:
        """Content, and the mean of the motion over the frames: a number for each channel."""
        return torch.cat([self.content, self.motion.mean(1)], 1)

    @property
    def channel_of(self) -> Int64[Tensor, " numbers"]:
        """The channel of each number of `together`."""
        content, (frames, motion) = self.content.shape[1], self.motion.shape[1:]
        return torch.cat([torch.arange(content), content + torch.arange(motion).repeat(frames)])

    @property
    def is_content(self) -> Bool[Tensor, " channels"]:
        """Which channels are of the content."""
        return torch.arange(self.channels) < self.content.shape[1]

    def mixed(self, other: Codes, kept: Bool[Tensor, " channels"]) -> Codes:
        """The channels that are kept, and the others from other codes."""
        content, motion = kept.split([self.content.shape[1], self.motion.shape[2]])
        return Codes(torch.where(content, self.content, other.content), torch.where(motion, self.motion, other.motion))

    def rolled(self) -> Codes:
        """The codes of the next clip in place of each."""
        return Codes(self.content.roll(-1, 0), self.motion.roll(-1, 0))


@torch.inference_mode()
def encode_classes(encode: Encode, classes: Int64[Tensor, "n f"], dataset: Dataset, device: torch.device | str = "cpu") -> Codes:
    """The codes of the clips of classes.

    Raises:
        DtypeError, ShapeError, RangeError: what `encode` gives is not content [n, Df] and motion [n, T, Dz], or is not finite.
    """
    content, motion = zip(
        *(_checked(encode(dataset.observe(part).to(device)), len(part), dataset) for part in classes.split(CHUNK)), strict=True
    )
    return Codes(torch.cat(content), torch.cat(motion))


def draw_codes(model: Separates, codes: Codes, dataset: Dataset) -> Float[Tensor, "n t c h w"]:
    """The clips of codes, on the CPU.

    Raises:
        ShapeError: the model draws something else than clips of the data set.
    """
    with torch.inference_mode():
        clips = model.decode(codes.content.to(model.device), codes.motion.to(model.device)).float().cpu()
    wanted = (len(codes.content), *dataset.shape)
    if tuple(clips.shape) != wanted:
        raise ShapeError(f"decode(content, motion) must give clips {list(wanted)}, got {list(clips.shape)}")
    return clips


@torch.inference_mode()
def sample_codes(model: Separates, n: int, dataset: Dataset, generator: torch.Generator) -> Codes:
    """Codes from the priors of a model.

    Raises:
        DtypeError, ShapeError, RangeError: they are not as those of `encode`.
    """
    frames = dataset.shape[0]
    content, motion = _checked((model.prior_content(n, generator), model.prior_motion(n, frames, generator)), n, dataset)
    return Codes(content, motion)


def check_model(model: Separates) -> None:
    """Refuse what cannot be measured as a model of content and motion.

    Raises:
        PluginError: it lacks a member.
    """
    if not isinstance(model, Separates):
        wanted = ("device", "encode", "decode", "prior_content", "prior_motion")
        lacks = [name for name in wanted if not hasattr(model, name)]
        raise PluginError(f"{type(model).__name__} is no model of content and motion: it has no {', '.join(lacks)}")


def check_kinds(dataset: Dataset) -> None:
    """Refuse a data set that does not say which of its factors change within a clip.

    Raises:
        RangeError: it names none of its factors, or all.
    """
    if not 0 < len(dataset.dynamic) < len(dataset.features):
        raise RangeError(
            f"the data set {dataset.name} must name in `dynamic` which of its factors change within a clip, some and not all of "
            f"{', '.join(dataset.features)}; got {', '.join(dataset.dynamic) or 'none'}"
        )


def two_halves(population: Population, n: int, generator: torch.Generator) -> tuple[Int64[Tensor, "n f"], Int64[Tensor, "n f"]]:
    """n clips to learn from and n others to test on, no clip twice; half of all there are, where there are fewer.

    Raises:
        NotInPartError: there are none.
        RangeError: there are fewer than four, or n is below two.
        DtypeError: an argument is not as above.
    """
    check_drawing(population, generator)
    check_whole("n", n, 2)
    every = population.every()
    if not len(every):
        raise population.none()
    if len(every) < 4:
        raise RangeError(
            f"there must be four clips at least, to learn from and to test on; {population.describe()} has {len(every)}"
        )
    n = min(n, len(every) // 2)
    chosen = every[torch.randperm(len(every), generator=generator)[: 2 * n]].long()
    return chosen[:n], chosen[n:]


class TrueClasses:
    """The control that knows: a channel for each factor holds its class, and clips are drawn exactly.

    Args:
        dataset: whose judge reads the classes, and which draws them.

    Example:
        >>> from tasks.data import open_dataset
        >>> static = open_dataset("dsprites-static")
        >>> content, motion = TrueClasses(static).encode(static.observe(torch.tensor([[8, 2, 4, 0, 3, 1]])))
        >>> content.tolist(), motion[:, 0].tolist(), motion.shape
        ([[8.0, 2.0, 4.0, 0.0]], [[3.0, 1.0]], torch.Size([1, 16, 2]))
    """

    device = torch.device("cpu")

    def __init__(self, dataset: Dataset) -> None:
        check_kinds(dataset)
        self.dataset = dataset
        self.moves = dataset.moves

    def encode(self, clips: Tensor, /) -> tuple[Tensor, Tensor]:
        """Of each clip the classes of the factors that stay, and those of the others, the same in every frame."""
        return self.split(self.dataset.nearest(clips), clips.shape[1])

    def split(self, classes: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        """Content and motion of classes [n, F]."""
        classes = classes.float()
        return classes[:, ~self.moves], classes[:, None, self.moves].repeat(1, frames, 1)

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        """The exact clips; of a motion that changes the first frame counts."""
        classes = torch.zeros(len(content), len(self.moves))
        classes[:, ~self.moves], classes[:, self.moves] = content, motion[:, 0]
        return self.dataset.observe(classes.round().long()).float()

    def prior_content(self, n: int, generator: torch.Generator, /) -> Tensor:
        """All classes alike often."""
        return self.split(self._random(n, generator), 1)[0]

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, /) -> Tensor:
        """All classes alike often."""
        return self.split(self._random(n, generator), frames)[1]

    def _random(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.stack([torch.randint(count, (n,), generator=generator) for count in self.dataset.counts], 1)


class RandomCodes(TrueClasses):
    """The control that knows nothing: codes and clips are drawn at random, whatever is given.

    Args:
        dataset: of which the clips are.
        generator: decides.
    """

    def __init__(self, dataset: Dataset, generator: torch.Generator) -> None:
        super().__init__(dataset)
        self.generator = generator

    def encode(self, clips: Tensor, /) -> tuple[Tensor, Tensor]:
        """Normal numbers."""
        content, motion = self.split(torch.zeros(len(clips), len(self.moves)), clips.shape[1])
        return tuple(torch.randn(part.shape, generator=self.generator) for part in (content, motion))  # pyright: ignore

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        """Random clips."""
        return self.dataset.observe(self._random(len(content), self.generator)).float()


def pixels(clips: Float[Tensor, "n t c h w"]) -> tuple[Float[Tensor, "n df"], Float[Tensor, "n t dz"]]:
    """The control of pixels: the mean frame as content, and the frames less their mean as motion, in 8 x 8 pixels.

    Example:
        >>> content, motion = pixels(torch.rand(2, 5, 3, 64, 64))
        >>> content.shape, motion.shape
        (torch.Size([2, 192]), torch.Size([2, 5, 192]))
    """
    small = adaptive_avg_pool2d(clips.flatten(0, 1), POOLED).flatten(1).unflatten(0, clips.shape[:2])
    return small.mean(1), small - small.mean(1, keepdim=True)


def _checked(given: tuple[Tensor, Tensor], n: int, dataset: Dataset) -> tuple[Tensor, Tensor]:
    wanted = f"a model codes clips as content [{n}, Df] and motion [{n}, {dataset.shape[0]}, Dz], floating point numbers"
    if not isinstance(given, tuple | list) or len(given) != 2 or not all(isinstance(part, Tensor) for part in given):
        raise DtypeError(f"{wanted}, got {type(given).__name__}")
    content, motion = given
    shapes = [list(content.shape), list(motion.shape)]
    if (
        content.ndim != 2
        or motion.ndim != 3
        or len(content) != n
        or motion.shape[:2] != (n, dataset.shape[0])
        or 0 in shapes[0] + shapes[1]
    ):
        raise ShapeError(f"{wanted}, got {shapes[0]} and {shapes[1]}")
    if not all(part.is_floating_point() for part in given):
        raise DtypeError(f"{wanted}, got {content.dtype} and {motion.dtype}")
    if not all(part.isfinite().all() for part in given):
        raise RangeError(f"{wanted}, and some are not finite")
    return content.float().cpu(), motion.float().cpu()
