"""The file of an ItemMemory: a safetensors file that carries the names, the algebra and a checksum."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa import algebra_file, tensor_file
from vsa.algebra import Algebra
from vsa.errors import InputError, VSAError

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
        "algebra": algebra_file.described(algebra),
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
        seed, dim, kept = int(described["seed"]), int(described["dim"]), described["algebra"]
    except Exception as error:
        raise InputError(f"{path} does not describe a memory ({error})") from error
    made_by = algebra_file.found(path, kept, algebra)
    if dim:  # of which names that are added later shall be
        try:
            fits = made_by.random(0, dim).shape[1:] == vectors.shape[1:]
        except VSAError as error:
            raise InputError(f"{path} does not describe a memory ({error})") from error
        if not fits:
            raise InputError(f"{path} does not describe a memory: its vectors are {list(vectors.shape)}, and not of dim={dim}")
    return Stored(vectors, names, made_by, seed, dim)
