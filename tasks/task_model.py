"""What every task's model has: where it comes from, and a folder of its own to be saved in and loaded from."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from tasks.card import Page
from tasks.loading import load_saved
from tasks.pretrained import write_folder
from tasks.provenance import Provenance
from vsa.errors import InputError, VSAError

Self = TypeVar("Self", bound="TaskModel")


class TaskModel(nn.Module):
    """A module that a task makes, trains and measures.

    Attributes:
        kind: what config.json says of a saved model: "vsa-torch-" and this.
        provenance: where the model comes from, if a task made it; None for one that was composed by hand.
        image: channels, height and width of its pictures, and before these the number of frames of its clips, if a task made it;
            else what the encoder takes is not known before.
    """

    kind: ClassVar[str] = "model"

    def __init__(self) -> None:
        super().__init__()
        self.provenance: Provenance | None = None
        self.image: tuple[int, ...] | None = None

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(chain(self.parameters(), self.buffers())).device

    def redrawn(self, images: Tensor) -> Tensor:
        """The parameters of pictures [B, C, H, W] as the model draws them again: encoded, and drawn of what that gave.

        Args:
            images: [B, C, H, W], on the model's device, as a data set observes them.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how it draws pictures again")

    def described(self) -> Provenance:
        """Where the model comes from.

        Raises:
            VSAError: it was composed by hand.
        """
        if self.provenance is None:
            raise VSAError(
                "this model was composed by hand, so no settings say how to build it again; make it with a task, such as "
                "tasks.symbolic.stages.PAIRED.build(PairedConfig()), or keep its weights with model.state_dict()"
            )
        return self.provenance

    @classmethod
    def from_pretrained(cls: type[Self], folder: str | Path, trust: bool = False) -> Self:
        """The model of a folder that `save_pretrained` wrote, in evaluation mode on the CPU; nothing is fetched or unpickled.

        Args:
            folder: with model.safetensors and config.json.
            trust: build what is no part of the project too, as `tasks.load_model` does.

        Raises:
            InputError: there is no such folder, its files are damaged or do not belong together, name untrusted code, or hold a
                model of another class.

        Example:
            >>> import tempfile
            >>> from tasks import load_model
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     load_model("paired").save_pretrained(folder)
            ...     type(TaskModel.from_pretrained(folder)).__name__
            'SceneModel'
        """
        model = load_saved(Path(folder), trust)
        if not isinstance(model, cls):
            found = type(model).__name__
            raise InputError(
                f"{folder} holds a {found}, not a {cls.__name__}; load it with {found}.from_pretrained, or tasks.load_model"
            )
        return model

    def save_pretrained(self, folder: str | Path, half: bool = False) -> None:
        """Write a folder as Hugging Face's hub has them: model.safetensors, config.json, and README.md, a page about the model.

        Settings that are paths have their usual values in it, because they say something of this machine alone.

        Args:
            folder: made if it is not there; a model that was saved there before is replaced.
            half: keep weights in float16, which halves the file.

        Raises:
            OutputError: it cannot be written, or holds something else already.
            VSAError: the model was composed by hand, so that no settings say how to build it again.
        """
        provenance = self.described().published()
        write_folder(self, self.kind, provenance, self.page(provenance), Path(folder), half)

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it beside its settings and metrics, which it has in common with all other models.

        Args:
            provenance: where the model comes from, as the page tells it.
        """
        parts = [(name, type(part).__name__, part) for name, part in self.named_children()]
        return Page(
            model=type(self),
            summary=f"A model of the class `{type(self).__name__}`.",
            parts=[(name, f"{kind}, {count_of(part)} parameters") for name, kind, part in parts],
        )


def count_of(module: nn.Module) -> str:
    """How many parameters a module has.

    Example:
        >>> count_of(nn.Linear(999, 1))
        '1,000'
    """
    return f"{sum(weight.numel() for weight in module.parameters()):,}"
