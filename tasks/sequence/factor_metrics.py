"""Which factors of clips are in which part of their codes: what content and motion tell, and what they change when exchanged.

A data set of clips says which of its factors change within a clip (`Dataset.dynamic`). A model codes clips as content and motion.
The factors that stay should be told by the content and not by the motion, and the others the other way round:

* information: by a logistic regression for each factor from the content, from the motion of all frames, and from its mean;
* disentanglement: the metrics of single numbers, of the content and the mean motion side by side;
* channels: modularity, compactness and explicitness as the MSD benchmark defines them, of subsets of channels;
* interventions.py: what a judge sees when parts, or the channels of single factors, are exchanged.

Every number has its controls: `measure_factor_controls` gives the same of codes that are the true classes, of random codes, and,
for the information, of pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.population import Population
from tasks.evaluation.disentanglement.dci import TREES, dci, purity
from tasks.evaluation.disentanglement.measure import METRICS, Metric
from tasks.evaluation.disentanglement.representation import Representation
from tasks.sequence.factor_codes import (
    Codes,
    Encode,
    RandomCodes,
    Separates,
    TrueClasses,
    check_kinds,
    check_model,
    encode_classes,
    pixels,
    sample_codes,
    two_halves,
)
from tasks.sequence.interventions import (
    Judge,
    Tried,
    measure_donors,
    measure_parts,
    measure_subsets,
    reconstructed,
)
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

SAMPLES = 2000
"""Clips to learn from, and as many to test on."""


def measure_factors(
    model: Separates,
    population: Population,
    n: int,
    generator: torch.Generator,
    *,
    judge: Judge | None = None,
    judge_frames: Judge | None = None,
    metrics: Mapping[str, Metric] = METRICS,
    trees: int = TREES,
) -> dict[str, Any]:
    """Which factors are in the content and which in the motion of a model, and what exchanging them does.

    Classifiers are fitted to n clips and tested on n others; interventions are tried on these others. No clip is drawn twice.

    Args:
        model: codes and draws clips.
        population: of a data set that has `dynamic`; usually the test part. Half of its clips each, if it has fewer than 2 n.
        n: how many clips.
        generator: decides. The benchmark repeats its measurements five times: call this with other generators.
        judge: says what a clip shows; the data set's own if not given, see `Dataset.nearest`.
        judge_frames: the same of each frame; the data set's `nearest_frames`, if it has that, and no judge is given.
        metrics: of disentanglement.
        trees: in the forests that assign channels to factors.

    Returns:
        information: see `measure_information`. disentanglement: the metrics by name. channels: see `measure_channels`.
        reconstructed: by factor, how often it is right in what is drawn of the codes as they are. chance: by factor, how often
        two clips share a class. donors: see `measure_donors`. two_factor and multi_factor, each of swap and sample: see
        `measure_parts` and `measure_subsets`. left_out: what was not measured, and why.

    Raises:
        PluginError: the model lacks a member.
        DtypeError, ShapeError, RangeError: an argument is not as above; the data set does not say what moves; the codes or the
            clips of the model have other shapes than they should, or are not finite.

    Example:
        >>> from tasks.data import open_dataset
        >>> static = open_dataset("dsprites-static")
        >>> few = Population(static, "test", allowed=tuple(torch.arange(min(3, count)) for count in static.counts))
        >>> found = measure_factors(TrueClasses(static), few, 50, torch.Generator().manual_seed(0), metrics={}, trees=5)
        >>> found["donors"]["follows_content"]["colour"], found["donors"]["follows_motion"]["colour"]
        (1.0, 0.0)
    """
    check_model(model)
    dataset = population.dataset
    check_kinds(dataset)
    learnt, tested = two_halves(population, n, generator)
    codes = [encode_classes(model.encode, classes, dataset, model.device) for classes in (learnt, tested)]
    found: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    subsets = None
    try:
        found["information"] = _information(codes[0], learnt, codes[1], tested, dataset)
        found["channels"], subsets = measure_channels(codes[0], learnt, codes[1], tested, dataset, trees=trees)
    except RangeError as error:
        left_out["information, channels"] = str(error)
    try:
        side_by_side = Representation(codes[0].averaged, learnt, codes[1].averaged, tested)
        found["disentanglement"] = _disentanglement(side_by_side, metrics, generator)
    except RangeError as error:
        left_out["disentanglement"] = str(error)
    if judge is None and not dataset.searchable:
        left_out["interventions"] = f"the data set {dataset.name} is too large to search, and has no `nearest`; give a judge"
        return found | {"left_out": left_out}
    if judge is None and judge_frames is None:
        judge_frames = getattr(dataset.given, "nearest_frames", None)
    chance = shared(population)
    tried = Tried(model, dataset, codes[1], tested, chance, judge or dataset.nearest, judge_frames)
    others = {"swap": codes[1].rolled(), "sample": sample_codes(model, len(tested), dataset, generator)}
    found |= {"reconstructed": reconstructed(tried), "chance": tried.by_name(chance), "donors": measure_donors(tried)}
    found["two_factor"] = {name: measure_parts(tried, other) for name, other in others.items()}
    if subsets is not None:
        whose = {"swap": tested.roll(-1, 0), "sample": None}
        found["multi_factor"] = {name: measure_subsets(tried, other, subsets, whose[name]) for name, other in others.items()}
        if judge_frames is None:
            left_out["consistency"] = "nobody can say what a single frame shows; give judge_frames"
    return found | ({"left_out": left_out} if left_out else {})


def measure_factor_controls(population: Population, n: int, generator: torch.Generator, **settings: Any) -> dict[str, Any]:
    """What `measure_factors` finds of codes that have learnt nothing, so that its numbers can be read.

    Args:
        population, n, generator: as for `measure_factors`.
        settings: others of `measure_factors`.

    Returns:
        classes: of codes that are the true classes and are drawn exactly, the best that can be. random: of random codes and
        clips, the floor. pixels: the information alone, of the mean frame as content and of the frames less it as motion, 8 x 8
        pixels each.
    """
    check_kinds(population.dataset)
    return {
        "classes": measure_factors(TrueClasses(population.dataset), population, n, generator, **settings),
        "random": measure_factors(RandomCodes(population.dataset, generator), population, n, generator, **settings),
        "pixels": {"information": measure_information(pixels, population, n, generator)},
    }


def measure_information(encode: Encode, population: Population, n: int, generator: torch.Generator) -> dict[str, Any]:
    """How well each factor is predicted from the content and from the motion of clips, by logistic regression.

    Args:
        encode: clips to content and motion, on the CPU.
        population, n, generator: as for `measure_factors`.

    Returns:
        content, motion and motion_mean: by factor, the share of test clips whose class is predicted right from the content, from
        the motion of all frames, and from its mean over the frames. guessing: that of always saying the most frequent class.
        static_in_content, dynamic_in_motion, static_in_motion, dynamic_in_content: the mean over the factors that stay, or those
        that change, of what is right beyond guessing, over what could be; the first two should be 1, the others 0.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above, or a factor has too few clips of a class.

    Example:
        >>> from tasks.data import open_dataset
        >>> static = Population(open_dataset("dsprites-static"))
        >>> found = measure_information(pixels, static, 200, torch.Generator().manual_seed(0))
        >>> found["content"]["colour"] > found["motion_mean"]["colour"]
        True
    """
    dataset = population.dataset
    check_kinds(dataset)
    learnt, tested = two_halves(population, n, generator)
    seen, test = (encode_classes(encode, classes, dataset) for classes in (learnt, tested))
    return _information(seen, learnt, test, tested, dataset)


def measure_channels(
    seen: Codes, learnt: Tensor, test: Codes, tested: Tensor, dataset: Dataset, *, trees: int = TREES
) -> tuple[dict[str, Any], Bool[Tensor, "f channels"]]:
    """Modularity, compactness and explicitness of the channels of codes, and which channels stand for which factor.

    A random forest predicts each factor from the content and the motion of all frames, see `dci`. The importance of a channel of
    the motion is the sum over its frames. A channel stands for the factor that it is most important for.

    Args:
        seen, learnt: codes to learn from, and their classes int64 [n, F].
        test, tested: others to test on.
        dataset: of which they are.
        trees: in each forest.

    Returns:
        modularity: 1 where the channels that stand for one factor are important for it alone, 0 where they are for all alike,
        weighted with their importance. compactness: 1 where all that is important for a factor stands for one factor; one minus
        the entropy over the subsets, to the base of the number of channels. explicitness: the share of test clips whose class
        the forest predicts right, mean over the factors. count: by factor, how many channels stand for it. And which they are,
        bool [F, channels]; a channel that no forest uses stands for none.

    Source:
        The DCI evaluator and the predictor explorer of the MSD benchmark, see interventions.py. Its classifiers are gradient
        boosted trees, and see one vector for a clip, such as the mean of a code over the frames; its explicitness is also the
        mean with that of the clips that were learnt from.
    """
    result = dci(Representation(seen.together, learnt, test.together, tested), trees=trees)
    importance = np.zeros((seen.channels, len(dataset.features)))
    np.add.at(importance, seen.channel_of.numpy(), result.importance)
    stands_for = np.where(importance.sum(1) > 0, importance.argmax(1), -1)
    subsets = stands_for[None] == np.arange(len(dataset.features))[:, None]
    told = subsets.astype(np.float64) @ importance
    numbers = {
        "modularity": purity(told),
        "compactness": _compactness(told, seen.channels),
        "explicitness": result.informativeness,
        "count": dict(zip(dataset.features, subsets.sum(1).tolist(), strict=True)),
    }
    return numbers, torch.from_numpy(subsets)


def shared(population: Population) -> Float[Tensor, " f"]:
    """By factor, how often two clips of a population are of the same class: the sum of the squared shares of its classes."""
    every = population.every()
    counts = [torch.bincount(column.long()) for column in every.unbind(1)]
    return torch.stack([(count / len(every)).square().sum() for count in counts])


def _compactness(told: NDArray[np.float64], channels: int) -> float:
    """One minus the entropy over the rows [F, F] of each column, to the base of the number of channels, mean over the columns."""
    sums = told.sum(0)
    shares = told[:, sums > 0] / sums[sums > 0]
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(0)
    return float((1 - entropy / np.log(channels)).sum() / len(sums)) if channels > 1 else 1.0


def _disentanglement(
    representation: Representation, metrics: Mapping[str, Metric], generator: torch.Generator
) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, metric in metrics.items():
        numbers = metric(representation, generator)
        found |= numbers if isinstance(numbers, dict) else {name: numbers}
    return found


def _information(seen: Codes, learnt: Tensor, test: Codes, tested: Tensor, dataset: Dataset) -> dict[str, Any]:
    parts = {
        "content": (seen.content, test.content),
        "motion": (seen.motion.flatten(1), test.motion.flatten(1)),
        "motion_mean": (seen.motion.mean(1), test.motion.mean(1)),
    }
    right = {name: _predicted(Representation(a, learnt, b, tested)) for name, (a, b) in parts.items()}
    frequent = torch.stack([column.mode().values for column in learnt.unbind(1)])
    guessing = (tested == frequent).double().mean(0).numpy()
    moves = dataset.moves.numpy()
    beyond = {name: (right[name] - guessing) / np.maximum(1 - guessing, 1e-12) for name in ("content", "motion")}
    named = {name: dict(zip(dataset.features, numbers.tolist(), strict=True)) for name, numbers in right.items()}
    return {
        **named,
        "guessing": dict(zip(dataset.features, guessing.tolist(), strict=True)),
        "static_in_content": float(beyond["content"][~moves].mean()),
        "dynamic_in_motion": float(beyond["motion"][moves].mean()),
        "static_in_motion": float(beyond["motion"][~moves].mean()),
        "dynamic_in_content": float(beyond["content"][moves].mean()),
    }


def _predicted(representation: Representation) -> NDArray[np.float64]:
    """By factor, how often the likeliest class is right on the test samples."""
    tested = representation.tested[1]
    found = []
    for known, wanted, likely in zip(representation.classes.T, tested.T, representation.probabilities, strict=True):
        found.append((np.unique(known)[likely.argmax(1)] == wanted).mean())
    return np.array(found)
