"""`vsa edit RUN`: one edit by algebra, drawn and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from tasks import command_line
from tasks.console.files import check_place, check_seed, open_model


@dataclass(frozen=True)
class EditConfig:
    """Exchange a feature of an object inside a scene's vector, and draw and read what comes out.

    Objects are drawn at random from combinations that were never trained on. The first ones, as many as the model has slots
    and at most three, make a scene without overlaps; the others stand beside it, to give their features.
    """

    run: Positional[Annotated[str, arg(metavar="RUN")]]
    """A run's folder, also of one that was stopped; a model's file or folder; or, as shipped: paired, scene, paired-scene."""
    object: int = 1
    """Which object of the scene is edited, from 1."""
    feature: str | None = None
    """What it takes, by name; the first feature of the data set if none is given."""
    donor: Annotated[int | None, arg(name="from", metavar="INT")] = None
    """From which object, in the scene or beside it; the first one beside it if none is given."""
    seed: int = 0
    """The same seed gives the same objects."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU if there is one."""
    out: Path = Path("edit.png")
    """The picture; one that is there is replaced."""
    trust: bool = False
    """Build networks that are no part of the project too, which the file names: that runs code of what is installed."""


def status_of(words: Sequence[str]) -> int:
    """The exit status of an edit with these flags."""
    return command_line.status_of(EditConfig, edit, words, "vsa edit")


def edit(config: EditConfig) -> None:
    """Draw objects, edit, write the picture, and print what was given and what came out."""
    import torch

    from tasks.evaluation.scene_edit import MOST, SceneEdit, feature_of, in_words, sample_objects
    from tasks.symbolic.model import SceneModel
    from tasks.task import dataset_of, population_of
    from vsa.errors import InputError, ShapeError
    from vsa.files import replacing

    check_seed(config.seed)
    check_place(config.out)
    model, provenance = open_model(config.run, config.trust, config.device)
    if not isinstance(model, SceneModel):
        raise InputError(f"{config.run} is a model of the task {provenance.task}, which has no vectors to edit; give a stage's")
    dataset = dataset_of(provenance.config)
    feature = 0 if config.feature is None else feature_of(config.feature, dataset)
    if model.roles.names != dataset.features:
        there = ", ".join(dataset.features)
        raise ShapeError(f"an edit needs a model of the features {there}, got {', '.join(model.roles.names)}")
    pictured = min(len(model.slots), MOST)
    objects = sample_objects(pictured, population_of(provenance.config, "test"), torch.Generator().manual_seed(config.seed))
    chosen = SceneEdit(
        dataset, objects, pictured, config.object - 1, feature, (pictured + 1 if config.donor is None else config.donor) - 1
    )
    with replacing(config.out) as part:
        before, after = chosen.write(model, part)
    for number, classes in enumerate(objects, 1):
        where = "" if number <= pictured else ", beside the scene"
        print(f"object {number}{where}: {in_words(classes, dataset)}")
    right, trained = chosen.edited()[chosen.object], population_of(provenance.config, "train")
    known = "trained on" if trained.accept(right) else "never trained on"
    print(f"edit: {chosen.title()}, and becomes {in_words(right, dataset)}, a combination {known}")
    vector = chosen.vectors(model)[1]
    read = torch.stack([model.read(vector, slot).cpu() for slot in range(pictured)])
    for number, (found, wrong) in enumerate(zip(read, chosen.wrong(read), strict=True), 1):
        verdict = f"wrong: {', '.join(dataset.features[f] for f in wrong)}" if wrong else "right"
        print(f"read object {number}: {in_words(found, dataset)}: {verdict}")
    print(f"IoU with the exact picture: {after:.3f}, before the edit {before:.3f}")
    print(f"picture: {config.out}")
