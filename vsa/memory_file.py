"""The file of an ItemMemory: a safetensors file that carries the names, the algebra and a checksum."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vsa import tensor_file
from vsa.algebra import Algebra, get_algebra
from vsa.errors import AlgebraError, InputError, VSAError

if TYPE_CHECKING:
    from jaxtyping import Shaped

FORMAT = "vsa-torch ItemMemory 2"


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
    described = {
        "names": json.dumps(names),
        "algebra": json.dumps(
            {"name": algebra.name, "backend": getattr(algebra, "backend", "native"), "options": _options(algebra)}
        ),
        "seed": str(seed),
        "dim": str(dim),
        "complex": json.dumps(vectors.is_complex()),
    }
    stored = torch.view_as_real(vectors.contiguous()) if vectors.is_complex() else vectors
    tensor_file.write(path, {"vectors": stored}, described, FORMAT)


def read(path: Path, algebra: str | Algebra | None) -> Stored:
    """What ``write`` wrote.

    Raises:
        InputError: there is no such file, or it is not one of ours, or not as it was written.
        AlgebraError: the algebra is unknown here, or not the one given.
    """
    described, tensors = tensor_file.read(path, FORMAT)
    try:
        names, stored = json.loads(described["names"]), tensors["vectors"]
        vectors = torch.view_as_complex(stored) if json.loads(described["complex"]) else stored
        seed, dim, of = int(described["seed"]), int(described["dim"]), json.loads(described["algebra"])
        known = {"name": str(of["name"]), "backend": str(of["backend"]), "options": dict(of["options"])}
    except Exception as error:
        raise InputError(f"{path} does not describe a memory ({error})") from error
    return Stored(vectors, names, _algebra(path, known, algebra), seed, dim)


def _algebra(path: Path, described: dict[str, Any], given: str | Algebra | None) -> Algebra:
    """The algebra given, or else the one that the file names, if it is known here: a file's own code is never imported."""
    if given is not None:
        found = get_algebra(given)
        if found.name != described["name"]:
            raise AlgebraError(f"{path} was saved with the algebra {described['name']}, not {found.name}")
        return found
    try:
        if ":" in described["name"]:
            raise AlgebraError(f"{described['name']!r} is no name of an algebra, but of code")
        return get_algebra(described["name"], described["backend"], **described["options"])
    except VSAError as error:
        raise AlgebraError(f"{path} was saved with an algebra that is not known here; give it: algebra=... ({error})") from error


def _options(algebra: Algebra) -> dict[str, Any]:
    if is_dataclass(algebra):
        return asdict(algebra)
    size = getattr(algebra, "block_size", None)
    return {} if size is None else {"block_size": size}
