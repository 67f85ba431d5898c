"""The page that describes a saved model: what it is, how to load it, what was measured, and how it was trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from tasks.config import RunConfig
from tasks.metrics_tables import Table, flat, metrics_tables, remarks
from tasks.provenance import Provenance
from vsa import __version__

TAGS = ("vector-symbolic-architectures", "hyperdimensional-computing", "disentanglement", "image-editing")

OVERLAPS = {
    "reconstruction_iou": "reconstruction IoU",
    "edit_iou": "IoU after one feature was edited",
    "assembly_iou": "IoU of every feature from a donor of its own",
    "removed_iou": "IoU after an object was removed",
    "added_iou": "IoU after an object was added",
}
"""The metrics that stand in the page's head, where a hub looks for them, and what they are called there."""

ELSEWHERE = ("out", "device", "evaluate", "checkpoint", "log", "workers")
"""Settings of which a reader learns elsewhere on the page, or that change nothing about the model."""


@dataclass(frozen=True)
class Page:
    """What a class of models says of itself.

    Attributes:
        model: the class.
        summary: what the model is, in sentences; of all models one that says by which task and version follows.
        parts: by name, what it consists of.
        details: how it works, in paragraphs.
        snippet: Python that uses `model`, and `dataset`, the data set that it was trained on; or nothing.
        measures: what the numbers mean.
    """

    model: type
    summary: str
    parts: Sequence[tuple[str, str]]
    details: Sequence[str] = ()
    snippet: str = ""
    measures: str = ""


def card(page: Page, provenance: Provenance, half: bool = False) -> str:
    """The page as Markdown, with a head in YAML.

    Args:
        page: what the model's class says.
        provenance: where the model comes from.
        half: whether its weights are kept in float16.
    """
    config, title = provenance.config, f"vsa-torch {provenance.task}"
    trust = ", trust=True" if ":" in provenance.task or config.code() else ""
    weights = ("weights", f"safetensors, {'float16' if half else 'float32'}")
    parts = (
        _head(title, provenance),
        f"# {title}",
        f"{page.summary} It was learnt by the task `{provenance.task}` of vsa-torch and saved by its version {__version__}.",
        *page.details,
        _table(("part", "what it is"), (*page.parts, weights)),
        "## How to load it",
        "From a checkout of the repository, as encoders, decoders and tasks are not part of the installed package `vsa-torch`. "
        "Nothing is unpickled.",
        "```python\n" + _code_to_load(page, config, trust) + "```",
        "`vsa evaluate .` measures it.",
        "## What was measured",
        *_measured(page, provenance),
        "## How it was trained",
        *_trained(provenance),
    )
    return "\n\n".join(parts) + "\n"


def _code_to_load(page: Page, config: RunConfig, trust: str) -> str:
    name = page.model.__name__
    used = "\n" + page.snippet if page.snippet else ""
    needed = ("from tasks.data import open_dataset\n", f"dataset = open_dataset({config.dataset!r})\n") if used else ("", "")
    return f"""\
import torch
{needed[0]}from {page.model.__module__} import {name}

model = {name}.from_pretrained("."{trust})  # the folder of this page
{needed[1]}{used}"""


def _measured(page: Page, provenance: Provenance) -> Iterator[str]:
    if not provenance.metrics:
        yield "Nothing yet: the model was saved before its training had ended. `vsa evaluate .` measures it."
        return
    config = provenance.config
    test = as_code(config.test) if config.test else "none"
    if config.split is not None:
        test = f"the split {as_code(config.split)} of {as_code(config.dataset)}"
    yield (
        f"On combinations of features that were never trained on ({test}), "
        f"{provenance.config.evaluate} pictures for each number. {page.measures}".rstrip()
    )
    for table in metrics_tables(provenance.metrics):
        yield f"**{table.title}**"
        yield table.markdown()
    if found := remarks(provenance.metrics):
        yield "\n".join(f"* {remark}" for remark in found)


def _trained(provenance: Provenance) -> Iterator[str]:
    metrics = provenance.metrics
    if "steps" in metrics:
        yield (
            f"{metrics['steps']:,} steps in {metrics['seconds']:,.0f} s on {metrics['device']} in {metrics['precision']}, "
            f"{metrics['images_per_second']:,.0f} images/s, on pictures that were drawn as they were needed."
        )
    usual = type(provenance.config)().as_json()
    stored = {name: value for name, value in provenance.config.as_json().items() if name not in ELSEWHERE}
    others = [(name, value) for name, value in stored.items() if value != usual[name]]
    if others:
        yield "The settings that are not the usual ones; config.json has all of them."
        yield _table(("setting", "value"), ((name, as_code(value)) for name, value in others))
    else:
        yield "All settings are the usual ones; config.json has them."


def _head(title: str, provenance: Provenance) -> str:
    """What a hub reads."""
    dataset, task = provenance.config.dataset, f"Drawing and editing scenes ({provenance.task})"
    results = [
        EvalResult("image-to-image", dataset, dataset, "iou", round(value, 4), task, dataset_split="test", metric_name=name)
        for name, value in _results(provenance)
    ]
    head = ModelCardData(
        library_name="vsa-torch",
        license="mit",
        pipeline_tag="image-to-image",
        tags=list(TAGS),
        model_name=title if results else None,
        eval_results=results or None,
    )
    return f"---\n{head.to_yaml()}\n---"


def _results(provenance: Provenance) -> Iterator[tuple[str, float]]:
    for key, name in OVERLAPS.items():
        for path, value in flat({key: provenance.metrics[key]} if key in provenance.metrics else {}):
            _, _, what = path.partition(", ")
            objects = " objects" if what.isdecimal() else ""
            yield f"{name}, {what}{objects}" if what else name, value


def _table(columns: tuple[str, ...], rows: Any) -> str:
    """A table of texts alone, which stand at the left."""
    return Table("", columns, tuple(rows)).markdown().replace("---:", "---")


def as_code(value: object) -> str:
    """A value as code in a table, whatever signs are in it."""
    text = str(value).replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"
