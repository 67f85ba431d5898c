"""The file of an ItemMemory: a safetensors file that carries the names, the algebra and a checksum."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vsa.algebra import Algebra, get_algebra
from vsa.errors import AlgebraError, InputError, OutputError, VSAError

if TYPE_CHECKING:
    from jaxtyping import Shaped

FORMAT = "vsa-torch ItemMemory 1"


@dataclass(frozen=True)
class Stored:
    """What a file holds."""

    vectors: Tensor
    names: list[str]
    algebra: Algebra
    seed: int
    dim: int


def write(path: Path, vectors: Shaped[Tensor, "n dim"], names: list[str], algebra: Algebra, *, seed: int, dim: int) -> None:
    """Write the file under another name, and put it in place when it is whole.

    Raises:
        OutputError: it cannot be written.
    """
    from safetensors.torch import save_file  # here, because it is not needed before

    vectors = vectors.cpu().contiguous()
    described = {
        "format": FORMAT,
        "names": json.dumps(names),
        "algebra": json.dumps(
            {"name": algebra.name, "backend": getattr(algebra, "backend", "native"), "options": _options(algebra)}
        ),
        "seed": str(seed),
        "dim": str(dim),
        "complex": json.dumps(vectors.is_complex()),
    }
    stored = torch.view_as_real(vectors) if vectors.is_complex() else vectors
    described["checksum"] = _checksum(described, stored)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        save_file({"vectors": stored}, partial, described)
        partial.replace(path)
    except Exception as error:  # safetensors raises its own kinds
        partial.unlink(missing_ok=True)
        raise OutputError(f"save: {path} cannot be written ({error}); choose a folder that exists and may be written") from error


def read(path: Path, algebra: str | Algebra | None) -> Stored:
    """What ``write`` wrote.

    Raises:
        InputError: there is no such file, or it is not one of ours, or not as it was written.
        AlgebraError: the algebra is unknown here, or not the one given.
    """
    from safetensors import safe_open

    if not path.is_file():
        raise InputError(f"load: there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            described = dict(file.metadata() or {})
            if described.get("format") != FORMAT:
                raise InputError(f"load: {path} was not written by ItemMemory.save")
            stored = file.get_tensor("vectors")
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"load: {path} is not a memory, or is cut short or damaged ({error})") from error
    checksum = described.pop("checksum", None)
    if checksum != _checksum(described, stored):
        raise InputError(f"load: {path} is not as it was written: its checksum does not match; get the file again")
    vectors = torch.view_as_complex(stored) if json.loads(described["complex"]) else stored
    return Stored(
        vectors,
        json.loads(described["names"]),
        _algebra(path, json.loads(described["algebra"]), algebra),
        int(described["seed"]),
        int(described["dim"]),
    )


def _algebra(path: Path, described: dict[str, Any], given: str | Algebra | None) -> Algebra:
    if given is not None:
        found = get_algebra(given)
        if found.name != described["name"]:
            raise AlgebraError(f"load: {path} was saved with the algebra {described['name']}, not {found.name}")
        return found
    try:
        return get_algebra(described["name"], described["backend"], **described["options"])
    except VSAError as error:
        raise AlgebraError(
            f"load: {path} was saved with an algebra that is not known here; give it: algebra=... ({error})"
        ) from error


def _options(algebra: Algebra) -> dict[str, Any]:
    if is_dataclass(algebra):
        return asdict(algebra)
    size = getattr(algebra, "block_size", None)
    return {} if size is None else {"block_size": size}


def _checksum(described: dict[str, str], stored: Tensor) -> str:
    digest = hashlib.blake2b(json.dumps(described, sort_keys=True).encode(), digest_size=16)
    digest.update(f"{stored.dtype}{list(stored.shape)}".encode())
    digest.update(stored.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
