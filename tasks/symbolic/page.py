"""What the page of a model of scenes says of it; `tasks.card` has the rest of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from tasks.card import Page, as_code
from tasks.data.dataset import open_dataset
from tasks.provenance import Provenance
from tasks.symbolic.config import StageConfig
from tasks.task_model import count_of
from vsa.errors import InputError

MEASURES = (
    "IoU is with the exact picture of what should be there. *Shown*: the share of pictures that show the right value. *Read*: "
    "the share of values that unbinding and cleanup name rightly, without a network."
)


def scene_page(model: Any, provenance: Provenance) -> Page:
    """The page of a `tasks.symbolic.model.SceneModel`, which asks for it.

    Args:
        model: that is described.
        provenance: where it comes from.
    """
    config = cast(StageConfig, provenance.config)
    objects = "one object" if len(model.slots) == 1 else f"up to {len(model.slots)} objects"
    seen = "clip" if model.image is not None and len(model.image) == 4 else "picture"
    return Page(
        model=type(model),
        summary=f"{seen.capitalize()}s of {objects} as one vector of {model.dim} numbers.",
        parts=list(_parts(model, config)),
        details=(
            f"An encoder turns the {seen} of an object into feature vectors: {', '.join(model.roles.names)}. An object is "
            "their sum, each bound with the vector of its role; a scene is the sum of its objects, each bound with the vector of "
            f"its slot; a decoder draws the {seen} from that one vector. So a {seen} is edited, and what is in it is read, by "
            f"algebra on the vector.{' `vsa edit .` draws an edit.' if seen == 'picture' else ''}",
            f"It knows what it was trained on: the data set {as_code(config.dataset)}, each object encoded from a {seen} of its "
            "own.",
        ),
        snippet=_snippet(model, config),
        measures=MEASURES,
    )


def _parts(model: Any, config: StageConfig) -> Iterator[tuple[str, str]]:
    for kind, module in (("encoder", model.encoder), ("decoder", model.decoder)):
        yield kind, f"{as_code(getattr(config, kind))}, {count_of(module)} parameters"
    binding = "the features are added as they are" if config.roles == "none" else f"the algebra {model.algebra.name}"
    yield "binding", binding
    yield "slots", str(len(model.slots))
    names = f"values of {len(model.codebooks)} features, to read vectors with"
    yield "codebooks", names if len(model.codebooks) else "none: its training was stopped before they were learnt"


def _snippet(model: Any, config: StageConfig) -> str:
    feature = model.roles.names[0]
    try:
        counts = open_dataset(config.dataset).counts
    except InputError:  # it needs files, of which nobody knows where the reader has them
        return ""
    thirds = [[share * count // 3 for count in counts] for share in (1, 2)]
    read = (
        "\n\nmodel.read(edited, slot=0).tolist()  # the classes of the first object, read from the vector"
        if len(model.codebooks)
        else ""
    )
    return f"""\
# Classes of {", ".join(model.roles.names)}: an object, and another one that gives its {feature}.
first, donor = model.features(dataset.observe(torch.tensor({thirds})))
scene = model.scene(model.object(first[None]))  # one vector [{model.dim}]
edited = model.edit(scene, slot=0, feature={feature!r}, old=first[0], new=donor[0])
picture = model.decode(edited[None])  # [1, {", ".join(map(str, model.image or ("C", "H", "W")))}], from 0 to 1{read}
"""
