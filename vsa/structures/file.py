"""The file of a structure: a safetensors file of its sum, with the algebra, the length, the settings and a checksum."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vsa import algebra_file, tensor_file
from vsa.algebra import Algebra
from vsa.errors import DtypeError, InputError, OutputError

if TYPE_CHECKING:
    from jaxtyping import Num


@dataclass(frozen=True)
class Stored:
    """What a file holds."""

    total: Num[Tensor, "*batch sum_dim"] | None
    algebra: Algebra
    length: int | None
    settings: dict[str, Any]


def write(path: str | Path, kind: str, stored: Stored) -> None:
    """Write the file under another name, and put it in place when it is whole.

    Raises:
        OutputError: it cannot be written.
        DtypeError: the path is neither a string nor a Path.
    """
    total = stored.total
    described = {
        "algebra": algebra_file.described(stored.algebra),
        "length": json.dumps(stored.length),
        "settings": json.dumps(stored.settings),
        "complex": json.dumps(total is not None and total.is_complex()),
    }
    if total is not None and total.is_complex():
        total = torch.view_as_real(total.resolve_conj())
    path = _path("save", path)
    try:
        tensor_file.write(path, {} if total is None else {"total": total}, described, _format(kind))
    except RuntimeError as error:  # of torch, which cannot bring the contents here: they are on meta, or too large
        raise OutputError(f"cannot write {path}: {str(error).partition(chr(10))[0][:200]}") from error


def read(path: str | Path, kind: str, algebra: str | Algebra | None) -> Stored:
    """What ``write`` wrote of this kind.

    Raises:
        InputError: there is no such file, or it is not one of ours, or of another structure, or not as it was written.
        AlgebraError: the algebra is unknown here, or not the one given.
        DtypeError: the path is neither a string nor a Path.
    """
    path = _path("load", path)
    described, tensors = tensor_file.read(path, _format(kind))
    try:
        total, length, settings = tensors.get("total"), json.loads(described["length"]), dict(json.loads(described["settings"]))
        if total is not None and json.loads(described["complex"]):
            total = torch.view_as_complex(total)
        kept = described["algebra"]
    except Exception as error:
        raise InputError(f"{path} does not describe a {kind} ({error})") from error
    return Stored(total, algebra_file.found(path, kept, algebra), length, settings)


def _format(kind: str) -> str:
    return f"vsa-torch {kind} 1"


def _path(verb: str, path: str | Path) -> Path:
    if not isinstance(path, (str, Path)):
        raise DtypeError(f"{verb}: a path is a string or a pathlib.Path, got {type(path).__name__}")
    return Path(path)
