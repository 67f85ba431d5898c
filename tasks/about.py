"""What a model says of itself: its task, its settings, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import torch
from torch import nn

from tasks.config import RunConfig
from vsa.errors import VSAError


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


class TaskModel(nn.Module):
    """A module that a task makes, trains and measures.

    Attributes:
        about: where the model comes from, if a task made it; None for one that was composed by hand.
        image: channels, height and width of its pictures, if a task made it; else what the encoder takes is not known before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.about: About | None = None
        self.image: tuple[int, int, int] | None = None

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(chain(self.parameters(), self.buffers())).device

    def described(self) -> About:
        """Where the model comes from.

        Raises:
            VSAError: it was composed by hand.
        """
        if self.about is None:
            raise VSAError(
                "this model was composed by hand, so no settings say how to build it again; make it with a task, such as "
                "tasks.paired.build(PairedConfig()), or keep its weights with model.state_dict()"
            )
        return self.about
