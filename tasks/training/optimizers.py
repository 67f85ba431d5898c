"""The state of an optimiser as tensors and JSON, for any optimiser of torch's kind, and the way back."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from vsa.errors import DtypeError, InputError

PLAIN = (bool, int, float, str, type(None))
"""What JSON holds as it is."""


class OptimizerState:
    """What an optimiser remembers between its steps: of each weight, and what its steps change in the settings of a group.

    Args:
        optimizer: before its first step. Its learning rates are not kept: the schedule sets them in each step.

    Example:
        >>> weight = torch.nn.Parameter(torch.ones(2))
        >>> optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
        >>> state = OptimizerState(optimizer)
        >>> weight.grad = torch.ones(2)
        >>> optimizer.step()
        >>> state.stored()
        ({'0.momentum_buffer': tensor([1., 1.])}, {'class': 'torch.optim.sgd.SGD', 'values': {}, 'groups': [{}]})
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.before = [self._settings(group) for group in optimizer.param_groups]

    @staticmethod
    def _settings(group: dict[str, Any]) -> dict[str, Any]:
        return deepcopy({name: value for name, value in group.items() if name not in ("params", "lr")})

    @property
    def kind(self) -> str:
        """The class of the optimiser, by its full name."""
        return f"{type(self.optimizer).__module__}.{type(self.optimizer).__qualname__}"

    @property
    def weights(self) -> list[Tensor]:
        """The weights, in the order of the groups; their numbers name them."""
        return [weight for group in self.optimizer.param_groups for weight in group["params"]]

    def stored(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The tensors by "number of the weight.name", and the rest as JSON can hold it.

        Raises:
            DtypeError: the optimiser remembers something that is neither a tensor nor a plain value.
        """
        tensors, values = dict[str, Tensor](), dict[str, Any]()
        for number, weight in enumerate(self.weights):
            for name, value in self.optimizer.state.get(weight, {}).items():
                if isinstance(value, Tensor):
                    tensors[f"{number}.{name}"] = value
                else:
                    values[f"{number}.{name}"] = self._plain(name, value)
        groups = [
            {
                name: self._plain(name, value)
                for name, value in self._settings(group).items()
                if not _same(before.get(name), value)
            }
            for group, before in zip(self.optimizer.param_groups, self.before, strict=True)
        ]
        return tensors, {"class": self.kind, "values": values, "groups": groups}

    def _plain(self, name: str, value: Any) -> Any:
        parts = value if isinstance(value, (list, tuple)) else [value]
        if not all(type(part) in PLAIN for part in parts):
            raise DtypeError(
                f"the optimiser {self.kind} cannot be kept in a checkpoint: its {name!r} is {type(value).__name__}; it must be a "
                "tensor, a number, a text, or a list of those"
            )
        return value

    def restore(self, tensors: dict[str, Tensor], rest: Any) -> None:
        """Give the optimiser the state that another of the same weights had; the weights change, and are to be set after it.

        Args:
            tensors, rest: what `stored` gave.

        Raises:
            InputError: it is the state of another optimiser, or of other weights.
        """
        try:
            if rest["class"] != self.kind:
                raise ValueError(f"it is of {rest['class']}, not {self.kind}")
            self._step()  # makes the state as it is to be: names, shapes, dtypes, and how tensors are laid out in memory
            stored = defaultdict[int, dict[str, Any]](dict)
            for key, value in (*tensors.items(), *rest["values"].items()):
                number, _, name = key.partition(".")
                stored[int(number)][name] = value
            if not set(stored) <= set(range(len(self.weights))):
                raise ValueError(f"it has {max(stored) + 1} weights, not {len(self.weights)}")
            for number, weight in enumerate(self.weights):
                if number in stored:
                    self._fill(number, self.optimizer.state[weight], stored[number])
                else:  # it had no gradient yet
                    self.optimizer.state.pop(weight, None)
            for group, before, changed in zip(self.optimizer.param_groups, self.before, rest["groups"], strict=True):
                group.update(before)
                self._fill(0, group, changed, partly=True)
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise InputError(f"the checkpoint has the optimiser of other weights: {error}") from error

    def _step(self) -> None:
        """A step on gradients of zero."""
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
        self.optimizer.step()
        self.optimizer.zero_grad()

    @staticmethod
    def _fill(number: int, state: dict[str, Any], stored: dict[str, Any], partly: bool = False) -> None:
        """Put what was stored where a step has put its like."""
        if not (set(stored) <= set(state) if partly else set(stored) == set(state)):
            raise ValueError(f"weight {number} has {', '.join(sorted(stored))}, not {', '.join(sorted(state))}")
        for name, value in stored.items():
            mine = state[name]
            if isinstance(value, Tensor) and isinstance(mine, Tensor):
                if (value.shape, value.dtype) != (mine.shape, mine.dtype):
                    raise ValueError(f"{name} of weight {number} is {value.dtype} {list(value.shape)}, not {list(mine.shape)}")
                mine.copy_(value)
            elif isinstance(value, Tensor) or isinstance(mine, Tensor) or isinstance(value, dict):
                raise ValueError(f"{name} of weight {number} is a {type(value).__name__}, not a {type(mine).__name__}")
            else:
                state[name] = tuple(value) if isinstance(mine, tuple) else value


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        return torch.equal(before, after)
    return type(before) is type(after) and bool(before == after)
