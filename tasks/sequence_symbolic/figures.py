"""Pictures of what a model of clips does: each row is a clip, frame by frame."""

from __future__ import annotations

from pathlib import Path

import torch

from tasks.data.checks import NotInPartError
from tasks.data.frames import FRAME
from tasks.data.population import Population
from tasks.evaluation.colours import difference, rgb
from tasks.evaluation.counterfactuals import draw, edit_by_algebra, edit_from_vector, sample_edits
from tasks.evaluation.grid import Panel, write_panels
from tasks.sequence_symbolic.framed import FramedClips
from tasks.sequence_symbolic.measure_framed import clips_of
from tasks.symbolic.model import SceneModel

ASSEMBLY = "all factors"


def draw_clips(model: SceneModel, population: Population, path: Path, generator: torch.Generator) -> None:
    """Edits of one clip for each factor, and of all factors at once: what is given, drawn, edited, right, and the difference.

    Args:
        model: in evaluation mode, with codebooks.
        population: what the clips show.
        path: the PNG file.
        generator: decides which.

    Raises:
        NotInPartError: no factor can be exchanged among these clips; one that cannot is left out of the figure.
    """
    dataset = population.dataset
    panels, left_out = [], []
    everything = tuple(range(len(dataset.factors)))
    for chosen in (*((f,) for f in everything), everything):
        try:
            edits = sample_edits(1, chosen, 0, population, generator)
        except NotInPartError as error:
            left_out.append(error)
            continue
        before = edit_by_algebra(model, edits)[0]
        drawn, edited = draw(model, before)[0], draw(model, edit_from_vector(model, edits, before))[0]
        first, right = dataset.observe(edits.first)[0].float(), dataset.observe(edits.edited)[0].float()
        rows = {"clip": rgb(first), "drawn": rgb(drawn)}
        if len(chosen) == 1:
            rows["donor"] = rgb(dataset.observe(edits.donors[:, chosen[0]])[0].float())
        rows |= {"edited\nby algebra": rgb(edited), "exact": rgb(right), "difference": difference(edited, right)}
        name = dataset.features[chosen[0]] if len(chosen) == 1 else ASSEMBLY
        panels.append(Panel(torch.stack(list(rows.values())), name, rows=tuple(rows), row_breaks=(len(rows) - 3,)))
    if not panels:
        raise left_out[0]
    caption = (
        "The clip takes one factor from the donor, by algebra on its vector alone; of all factors each is of a donor of its own. "
        "Difference: from the exact clip."
    )
    write_panels(path, panels, caption, across=2)


def draw_framed(model: SceneModel, population: Population, path: Path, generator: torch.Generator) -> None:
    """One clip made of frames: drawn, with a frame taken out, shifted, backwards, and with the content of another.

    Args:
        model: of single frames, in evaluation mode, with codebooks.
        population: what the frames show, see `tasks.data.frames.Frames`.
        path: the PNG file.
        generator: decides which clip.
    """
    clips = clips_of(population)
    first, other = clips.dataset.observe(clips.sample(2, generator)).to(model.device).split(1)
    framed = FramedClips(model, first.shape[1])
    with torch.inference_mode():
        vector, names = framed.encode(first), list(model.roles)
        new = framed.features(other)
        stays = [name for name in names if name not in (*clips.dataset.dynamic, FRAME)]
        content = {name: new[:, :, names.index(name)] for name in stays}
        drawn = {
            "drawn": framed.drawn(vector),
            "drawn without\ncleanup": framed.drawn(vector, noisy=True),
            "without one\nframe": framed.drawn(framed.without(vector, first.shape[1] // 2)),
            "shifted": framed.drawn(framed.shifted(vector, 2)),
            "backwards": framed.drawn(framed.backwards(vector)),
            "in the looks\nof the other": framed.drawn(framed.edited(vector, content)),
        }
    rows = {"clip": first, "another": other} | drawn
    panel = Panel(torch.stack([rgb(clip[0].cpu()) for clip in rows.values()]), rows=tuple(rows), row_breaks=(2,))
    write_panels(path, [panel], f"All of it is algebra on one vector, the sum of {first.shape[1]} frames bound with their times.")


FIGURES = {"edits.png": draw_clips}
FRAMES_FIGURES = {"clips.png": draw_framed}
