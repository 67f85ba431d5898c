"""What a model says of itself: its task, its settings, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasks.config import RunConfig


@dataclass(frozen=True)
class About:
    """Where a model comes from.

    Attributes:
        task: the name of its task.
        config: the settings that it was made with.
        metrics: what was measured at the end of its training; empty before.
    """

    task: str
    config: RunConfig
    metrics: dict[str, Any] = field(default_factory=dict)

    def published(self) -> About:
        """The same without what is of the author's machine: paths among the settings, also of those that the metrics repeat."""
        config = self.config.without_paths()
        metrics = self.metrics | ({"config": config.as_json()} if "config" in self.metrics else {})
        return About(self.task, config, metrics)
