"""Models that learnt nothing, to measure beside one that did: an oracle, and one that draws the same clip always."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.clip_factors import dynamic_of
from tasks.data.dataset import Dataset
from tasks.data.population import Population
from tasks.sequence.measurable import Judge
from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class Oracle:
    """A model that knows the data set: content and motion are classes, and what it decodes is the exact clip.

    Its priors are uniform over the classes. What a judge says of it is the best that the judge can say of any model.

    Args:
        dataset: of clips, which says what moves.
        judge: who tells it the classes of clips.

    Example:
        >>> from tasks.data import open_dataset
        >>> from tasks.sequence.exact import ExactJudge
        >>> cast = open_dataset("cast")
        >>> model, clips = Oracle(cast, ExactJudge(cast)), cast.observe(torch.tensor([[1, 2, 3, 4, 8]]))
        >>> bool((model.decode(*model.encode(clips)) == clips).all())
        True
    """

    device = torch.device("cpu")

    def __init__(self, dataset: Dataset, judge: Judge) -> None:
        moving = dynamic_of(dataset)
        self.dataset, self.judge = dataset, judge
        self.moves = [f for f, name in enumerate(dataset.features) if name in moving]
        self.stays = [f for f, name in enumerate(dataset.features) if name not in moving]

    def encode(self, clips: Tensor) -> tuple[Float[Tensor, "b content"], Float[Tensor, "b t motion"]]:
        """The classes of what stays, and of what moves in every frame."""
        said = self.judge.read(clips)
        classes = torch.stack([said[name] for name in self.dataset.features], 1).float()
        return classes[:, self.stays], classes[:, None, self.moves].repeat(1, clips.shape[1], 1)

    def sampled(self, clips: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The same; it is sure."""
        return self.encode(clips)

    def decode(self, content: Float[Tensor, "b content"], motion: Float[Tensor, "b t motion"]) -> Float[Tensor, "b t c h w"]:
        """The exact clips."""
        classes = torch.zeros(len(content), len(self.dataset.features), dtype=torch.int64)
        classes[:, self.stays], classes[:, self.moves] = content.round().long(), motion[:, 0].round().long()
        return self.dataset.observe(classes)

    def prior_content(self, n: int, generator: torch.Generator) -> Float[Tensor, "n content"]:
        """Classes of what stays."""
        return self._random(self.stays, n, generator)

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, *, mean: bool = False) -> Float[Tensor, "n t motion"]:
        """Classes of what moves, the same in every frame; they have no mean, and are drawn."""
        return self._random(self.moves, n, generator)[:, None].repeat(1, frames, 1)

    def _random(self, factors: list[int], n: int, generator: torch.Generator) -> Tensor:
        counts = self.dataset.counts
        return torch.stack([torch.randint(counts[f], (n,), generator=generator) for f in factors], 1).float()


class Constant:
    """A model that draws one clip always, whatever it is given.

    Args:
        clip: [T, C, H, W], from 0 to 1.
    """

    device = torch.device("cpu")

    def __init__(self, clip: Float[Tensor, "t c h w"]) -> None:
        if clip.ndim != 4:
            raise ShapeError(f"a clip must be [T, C, H, W], got {list(clip.shape)}")
        self.clip = clip

    @classmethod
    def mean_of(cls, population: Population, n: int, generator: torch.Generator) -> Constant:
        """The one that draws the mean of n clips of a population."""
        parts = population.sample(n, generator).split(64)
        return cls(torch.stack([population.observe(part).double().sum(0) for part in parts]).sum(0).div(n).float())

    def encode(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Zeros."""
        return torch.zeros(len(clips), 1), torch.zeros(len(clips), clips.shape[1], 1)

    def sampled(self, clips: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Zeros."""
        return self.encode(clips)

    def decode(self, content: Tensor, motion: Tensor) -> Float[Tensor, "b t c h w"]:
        """Its clip, as often as there are contents."""
        return self.clip.expand(len(content), *self.clip.shape).clone()

    def prior_content(self, n: int, generator: torch.Generator) -> Tensor:
        """Zeros."""
        return torch.zeros(n, 1)

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, *, mean: bool = False) -> Tensor:
        """Zeros."""
        return torch.zeros(n, frames, 1)
