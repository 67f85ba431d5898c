"""The learnt judge of clips: the classifier of every factor that successors of the sequential autoencoder measure with.

Each frame goes through convolutions, the frames through a recurrent network in both directions, and what it says at both ends
through one head for each factor. It may be trained on clips that are blurred and noisy too, because it is asked about clips that
are decoded.

Source: the protocol of S3VAE (arXiv 2005.11437), C-DSVAE (arXiv 2106.05010) and others after them, as their code has it: Adam at
2e-4, batches of 128, about four epochs; blur and noise are this project's own.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.data.checks import check_generator, check_whole
from tasks.data.dataset import Dataset
from tasks.data.population import Population
from tasks.memory import enough_memory
from tasks.sequence.measurable import check_values
from vsa import tensor_file
from vsa.errors import DtypeError, InputError, RangeError, ShapeError, choices

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

KIND = "vsa-torch judge of clips 1"

WIDTHS = (64, 128, 256, 512)
"""The published channels; each convolution halves a frame."""

QUICK = (16, 24, 32, 48)
"""Channels that are learnt in minutes on two CPU cores."""

STEPS = 600
"""Batches of 32 that this takes, see docs/sequence.md."""

CHUNK = 128
"""Clips that are judged at once."""


class LearntJudge(nn.Module):
    """A classifier of all factors of a clip.

    Args:
        shape: of a clip: frames, channels, height and width. The sides are multiples of 2 to the number of convolutions.
        counts: by the name of a factor how many classes it has.
        channels: of the convolutions.
        said: how many numbers are said of each frame.
        hidden: the width of the recurrent network, in each direction, and of the heads.

    Raises:
        ShapeError: the sides cannot be halved so often.

    Example:
        >>> judge = LearntJudge((8, 3, 16, 16), {"hair": 6, "motion": 9}, channels=(4, 8), said=4, hidden=8).eval()
        >>> {name: found.shape for name, found in judge.probabilities(torch.rand(2, 8, 3, 16, 16)).items()}
        {'hair': torch.Size([2, 6]), 'motion': torch.Size([2, 9])}
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        counts: Mapping[str, int],
        *,
        channels: Sequence[int] = WIDTHS,
        said: int = 128,
        hidden: int = 256,
    ) -> None:
        super().__init__()
        _, before, height, width = shape
        side = 2 ** len(channels)
        if height % side or width % side or not channels:
            raise ShapeError(f"frames are halved {len(channels)} times, and {height} x {width} is not a multiple of {side}")
        self.shape, self.counts = tuple(shape), dict(counts)
        self.settings = {"channels": list(channels), "said": said, "hidden": hidden}
        self.frames = nn.Sequential()
        for after in channels:
            self.frames.extend([nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)])
            before = after
        self.frames.extend([nn.Conv2d(before, said, (height // side, width // side)), nn.BatchNorm2d(said), nn.Tanh()])
        self.clip = nn.LSTM(said, hidden, bidirectional=True, batch_first=True)
        self.heads = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, n)) for name, n in counts.items()}
        )
        self.frames.to(memory_format=torch.channels_last)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the factors that it knows."""
        return tuple(self.counts)

    def forward(self, clips: Float[Tensor, "n t c h w"]) -> dict[str, Tensor]:
        """By factor the logits of its classes, float [B, count], of clips from 0 to 1."""
        pictures = clips.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        said, _ = self.clip(self.frames(pictures).flatten(1).unflatten(0, clips.shape[:2]))
        forward, backward = said.chunk(2, -1)
        ends = torch.cat([forward[:, -1], backward[:, 0]], 1)
        return {name: head(ends) for name, head in self.heads.items()}

    @torch.inference_mode()
    def probabilities(self, clips: Shaped[Tensor, "n t c h w"], *features: str) -> dict[str, Tensor]:
        """By factor how probable it takes each class to be, float64 [B, count] on the CPU; of all factors if none is named.

        Args:
            clips: [B, T, C, H, W] of the shape that it was made for, floating point numbers from 0 to 1, or uint8.
            features: the names of factors.

        Raises:
            RangeError: it knows no such factor, or a value is no number from 0 to 1.
            DtypeError, ShapeError: these are no such clips.
        """
        for feature in features:
            if feature not in self.counts:
                raise RangeError(f"the judge knows no factor {feature!r:.100}; {choices(feature, self.counts)}")
        clips, device, training = self._checked(clips), next(self.parameters()).device, self.training
        self.eval()
        found = [self(part.to(device).float() / (255 if part.dtype == torch.uint8 else 1)) for part in clips.split(CHUNK)]
        self.train(training)
        return {name: torch.cat([part[name] for part in found]).double().softmax(1).cpu() for name in features or self.counts}

    def read(self, clips: Shaped[Tensor, "n t c h w"], *features: str) -> dict[str, Tensor]:
        """By factor the most probable class, int64 [B]; arguments and errors are those of `probabilities`."""
        return {name: found.argmax(1) for name, found in self.probabilities(clips, *features).items()}

    def save(self, path: Path) -> None:
        """Write it as one safetensors file.

        Raises:
            OutputError: it cannot be written.
        """
        made = {"shape": self.shape, "counts": self.counts, **self.settings}
        tensor_file.write(path, self.state_dict(), {"judge": json.dumps(made)}, KIND)

    def _checked(self, clips: Tensor) -> Tensor:
        wanted = f"[B, {', '.join(map(str, self.shape))}]"
        if not isinstance(clips, Tensor):
            raise DtypeError(f"clips must be a tensor {wanted}, got {type(clips).__name__}")
        if tuple(clips.shape[1:]) != self.shape:
            raise ShapeError(f"the judge was made for clips {wanted}, got {list(clips.shape)}")
        return check_values(clips.detach())


def load_judge(path: Path) -> LearntJudge:
    """The judge that `LearntJudge.save` wrote, in evaluation mode.

    Raises:
        InputError: there is no such file, or it holds no judge.
    """
    described, weights = tensor_file.read(path, KIND)
    try:
        made = json.loads(described["judge"])
        judge = LearntJudge(tuple(made.pop("shape")), made.pop("counts"), **made)
        judge.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise InputError(f"{path} does not hold a judge of clips: {error}") from error
    return judge.eval()


def train_judge(
    population: Population,
    steps: int = STEPS,
    seed: int = 0,
    *,
    minutes: float = math.inf,
    batch: int = 32,
    rate: float = 1e-3,
    channels: Sequence[int] = QUICK,
    said: int = 128,
    hidden: int = 256,
    degraded: bool = True,
) -> LearntJudge:
    """A judge that learnt to tell the factors of clips, in evaluation mode.

    The learning rate rises for a twentieth of the training, and falls to 0 along a cosine by its end, whichever of the steps and
    the minutes ends it.

    Args:
        population: of a data set of clips; what it is shown, such as the training part of a split.
        steps: batches that it learns from at most.
        seed: decides its first weights and what it is shown.
        minutes: that it learns for at most.
        batch: clips in each.
        rate: the highest learning rate of Adam.
        channels, said, hidden: of the network; those of the publications are `channels=WIDTHS`, with `batch=128, rate=2e-4`.
        degraded: show it half of the clips blurred, and noisy.

    Raises:
        RangeError: the data set is not one of clips, or a number is not above 0.
        NotInPartError: the population has no combinations.
    """
    dataset = population.dataset
    check_clips(dataset)
    check_whole("steps", steps, 1)
    check_whole("batch", batch, 2)
    if not minutes > 0 or not 0 < rate < math.inf:
        raise RangeError(f"minutes and rate must be above 0, got {minutes} and {rate}")
    generator = torch.Generator().manual_seed(check_whole("seed", seed, 0, 2**63 - 1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        counts = dict(zip(dataset.features, dataset.counts, strict=True))
        judge = LearntJudge((dataset.shape[0], *dataset.frame), counts, channels=channels, said=said, hidden=hidden)
    optimizer = torch.optim.Adam(judge.parameters(), lr=rate)
    began = time.monotonic()
    for step in range(steps):
        spent = max(step / steps, (time.monotonic() - began) / (60 * minutes))
        if spent >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, 20 * (spent + 1 / steps)) * 0.5 * (1 + math.cos(math.pi * spent))
        classes = population.sample(batch, generator)
        clips = dataset.observe(classes)
        with enough_memory(f"in step {step}", "take a smaller batch or fewer channels"):
            said_of = judge(degrade(clips, generator) if degraded else clips)
            shown = dataset.canonical(classes)
            loss = torch.stack([F.cross_entropy(said_of[name], shown[:, f]) for f, name in enumerate(dataset.features)]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return judge.eval().requires_grad_(False)


def degrade(clips: Float[Tensor, "n t c h w"], generator: torch.Generator) -> Float[Tensor, "n t c h w"]:
    """Clips as something decoded them: every second one is blurred, by a share of its mean over 3 x 3 pixels, and noisy.

    The share is uniform from 0 to 1, and the deviation of the noise uniform from 0 to 0.05.

    Example:
        >>> seen = degrade(torch.zeros(4, 1, 1, 4, 4), torch.Generator().manual_seed(0))
        >>> seen.flatten(1).amax(1).gt(0).tolist()
        [False, True, False, True]
    """
    check_generator(generator)
    seen = clips.clone()
    half = seen[1::2]
    share, deviation = torch.rand(2, len(half), 1, 1, 1, 1, generator=generator).to(clips)
    mean = F.avg_pool2d(half.flatten(0, 1), 3, stride=1, padding=1).view_as(half)
    noise = torch.randn(half.shape, generator=generator).to(clips)
    seen[1::2] = (half + share * (mean - half) + 0.05 * deviation * noise).clamp(0, 1)
    return seen


def check_clips(dataset: Dataset) -> None:
    """Refuse a data set whose observations are pictures.

    Raises:
        RangeError: they are.
    """
    if dataset.frames is None:
        raise RangeError(
            f"a judge of clips wants clips [T, C, H, W], and an observation of {dataset.name} is {list(dataset.shape)}"
        )
