"""The figures of the page on sequences: the document's, of its model and of others beside it, and animations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from shutil import copyfile

import torch
from torch import Tensor

from tasks.clip_writing import beside, write_gif
from tasks.data.clip_factors import coarser_of, dynamic_of
from tasks.data.population import Population
from tasks.loading import load_model
from tasks.sequence.exact import ExactJudge
from tasks.sequence.figures import again, other_content, other_motion, samples, swap, write_rows
from tasks.sequence.model import SequentialAutoencoder
from tasks.studies.jobs import succeeded
from tasks.studies.sequence import ENTRIES, Trial
from tasks.task import population_of
from vsa.files import replacing

Models = Mapping[str, SequentialAutoencoder]
Draw = Callable[[Models, Population, Path], None]

TRIED = 40
"""Draws among which the figures of what goes wrong show the worst."""

SHOWN = 3
"""Pairs of clips, or samples, in a figure."""

COMPARED = ("document", "views")
"""The models that most figures show one below the other."""


def draw_page(trials: Sequence[Trial], folder: Path) -> None:
    """Write all figures whose models are there.

    Args:
        trials: of the study.
        folder: beside the page.
    """
    ended = {trial.stem: trial for trial in trials if succeeded(trial) is not None}
    for stem, (drawn, name) in COPIED.items():
        if stem in ended:
            with replacing(folder / name) as part:
                copyfile(ended[stem].run / drawn, part)
    done = {stem: trial for stem, trial in ended.items() if trial.entry in ENTRIES}
    if not done:
        return
    models = {stem: load_model(trial.run) for stem, trial in done.items()}
    population = population_of(next(iter(done.values())).config(), "test")
    for name, (needed, draw) in FIGURES.items():
        if all(stem in models for stem in needed):
            with replacing(folder / name) as part:
                draw({stem: models[stem] for stem in needed}, population, part)


def draw_clips(models: Models, population: Population, path: Path) -> None:
    """Figure 5: clips."""
    clips = _clips(population, population.sample(SHOWN, _generator(5)))
    write_rows(path, [[("", clip) for clip in clips]], "Clips of characters that were never trained on.")


def draw_swaps(models: Models, population: Population, path: Path, turned: bool) -> None:
    """Figures 6, 7 and 13: what stays of one clip and what moves of another, in one direction or in two."""
    first, second = _pairs(population, SHOWN, turned, _generator(6 + turned))
    drawn = {name: swap(model, first, second) for name, model in models.items()}
    groups = [
        [("content of", first[k]), ("motion of", second[k]), *((name, clips[k]) for name, clips in drawn.items())]
        for k in range(SHOWN)
    ]
    way = "They look in different directions" if turned else "They look in one direction"
    write_rows(path, groups, f"The content of one clip with the motion of another, as each model draws it. {way}.")


def draw_other_content(models: Models, population: Population, path: Path) -> None:
    """Figures 8 and 14: what moves in a clip, with content drawn from the prior."""
    clips = _clips(population, population.sample(SHOWN, _generator(8)))
    drawn = {name: other_content(model, clips, _generator(8)) for name, model in models.items()}
    groups = [[("motion of", clips[k]), *((name, found[k]) for name, found in drawn.items())] for k in range(SHOWN)]
    write_rows(path, groups, "The motion of a clip with content drawn from its prior, as each model draws it.")


def draw_samples(models: Models, population: Population, path: Path) -> None:
    """Figure 9: what both priors give."""
    frames = population.dataset.shape[0]
    drawn = {name: samples(model, SHOWN, frames, _generator(9)) for name, model in models.items()}
    groups = [[(name, clip) for clip in clips] for name, clips in drawn.items()]
    write_rows(path, groups, "Content and motion drawn from their priors.")


def draw_worst_motion(models: Models, population: Population, path: Path) -> None:
    """Figure 10: a clip whose motion, drawn from the learnt prior, goes astray."""
    clip = _clips(population, population.sample(1, _generator(10)))
    judge = ExactJudge(population.dataset)
    rows = [("content of", clip[0])]
    for name, model in models.items():
        drawn = other_motion(model, clip.expand(TRIED, -1, -1, -1, -1), _generator(10))
        rows.append((name, drawn[judge.nearest_poses(drawn).errors.argmax()]))
    write_rows(path, [rows], f"The content of a clip with motion drawn from the learnt prior: the worst of {TRIED}.")


def draw_worst_content(models: Models, population: Population, path: Path) -> None:
    """Figure 11: characters that are deformed, where content has many numbers and is drawn from its prior."""
    clip = _clips(population, population.sample(1, _generator(11)))
    judge = ExactJudge(population.dataset)
    rows = [("motion of", clip[0])]
    for name, model in models.items():
        drawn = other_content(model, clip.expand(TRIED, -1, -1, -1, -1), _generator(11))
        worst = judge.nearest_poses(drawn).errors.argsort(descending=True)[:2]
        rows += [(name, found) for found in drawn[worst]]
    write_rows(path, [rows], f"The motion of a clip with content drawn from its prior: the worst two of {TRIED}.")


def draw_again(models: Models, population: Population, path: Path) -> None:
    """Figure 12: clips drawn again."""
    clips = _clips(population, population.sample(2, _generator(12)))
    drawn = {name: again(model, clips) for name, model in models.items()}
    groups = [[("clip", clips[k]), *((name, found[k]) for name, found in drawn.items())] for k in range(2)]
    write_rows(path, groups, "Clips, and how each model draws them again.")


def animate_swaps(models: Models, population: Population, path: Path) -> None:
    """An animation of swaps: the first clip, the second, and what stays of the first with what moves of the second."""
    (model,) = models.values()
    pairs = [_pairs(population, SHOWN, turned, _generator(6 + turned)) for turned in (False, True)]
    first, second = (torch.cat(part) for part in zip(*pairs, strict=True))
    write_gif(path, beside(torch.stack([first, second, swap(model, first, second)])), scale=2)


def animate_samples(models: Models, population: Population, path: Path) -> None:
    """An animation of what both priors give."""
    (model,) = models.values()
    drawn = samples(model, 18, population.dataset.shape[0], _generator(9))
    write_gif(path, beside(drawn.unflatten(0, (3, 6))), scale=2)


def _clips(population: Population, classes: Tensor) -> Tensor:
    return population.observe(classes).float()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _pairs(population: Population, n: int, turned: bool, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pairs of clips in different actions, in one direction or in two, if the data set says what these are; else any."""
    dataset = population.dataset
    classes = population.sample(100 * n, generator).unflatten(0, (-1, 2))
    first, second = classes.unbind(1)
    wanted = torch.ones(len(first), dtype=torch.bool)
    for part in coarser_of(dataset):
        if part.of in dynamic_of(dataset):
            f = dataset.features.index(part.of)
            differ = part.classes[first[:, f]] != part.classes[second[:, f]]
            wanted &= differ if part.name != "direction" or turned else ~differ
    return _clips(population, first[wanted][:n]), _clips(population, second[wanted][:n])


COPIED = {"symbolic": ("edits.png", "symbolic.png"), "frames": ("clips.png", "frames.png")}
"""By model: a figure of its run, and what it is called beside the page."""

FIGURES: dict[str, tuple[tuple[str, ...], Draw]] = {
    "clips.png": (("document",), draw_clips),
    "swaps.png": (COMPARED, partial(draw_swaps, turned=False)),
    "turned.png": (COMPARED, partial(draw_swaps, turned=True)),
    "other-content.png": (COMPARED, draw_other_content),
    "samples.png": (COMPARED, draw_samples),
    "worst-motion.png": (COMPARED, draw_worst_motion),
    "worst-content.png": (("document-256", "document"), draw_worst_content),
    "beta-150.png": (("document", "beta-6", "beta-150"), draw_again),
    "swaps-beta-6.png": (("beta-6",), partial(draw_swaps, turned=False)),
    "other-content-beta-6.png": (("beta-6",), draw_other_content),
    "swaps.gif": (("views",), animate_swaps),
    "samples.gif": (("views",), animate_samples),
}
"""By file: the models that it shows, and what draws it."""
