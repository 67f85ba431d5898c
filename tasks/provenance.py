"""The provenance of a model: its task, its settings, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasks.config import RunConfig


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from.

    Attributes:
        task: the name of its task.
        config: the settings that it was made with.
        metrics: what was measured at the end of its training; empty before.
    """

    task: str
    config: RunConfig
    metrics: dict[str, Any] = field(default_factory=dict)

    def published(self) -> Provenance:
        """The same without the paths of the author's machine, in the settings and in the settings that the metrics repeat."""
        config = self.config.without_paths()
        metrics = self.metrics | ({"config": config.as_json()} if "config" in self.metrics else {})
        return Provenance(self.task, config, metrics)
