"""`vsa train TASK`: the flags and the work of the examples, for any task by name."""

from __future__ import annotations

from collections.abc import Sequence

from tasks import command_line
from tasks.config import RunConfig
from tasks.configs import CONFIGS
from vsa.command_line import complain
from vsa.errors import VSAError
from vsa.plugins import check_typed, names


def status_of(words: Sequence[str]) -> int:
    """The exit status of training the task that the first word names, with the flags behind it."""
    if not words or words[0].startswith("-"):
        return complain(f"`vsa train` needs a task before its flags, one of {', '.join(names('task'))}")
    name, *flags = words
    try:
        check_typed("task", name)
        config_class = CONFIGS[name] if name in CONFIGS else _config_of(name)
    except VSAError as error:
        return complain(error)
    return command_line.status_of(config_class, lambda config: train(name, config), flags, f"vsa train {name}")


def train(name: str, config: RunConfig) -> None:
    """Train a task, and print what it reached."""
    from tasks.report import show
    from vsa import load

    show(load("task", name).run(config))


def _config_of(name: str) -> type[RunConfig]:
    """The settings of a task that is no part of the project.

    Raises:
        PluginError: there is no such task, or what has the name is none.
    """
    from tasks.dependencies import check_dependencies
    from tasks.task import Task
    from vsa import load
    from vsa.errors import PluginError

    check_dependencies()
    task = load("task", name)
    if not isinstance(task, Task):
        raise PluginError(f"the task {name!r} must be a tasks.task.Task, got {type(task).__name__}")
    return task.config
