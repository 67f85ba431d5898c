"""The measurements of a sequential autoencoder: what the clips show that it decodes of codes that are kept, swapped or drawn.

All of them take a model, a population, judges by name, a number of clips and a generator, and return dictionaries of numbers:
by the name of the judge, by that of the factor. A judge that is sure, such as the exact one, has no distributions, so that it
says what is right and what differs, and nothing else. Coarser factors that the data set names, the action of a motion, say, are
measured beside its factors.

Source: Leplae-Arthur and Nichani, "Modeling Sequential Data with VAEs", sections 4 and 5.4, for `measure_disagreement`; S3VAE
(arXiv 2005.11437), C-DSVAE (arXiv 2106.05010) and others after them for `measure_resampling`. Swaps, samples of both priors and
squared errors from the exact clips are this project's own.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.data.checks import check_whole
from tasks.data.clip_factors import coarser_of, dynamic_of
from tasks.data.dataset import Dataset
from tasks.data.population import Population, check_drawing
from tasks.sequence.distributions import (
    disagreement,
    divergence,
    divergence_of_uniform,
    entropy,
    entropy_given_clip,
    inception_score,
)
from tasks.sequence.exact import CLEAN, ExactJudge
from tasks.sequence.measurable import Estimating, Judge, Sequential
from vsa.errors import RangeError

CHUNK = 64
"""Clips that are decoded at once."""

TAKEN = ("error", "true", "judges_differ", "deviation")
"""Names that no judge may have, because results have them beside the judges."""

Judges = Mapping[str, Judge]
Said = dict[str, dict[str, Tensor]]
"""By judge, by factor, distributions over its classes, float64 [B, K]; those of who is sure are 0 and 1."""


@torch.no_grad()
def measure_all(
    model: Sequential, population: Population, judges: Judges, n: int, generator: torch.Generator, repetitions: int = 5
) -> dict[str, Any]:
    """Everything that is measured here, by the name of the measurement; what is drawn from both priors only by an exact judge.

    Args:
        model: in evaluation mode.
        population: whose clips it is asked about, such as the test part of a split.
        judges: by name.
        n: clips in each measurement.
        generator: decides which, and all draws.
        repetitions: of the resampling.

    Raises:
        RangeError: the data set does not say what moves, a judge does not know a factor, or there is no judge or no clip.
        DtypeError, ShapeError: an argument is something else.
    """
    found = {
        "reconstructed": measure_reconstruction(model, population, judges, n, generator),
        "swapped": measure_swaps(model, population, judges, n, generator),
        "changed": measure_disagreement(model, population, judges, n, generator),
        "resampled": measure_resampling(model, population, judges, n, generator, repetitions),
    }
    exact = next((judge for judge in judges.values() if isinstance(judge, ExactJudge)), None)
    if exact is not None:
        found["sampled"] = measure_samples(model, exact, n, generator)
    return found


@torch.no_grad()
def measure_reconstruction(
    model: Sequential, population: Population, judges: Judges, n: int, generator: torch.Generator
) -> dict[str, Any]:
    """What clips show that are decoded of their own codes, the means.

    Returns:
        error: the squared error a value, of the clips. By judge `right`: by factor the share of clips that show what they should.
        `true`: the same of the clips themselves. `judges_differ`: where there are two judges, on how many they differ.
    """
    dataset, right, true, seen, errors = population.dataset, [], [], [], []
    for classes, clips in _clips(population, judges, n, generator, model):
        decoded = _decode(model, *model.encode(clips))
        errors.append((decoded - clips.cpu()).square().flatten(1).mean(1).double())
        right.append(_shown(dataset, classes))
        true.append(_said(judges, clips.cpu(), dataset))
        seen.append(_said(judges, decoded, dataset))
    shown, said = _joined(right), _together(seen)
    return {
        "error": torch.cat(errors).mean().item(),
        **{name: {"right": _right(found, shown)} for name, found in said.items()},
        "true": {name: {"right": _right(found, shown)} for name, found in _together(true).items()},
        **_differences(said),
    }


@torch.no_grad()
def measure_swaps(
    model: Sequential, population: Population, judges: Judges, n: int, generator: torch.Generator
) -> dict[str, Any]:
    """What clips show that are decoded of the content of one clip and of the motion of another one, the means.

    Returns:
        error: the squared error a value from the exact clip of what stays in the first and moves in the second. By judge `first`
        and `second`: by factor the share of clips that show what the first one shows, and the second one, among those that do
        not show the same. `judges_differ`: where there are two judges, on how many they differ.
    """
    dataset = population.dataset
    firsts, seconds, seen, errors = [], [], [], []
    for classes, clips in _clips(population, judges, n, generator, model):
        others = population.sample(len(classes), generator)
        content, motion = model.encode(clips)[0], model.encode(population.observe(others).to(model.device))[1]
        decoded = _decode(model, content, motion)
        wanted = population.observe(torch.where(dataset.moves, others, classes))
        errors.append((decoded - wanted).square().flatten(1).mean(1).double())
        firsts.append(_shown(dataset, classes))
        seconds.append(_shown(dataset, others))
        seen.append(_said(judges, decoded, dataset))
    first, second, said = _joined(firsts), _joined(seconds), _together(seen)
    differ = {name: first[name] != second[name] for name in first}
    return {
        "error": torch.cat(errors).mean().item(),
        **{
            name: {"first": _right(found, first, differ), "second": _right(found, second, differ)} for name, found in said.items()
        },
        **_differences(said),
    }


@torch.no_grad()
def measure_disagreement(
    model: Sequential, population: Population, judges: Judges, n: int, generator: torch.Generator
) -> dict[str, Any]:
    """How clips differ from what is decoded of a draw of their code, whose other half comes from the prior: Tables 1 and 2.

    A factor that stays is looked at where content is of the clip and motion of the learnt prior, one that moves where motion is
    of the clip and content of its prior.

    Returns:
        By judge `disagreement`: by factor the share of clips of which the judge says another class. Of judges that are not sure
        also `kl`, KL(decoded || clip), and `kl_of_uniform`, KL(uniform || clip), in nats.
    """
    dataset, before, after = population.dataset, [], []
    for _, clips in _clips(population, judges, n, generator, model):
        content, motion = model.sampled(clips, generator)
        new_content, new_motion = _drawn(model, len(clips), clips.shape[1], generator)
        before.append(_said(judges, clips.cpu(), dataset))
        after.append(_halves(model, judges, dataset, (content, new_motion), (new_content, motion)))
    found: dict[str, Any] = {}
    data, recon = _together(before), _together(after)
    for name, judge in judges.items():
        pairs = {factor: (recon[name][factor], data[name][factor]) for factor in data[name]}
        found[name] = {"disagreement": {factor: disagreement(*pair) for factor, pair in pairs.items()}}
        if isinstance(judge, Estimating):
            found[name]["kl"] = {factor: divergence(*pair) for factor, pair in pairs.items()}
            found[name]["kl_of_uniform"] = {factor: divergence_of_uniform(pair[1]) for factor, pair in pairs.items()}
    return found


@torch.no_grad()
def measure_resampling(
    model: Sequential, population: Population, judges: Judges, n: int, generator: torch.Generator, repetitions: int = 5
) -> dict[str, Any]:
    """What is right where the mean of one half of the code is kept, and the other half comes from its prior.

    This is the successors' protocol. Of motion the prior's means are decoded, as they do.

    Args:
        model, population, judges, n, generator: as of all.
        repetitions: how often, each time with other clips and draws.

    Returns:
        By judge `right`: of factors that move where content was drawn, of those that stay where motion was. Of judges that are
        not sure also `inception_score`, `entropy_given_clip`, H(y | x), and `entropy`, H(y), of each factor among the clips in
        which it should not have changed. All are means over the repetitions; `deviation` holds the standard deviations. Few
        clips show classes unequally often: with 200 the score of an oracle that shows nine motions is 8.7, not 9.
    """
    check_whole("repetitions", repetitions, 1, 1000)
    dataset, each = population.dataset, []
    for _ in range(repetitions):
        right, seen = [], []
        for classes, clips in _clips(population, judges, n, generator, model):
            content, motion = model.encode(clips)
            new_content, new_motion = _drawn(model, len(clips), clips.shape[1], generator, mean=True)
            right.append(_shown(dataset, classes))
            seen.append(_halves(model, judges, dataset, (content, new_motion), (new_content, motion)))
        shown, said, found = _joined(right), _together(seen), {}
        for name, judge in judges.items():
            found[name] = {"right": _right(said[name], shown)}
            if isinstance(judge, Estimating):
                for function in (inception_score, entropy_given_clip, entropy):
                    found[name][function.__name__] = {factor: function(part) for factor, part in said[name].items()}
        each.append(found)
    deviations = {"deviation": _over(each, statistics.stdev)} if repetitions > 1 else {}
    return _over(each, statistics.fmean) | deviations


@torch.no_grad()
def measure_samples(
    model: Sequential, exact: ExactJudge, n: int, generator: torch.Generator, within: float = CLEAN
) -> dict[str, Any]:
    """What clips show whose content and motion are both from their priors: whether they are clean, and how varied.

    Args:
        model: in evaluation mode.
        exact: the judge of the data set whose clips it draws.
        n: clips.
        generator: draws them.
        within: the squared error a value that a clean clip may have.

    Returns:
        `drawn` of motions drawn from the learnt prior, `mean_path` of its means. Each has clean: the share of clips that are one
        character in cells that there are, in whatever order; clean_whole: of those that are one motion from its first frame on;
        error: the mean squared error of the first; and `entropy`, of each factor that stays, of the classes shown, in nats.
    """
    check_whole("n", n, 1)
    dataset, frames = exact.dataset, exact.layers.frames.shape[1]
    found: dict[str, Any] = {}
    for name, mean in (("drawn", False), ("mean_path", True)):
        errors, whole, variants = [], [], []
        for count in _sizes(n):
            content, motion = _drawn(model, count, frames, generator, mean=mean)
            clips = _decode(model, content, motion)
            poses = exact.nearest_poses(clips)
            errors.append(poses.errors)
            variants.append(poses.variants)
            whole.append(exact.nearest_clips(clips).errors)
        shown = dict(zip(exact.layers.names, torch.cat(variants).unbind(1), strict=True))
        found[name] = {
            "clean": (torch.cat(errors) <= within).double().mean().item(),
            "clean_whole": (torch.cat(whole) <= within).double().mean().item(),
            "error": torch.cat(errors).mean().item(),
            "entropy": {
                factor: entropy(F.one_hot(shown[factor], count).double())
                for factor, count in zip(dataset.features, dataset.counts, strict=True)
                if factor in shown
            },
        }
    return found


def _clips(
    population: Population, judges: Judges, n: int, generator: torch.Generator, model: Sequential
) -> Iterator[tuple[Tensor, Tensor]]:
    """Classes and their clips, on the model's device, some at a time: n of the population, or all of it, none of them twice."""
    check_drawing(population, generator)
    check_whole("n", n, 1)
    dynamic_of(population.dataset)
    if not judges:
        raise RangeError("there must be a judge of what clips show")
    for name, judge in judges.items():
        if name in TAKEN:
            raise RangeError(f"a judge may not be called {name!r}, which is what a result is called")
        if isinstance(judge, ExactJudge) and judge.dataset.name != population.dataset.name:
            raise RangeError(
                f"the judge {name!r} knows clips of {judge.dataset.name}, and these are of {population.dataset.name}"
            )
        if missing := [factor for factor in population.dataset.features if factor not in judge.features]:
            known = ", ".join(judge.features)
            raise RangeError(f"the judge {name!r} knows no factor {missing[0]!r} of {population.dataset.name}; it knows: {known}")
    every = population.every()
    if not len(every):
        raise population.none()
    for classes in every[torch.randperm(len(every), generator=generator)[:n]].long().split(CHUNK):
        yield classes, population.observe(classes).to(model.device)


def _sizes(n: int) -> list[int]:
    """Of parts of n."""
    return [min(CHUNK, n - first) for first in range(0, n, CHUNK)]


def _drawn(model: Sequential, n: int, frames: int, generator: torch.Generator, *, mean: bool = False) -> tuple[Tensor, Tensor]:
    return model.prior_content(n, generator), model.prior_motion(n, frames, generator, mean=mean)


def _decode(model: Sequential, content: Tensor, motion: Tensor) -> Tensor:
    return model.decode(content, motion).float().cpu()


def _said(judges: Judges, clips: Tensor, dataset: Dataset) -> Said:
    """What judges say of clips, of the factors and of the coarser ones."""
    found = {}
    counts = dict(zip(dataset.features, dataset.counts, strict=True))
    for name, judge in judges.items():
        if isinstance(judge, Estimating):
            said = dict(judge.probabilities(clips, *dataset.features))
        else:
            said = {key: F.one_hot(read, counts[key]).double() for key, read in judge.read(clips, *dataset.features).items()}
        found[name] = said | {part.name: part.sums(said[part.of]) for part in coarser_of(dataset)}
    return found


def _shown(dataset: Dataset, classes: Tensor) -> dict[str, Tensor]:
    """The classes of factors and of coarser ones, int64 [B] each."""
    shown = dict(zip(dataset.features, dataset.canonical(classes).unbind(1), strict=True))
    return shown | {part.name: part.classes[shown[part.of]] for part in coarser_of(dataset)}


def _halves(
    model: Sequential, judges: Judges, dataset: Dataset, stays: tuple[Tensor, Tensor], moves: tuple[Tensor, Tensor]
) -> Said:
    """What judges say of the factors that stay in one list of clips, given as codes, and of those that move in another."""
    moving = {*dynamic_of(dataset), *(part.name for part in coarser_of(dataset) if part.of in dynamic_of(dataset))}
    first, second = (_said(judges, _decode(model, *codes), dataset) for codes in (stays, moves))
    return {
        name: {factor: (second if factor in moving else first)[name][factor] for factor in found} for name, found in first.items()
    }


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _together(parts: list[Said]) -> Said:
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def _right(said: dict[str, Tensor], shown: dict[str, Tensor], among: dict[str, Tensor] | None = None) -> dict[str, float]:
    """By factor the share of clips whose most probable class is the one shown, among some; none of a factor without any."""
    found = {}
    for factor, right in shown.items():
        counted = torch.ones_like(right, dtype=torch.bool) if among is None else among[factor]
        if counted.any():
            found[factor] = (said[factor].argmax(1) == right)[counted].double().mean().item()
    return found


def _differences(said: Said) -> dict[str, Any]:
    """By factor the share of clips on which the first two judges differ, where there are two."""
    if len(said) < 2:
        return {}
    first, second = list(said.values())[:2]
    return {"judges_differ": {factor: disagreement(first[factor], second[factor]) for factor in first}}


def _over(each: list[dict[str, Any]], function: Callable[[list[float]], float]) -> dict[str, Any]:
    """A function of numbers that stand at the same place in dictionaries, for each place."""
    return {
        key: _over([found[key] for found in each], function)
        if isinstance(value, dict)
        else function([found[key] for found in each])
        for key, value in each[0].items()
    }
