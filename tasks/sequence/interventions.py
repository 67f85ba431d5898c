"""What a judge sees in clips when some channels of their codes are kept and all others exchanged.

Of a clip's code a subset of channels is kept; the others come from another clip (swap) or from the priors (sample). A judge says
what is shown. The factors that the subset stands for should be right always, and all others as often as chance has it.

The measurements are those of the MSD benchmark: two-factor and multi-factor interventions, by swap and by sample, and the
consistency of single frames. They were read from its program, https://github.com/azencot-group/MSD-Benchmark, folder
msd/evaluations, of the paper by Barami and others, "Disentanglement Beyond Static vs. Dynamic: A Benchmark and Evaluation
Framework for Multi-Factor Sequential Representations", 2025. What is different here:

* The judge is the data set's own, which is exact, in place of a trained network, so a mistake is the model's.
* Chance is how often two clips of the population share a class: one over the number of classes, if all are alike frequent.
* In the two-factor measurements the subsets are content and motion, because the model says which is which. The benchmark takes
  the unions of what a classifier assigns to the factors.
* Clips are exchanged with others always; in the benchmark a clip may be its own partner.
* The local and the global consistency are what its documentation calls so; in its tables these two names are interchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.sequence.factor_codes import CHUNK, Codes, Separates, draw_codes

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

Judge = Callable[[Tensor], Tensor]
"""From clips, float [n, T, C, H, W], to classes, int64 [n, F]; or, frame by frame, [n, T, F]."""

SWAPPED, SAMPLED = ("consistency",), ("global_consistency", "local_consistency")
"""What is measured of frames, of codes that come from other clips and from priors."""


@dataclass(frozen=True)
class Tried:
    """Clips whose codes are tampered with, and who judges what becomes of them.

    Attributes:
        model: codes and draws them.
        dataset: of which they are.
        codes: of the clips.
        classes: int64 [n, F], of the clips.
        chance: float [F], how often two clips share the class of a factor.
        judge: says what a clip shows.
        judge_frames: says what each frame shows; None if nobody can.
    """

    model: Separates
    dataset: Dataset
    codes: Codes
    classes: Tensor
    chance: Tensor
    judge: Judge
    judge_frames: Judge | None = None

    @property
    def moves(self) -> Bool[Tensor, " f"]:
        """Which factors change within a clip."""
        return self.dataset.moves

    def by_name(self, numbers: Tensor) -> dict[str, float]:
        """Numbers [F] by factor, without those that are none."""
        named = zip(self.dataset.features, numbers.tolist(), strict=True)
        return {name: number for name, number in named if number == number}

    def shown(self, codes: Codes) -> Int64[Tensor, "n f"]:
        """What the clips of codes show."""
        return torch.cat([self.judge(clips) for clips in self._drawn(codes)])

    def shown_with_frames(self, codes: Codes) -> tuple[Int64[Tensor, "n f"], Int64[Tensor, "n t f"]]:
        """What the clips of codes show, and each of their frames by itself."""
        assert self.judge_frames is not None
        found = [(self.judge(clips), self.judge_frames(clips)) for clips in self._drawn(codes)]
        return torch.cat([whole for whole, _ in found]), torch.cat([frames for _, frames in found])

    def _drawn(self, codes: Codes) -> Iterator[Float[Tensor, "m t c h w"]]:
        for part in zip(codes.content.split(CHUNK), codes.motion.split(CHUNK), strict=True):
            yield draw_codes(self.model, Codes(*part), self.dataset)


def reconstructed(tried: Tried) -> dict[str, float]:
    """How often each factor is right in what is drawn from the codes as they are."""
    return tried.by_name((tried.shown(tried.codes) == tried.classes).float().mean(0))


def measure_parts(tried: Tried, other: Codes) -> dict[str, Any]:
    """The two-factor intervention: content is kept and motion exchanged, and the other way round.

    Args:
        tried: the clips.
        other: the codes that are exchanged for theirs, of as many clips.

    Returns:
        score, see `intervention_score`; by factor `kept`, how often it is right when the part that should hold it is kept, and
        `exchanged`, how often it is when that part is exchanged.
    """
    is_content = tried.codes.is_content
    shown = [tried.shown(tried.codes.mixed(other, kept)) for kept in (is_content, ~is_content)]
    table = torch.stack([(seen == tried.classes).float().mean(0) for seen in shown])
    return _scores(tried, table, torch.stack([~tried.moves, tried.moves]))


def measure_donors(tried: Tried) -> dict[str, dict[str, float]]:
    """Whom each factor follows when a clip is drawn of the content of one clip and the motion of another.

    Returns:
        follows_content and follows_motion: by factor, of the pairs that differ in it how often the judge sees the class of the
        clip that gave the content, and of the one that gave the motion. One that is neither is another class still.
    """
    seen = tried.shown(tried.codes.mixed(tried.codes.rolled(), tried.codes.is_content))
    content, motion = tried.classes, tried.classes.roll(-1, 0)
    differ = content != motion
    follows = {"follows_content": content, "follows_motion": motion}
    return {
        name: tried.by_name(((seen == classes) & differ).sum(0) / differ.sum(0))  # no such pair: 0 / 0, which is left out
        for name, classes in follows.items()
    }


def measure_subsets(
    tried: Tried, other: Codes, subsets: Bool[Tensor, "f channels"], whose: Int64[Tensor, "n f"] | None = None
) -> dict[str, Any]:
    """The multi-factor intervention: the channels of one factor are kept, and all others exchanged.

    Args:
        tried: the clips.
        other: the codes that are exchanged for theirs, of as many clips.
        subsets: by factor, its channels; a factor without any counts as wrong throughout.
        whose: the classes of the clips whose codes these are; None if they are from the priors.

    Returns:
        As `measure_parts`; `exchanged` is the mean over the subsets of the other factors. Where frames can be judged, also how
        steadily they show the factors that stay, when the channels of one of these are kept. Of the codes of other clips,
        consistency: the share of frames that show the kept factor of the clip and the others of the other one. Of codes from the
        priors, global_consistency: the share that show what most frames of their clip show; and local_consistency: the share that
        show what the frame before shows. These are means over the factors that stay; one without channels is 0 for itself.
    """
    table = torch.full((len(subsets), len(subsets)), torch.nan)
    steady = {name: table.clone() for name in (SAMPLED if whose is None else SWAPPED)}
    for row, kept in enumerate(subsets):
        if not kept.any():
            for shares in steady.values():
                shares[row, row] = 0
            continue
        codes = tried.codes.mixed(other, kept)
        if tried.judge_frames is None or tried.moves[row]:
            seen = tried.shown(codes)
        else:
            seen, frames = tried.shown_with_frames(codes)
            wanted = None if whose is None else torch.where(torch.arange(len(subsets)) == row, tried.classes, whose)
            for name, shares in _steadiness(frames, wanted).items():
                steady[name][row] = shares
        table[row] = (seen == tried.classes).float().mean(0)
    stay = (~tried.moves).nonzero()[:, 0]
    consistency = {name: shares[stay][:, stay].nanmean(0).mean().item() for name, shares in steady.items()}
    scores = _scores(tried, table, torch.eye(len(subsets), dtype=torch.bool))
    return scores | (consistency if tried.judge_frames is not None else {})


def _steadiness(frames: Int64[Tensor, "n t f"], wanted: Int64[Tensor, "n f"] | None) -> dict[str, Float[Tensor, " f"]]:
    """By factor the share of frames that show what is wanted; or, if nothing is, what other frames of their clip show."""
    if wanted is not None:
        return dict(zip(SWAPPED, [(frames == wanted[:, None]).float().mean((0, 1))], strict=True))
    alike = frames == frames.mode(1, keepdim=True).values, frames[:, 1:] == frames[:, :-1]
    return dict(zip(SAMPLED, [each.float().mean((0, 1)) for each in alike], strict=True))


def intervention_score(table: Float[Tensor, "r f"], expected: Bool[Tensor, "r f"], chance: Float[Tensor, " f"]) -> float:
    """How near a table of accuracies is to what it should be: one minus the mean of two mean distances.

    Args:
        table: by kept subset and factor, how often the factor is right; NaN in the row of a subset that is empty.
        expected: the factors of each subset, which should be right always; the others by chance.
        chance: of each factor.

    Returns:
        1 at best. A row of an empty subset is wrong by 1 throughout.

    Example:
        >>> table = torch.tensor([[1.0, 0.25], [1.0, 1.0]])
        >>> intervention_score(table, torch.eye(2, dtype=torch.bool), torch.tensor([0.5, 0.25]))
        0.875
    """
    off = (table - torch.where(expected, 1.0, chance)).abs().nan_to_num(1.0)
    return 1 - (off[expected].mean().item() + off[~expected].mean().item()) / 2


def _scores(tried: Tried, table: Tensor, expected: Tensor) -> dict[str, Any]:
    return {
        "score": intervention_score(table, expected, tried.chance),
        "kept": tried.by_name(table.masked_fill(~expected, torch.nan).nanmean(0)),
        "exchanged": tried.by_name(table.masked_fill(expected, torch.nan).nanmean(0)),
    }
