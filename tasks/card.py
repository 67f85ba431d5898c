"""The page that describes a saved model: what it is, how to load it, what was measured, and how it was trained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from tasks.about import About
from tasks.config import StageConfig
from tasks.model import SceneModel
from tasks.tables import Table, flat, remarks, tables
from vsa import __version__

TAGS = ("vector-symbolic-architectures", "hyperdimensional-computing", "disentanglement", "image-editing", "dsprites")

OVERLAPS = {
    "reconstruction_iou": "reconstruction IoU",
    "edit_iou": "IoU after one feature was edited",
    "assembly_iou": "IoU of five features from five donors",
    "removed_iou": "IoU after an object was removed",
    "added_iou": "IoU after an object was added",
}
"""The metrics that stand in the page's head, where a hub looks for them, and what they are called there."""

ELSEWHERE = ("out", "device", "evaluate", "checkpoint", "log", "workers")
"""Settings of which a reader learns elsewhere on the page, or that change nothing about the model."""


def card(model: SceneModel, about: About, half: bool = False) -> str:
    """The page as Markdown, with a head in YAML.

    Args:
        model: that is described.
        about: where it comes from.
        half: whether its weights are kept in float16.
    """
    config, title = cast(StageConfig, about.config), f"vsa-torch {about.task}"
    objects = "one object" if len(model.slots) == 1 else f"up to {len(model.slots)} objects"
    trust = ", trust=True" if ":" in f"{about.task}{config.encoder}{config.decoder}" else ""
    parts = (
        _head(title, about),
        f"# {title}",
        f"Pictures of {objects} as one vector of {model.dim} numbers, learnt by the task `{about.task}` of vsa-torch and "
        f"saved by its version {__version__}.",
        "An encoder turns the picture of an object into five feature vectors: shape, scale, orientation, x and y. An object is "
        "their sum, each bound with the vector of its role; a scene is the sum of its objects, each bound with the vector of its "
        "slot; a decoder draws the picture from that one vector. So a picture is edited, and what is in it is read, by algebra "
        "on the vector.",
        _table(("part", "what it is"), _parts(model, config, half)),
        "It knows what it was trained on: white squares, ellipses and hearts on black, 64 x 64 pixels, as in "
        "[dSprites](https://github.com/google-deepmind/dsprites-dataset), each object encoded from a picture of its own.",
        "## How to load it",
        "From a checkout of the repository, as encoders, decoders and tasks are not part of the installed package `vsa-torch`. "
        "Nothing is unpickled.",
        "```python\n" + _snippet(model, trust) + "```",
        "`vsa evaluate .` measures it, and `vsa edit .` draws an edit.",
        "## What was measured",
        *_measured(about),
        "## How it was trained",
        *_trained(about),
    )
    return "\n\n".join(parts) + "\n"


def _parts(model: SceneModel, config: StageConfig, half: bool) -> Iterator[tuple[str, str]]:
    for kind, module in (("encoder", model.encoder), ("decoder", model.decoder)):
        count = sum(weight.numel() for weight in module.parameters())
        yield kind, f"{_code(getattr(config, kind))}, {count:,} parameters"
    binding = "the features are added as they are" if config.roles == "none" else f"the algebra {model.algebra.name}"
    yield "binding", binding
    yield "slots", str(len(model.slots))
    names = f"values of {len(model.codebooks)} features, to read vectors with"
    yield "codebooks", names if len(model.codebooks) else "none: its training was stopped before they were learnt"
    yield "weights", f"safetensors, {'float16' if half else 'float32'}"


def _snippet(model: SceneModel, trust: str) -> str:
    read = (
        "\n\nmodel.read(edited, slot=0).tolist()  # the classes of the first object, read from the vector"
        if len(model.codebooks)
        else ""
    )
    return f"""\
import torch
from tasks.data.dsprites import render
from tasks.model import SceneModel

model = SceneModel.from_pretrained("."{trust})  # the folder of this page

# Classes of shape, scale, orientation, x, y: a square, and an ellipse that gives its shape.
square, ellipse = model.features(render(torch.tensor([[0, 5, 3, 4, 6], [1, 2, 5, 9, 30]]))[:, None])
scene = model.scene(model.object(square[None]))  # one vector [{model.dim}]
edited = model.edit(scene, slot=0, feature="shape", old=square[0], new=ellipse[0])
picture = model.decode(edited[None])  # probabilities [1, 1, 64, 64]{read}
"""


def _measured(about: About) -> Iterator[str]:
    if not about.metrics:
        yield "Nothing yet: the model was saved before its training had ended. `vsa evaluate .` measures it."
        return
    yield (
        f"On combinations of features that were never trained on ({_code(about.config.test) if about.config.test else 'none'}), "
        f"{about.config.evaluate} pictures for each number. IoU is with the exact rendering of what the picture should be. "
        "*Shown*: the share of pictures that show the right value. *Read*: the share of values that unbinding and cleanup name "
        "rightly, without a network."
    )
    for table in tables(about.metrics):
        yield f"**{table.title}**"
        yield table.markdown()
    if found := remarks(about.metrics):
        yield "\n".join(f"* {remark}" for remark in found)


def _trained(about: About) -> Iterator[str]:
    metrics = about.metrics
    if "steps" in metrics:
        yield (
            f"{metrics['steps']:,} steps in {metrics['seconds']:,.0f} s on {metrics['device']} in {metrics['precision']}, "
            f"{metrics['images_per_second']:,.0f} images/s, on pictures that were rendered as they were needed."
        )
    usual = type(about.config)().as_json()
    stored = {name: value for name, value in about.config.as_json().items() if name not in ELSEWHERE}
    others = [(name, value) for name, value in stored.items() if value != usual[name]]
    if others:
        yield "The settings that are not the usual ones; config.json has all of them."
        yield _table(("setting", "value"), ((name, _code(value)) for name, value in others))
    else:
        yield "All settings are the usual ones; config.json has them."


def _head(title: str, about: About) -> str:
    """What a hub reads: YAML, whose texts are written as in JSON, which is YAML too."""
    lines = ["---", "library_name: vsa-torch", "license: mit", "pipeline_tag: image-to-image", "tags:"]
    lines += [f"- {tag}" for tag in TAGS]
    results = list(_results(about))
    if results:
        lines += [
            "model-index:",
            f"- name: {json.dumps(title)}",
            "  results:",
            "  - task:",
            "      type: image-to-image",
            f"      name: {json.dumps(f'Drawing and editing scenes ({about.task})')}",
            "    dataset:",
            "      type: dsprites",
            "      name: dSprites, rendered",
            "      split: test",
            "    metrics:",
        ]
        for name, value in results:
            lines += ["    - type: iou", f"      name: {json.dumps(name)}", f"      value: {value:.4f}"]
    return "\n".join([*lines, "---"])


def _results(about: About) -> Iterator[tuple[str, float]]:
    for key, name in OVERLAPS.items():
        for path, value in flat({key: about.metrics[key]} if key in about.metrics else {}):
            _, _, what = path.partition(", ")
            objects = " objects" if what.isdecimal() else ""
            yield f"{name}, {what}{objects}" if what else name, value


def _table(columns: tuple[str, ...], rows: Any) -> str:
    """A table of texts alone, which stand at the left."""
    return Table("", columns, tuple(rows)).markdown().replace("---:", "---")


def _code(value: object) -> str:
    """A value as code in a table, whatever signs are in it."""
    text = str(value).replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"
