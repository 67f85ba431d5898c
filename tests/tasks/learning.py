"""What every task's training is held to."""

from typing import Any

import torch

from tasks.task import Task


def check_two_steps(task: Task[Any, Any], config: Any) -> None:
    """Two steps change every weight, leave numbers, and are the same with the same seed."""
    before = task.build(config).state_dict()
    (one, trained), (two, _) = task.learn(config), task.learn(config)
    assert trained.steps == 2
    for name, weight in one.named_parameters():
        assert weight.isfinite().all()
        assert not torch.equal(weight, before[name]), name
        assert torch.equal(weight, two.state_dict()[name]), name
