"""Clips made of frames, measured against the exact clips: how many frames fit in a vector, and what edits and shifts give.

Errors are squared differences of values from 0 to 1, averaged over all values of a clip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.frames import FRAME, Frames
from tasks.data.population import Population
from tasks.evaluation.counterfactuals import sample_edits
from tasks.metrics_tables import LEFT_OUT
from tasks.sequence_symbolic.framed import FramedClips
from tasks.sequence_symbolic.measure import errors_of, exact_errors
from tasks.symbolic.model import SceneModel
from vsa.errors import DtypeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

CHUNK = 16
"""Clips at once."""


def clips_of(population: Population) -> Population:
    """The clips of which a population has the frames.

    Raises:
        DtypeError: it is none of frames of clips.
    """
    given = population.dataset.given
    if not isinstance(given, Frames):
        raise DtypeError(
            f"frames of clips are wanted here, tasks.data.frames.Frames, and {population.dataset.name} is none; "
            "take cast-frames or lpc-frames"
        )
    return Population(given.clips, population.part, population.split)


@torch.inference_mode()
def measure_framed(model: SceneModel, population: Population, n: int, generator: torch.Generator) -> dict[str, Any]:
    """What n test clips for each number say of a model of frames.

    Args:
        model: of single frames, in evaluation mode, with codebooks.
        population: of frames of clips.
        n: clips for each number.
        generator: decides which.

    Returns:
        frame_error: of single frames, encoded and drawn. By the number of frames in the vector ("1", "2", ...): read_all, the
        share of frames of which all factors are read rightly; error, of the frames that are in it, drawn after cleanup; and
        noisy_error, without cleanup. By factor: edit_error, of clips one of whose factors was edited in all frames by algebra
        on the clip's vector alone (with a motion, the number of each frame is set anew); edit_ratio, over the error of all
        frames; and unedited_error, of the exact clip before the edit. A frame taken out: removed_empty, how often its time is
        then empty, removed_kept, how often each other frame is still there, and removed_error of these. Time shifted by one,
        by binding: shifted_error, of the frames at their new times; shifted_empty, how often the first time is empty;
        returned_error, shifted back. backwards_error: of the clips found and composed anew. left_out: by factor, why it cannot
        be exchanged among these clips.
    """
    clips = clips_of(population)
    dataset, names = clips.dataset, list(model.roles)
    length = dataset.clip[0]
    framed, by_count = FramedClips(model, length), _Mean()
    counts = sorted({min(2**k, length) for k in range(length.bit_length() + 1)})
    mean = _Mean()
    for classes in clips.sample(n, generator).split(CHUNK):
        exact = dataset.observe(classes).float()
        features = framed.features(exact.to(model.device))
        alone = model.decode(model.object(features).flatten(0, 1)).view(exact.shape).cpu()
        mean.add("frame_error", errors_of(alone, exact))
        right = population.dataset.canonical(_frames(classes, length))
        for count in counts:
            vectors, key = framed.clip(features[:, :count]), str(count)
            read = framed.read(vectors)[0][:, :count].cpu()
            by_count.add(f"read_all {key}", (read == right[:, :count]).all(-1).double())
            for name, noisy in (("error", False), ("noisy_error", True)):
                drawn = framed.drawn(vectors, noisy=noisy)[:, :count].cpu()
                by_count.add(f"{name} {key}", errors_of(drawn, exact[:, :count]))
        _times(framed, framed.clip(features), exact, mean)
    whole = by_count.means[f"error {length}"]
    edited: dict[str, dict[str, float]] = {"edit_error": {}, "edit_ratio": {}, "unedited_error": {}}
    left_out: dict[str, str] = {}
    for f, name in enumerate(dataset.features):
        try:
            edits = sample_edits(n, (f,), 0, clips, generator)
        except NotInPartError as error:
            left_out[name] = str(error)
            continue
        errors = []
        for part in edits.split(CHUNK):
            before, donors = (dataset.observe(classes).to(model.device) for classes in (part.first, part.donors[:, f]))
            given = framed.features(donors)
            # Where frames look the same in one motion and not in another, their numbers change with the motion.
            taken = (name, FRAME) if name in dataset.dynamic else (name,)
            new = {feature: given[:, :, names.index(feature)] for feature in taken}
            drawn = framed.drawn(framed.edited(framed.encode(before), new)).cpu()
            errors.append(errors_of(drawn, dataset.observe(part.edited)))
        edited["edit_error"][name] = torch.cat(errors).double().mean().item()
        edited["edit_ratio"][name] = edited["edit_error"][name] / whole
        edited["unedited_error"][name] = exact_errors(edits, dataset).double().mean().item()
    grouped = {name: {str(count): by_count.means[f"{name} {count}"] for count in counts} for name in GROUPED}
    return {**mean.means, **grouped, **edited, **({LEFT_OUT: left_out} if left_out else {})}


GROUPED = ("read_all", "error", "noisy_error")
"""What is measured by the number of frames in a vector."""


def _times(framed: FramedClips, vectors: Float[Tensor, "n dim"], exact: Float[Tensor, "n t c h w"], mean: _Mean) -> None:
    """Frames taken out, shifted and turned round."""
    length = exact.shape[1]
    gone = length // 2
    rest = [t for t in range(length) if t != gone]
    removed = framed.without(vectors, gone)
    there = framed.read(removed)[1].cpu().double()
    mean.add("removed_empty", 1 - there[:, gone])
    if rest:
        mean.add("removed_kept", there[:, rest].flatten())
        mean.add("removed_error", errors_of(framed.drawn(removed)[:, rest].cpu(), exact[:, rest]))
        shifted = framed.shifted(vectors, 1)
        mean.add("shifted_error", errors_of(framed.drawn(shifted)[:, 1:].cpu(), exact[:, :-1]))
        mean.add("shifted_empty", 1 - framed.read(shifted)[1][:, 0].cpu().double())
        mean.add("returned_error", errors_of(framed.drawn(framed.shifted(shifted, -1)).cpu(), exact))
    mean.add("backwards_error", errors_of(framed.drawn(framed.backwards(vectors)).cpu(), exact.flip(1)))


def _frames(classes: Int64[Tensor, "n f"], length: int) -> Int64[Tensor, "n t g"]:
    """The classes of all frames of clips."""
    number = torch.arange(length).expand(len(classes), -1)
    return torch.cat([classes[:, None].expand(-1, length, -1), number[..., None]], -1)


class _Mean:
    """Means of numbers that come in parts, by name."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Tensor]] = {}

    def add(self, name: str, values: Tensor) -> None:
        self.parts.setdefault(name, []).append(values.flatten())

    @property
    def means(self) -> dict[str, float]:
        return {name: torch.cat(parts).double().mean().item() for name, parts in self.parts.items()}
