"""Safetensors files that say what they are and carry a checksum, so that damage is found before anything is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vsa.errors import InputError
from vsa.files import read_file, replacing


def write(path: Path, tensors: Mapping[str, Tensor], described: Mapping[str, str], kind: str) -> None:
    """Write tensors and a description of them, whole or not at all.

    Args:
        path: where to; the folder must exist.
        tensors: on any device.
        described: texts by name; "format" and "checksum" are added.
        kind: what the file is, such as "vsa-torch ItemMemory 2".

    Raises:
        OutputError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "pair.safetensors"
        ...     write(path, {"x": torch.arange(3)}, {"unit": "metre"}, "example 1")
        ...     read(path, "example 1")
        ({'unit': 'metre'}, {'x': tensor([0, 1, 2])})
    """
    from safetensors.torch import save  # here, because it is not needed before

    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {**described, "format": kind}
    content = save(stored, {**header, "checksum": _checksum(header, stored)})
    with replacing(path) as part:
        part.write_bytes(content)


def read(path: Path, kind: str | None) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The description and the tensors that `write` wrote, on the CPU.

    Args:
        path: the file.
        kind: what it must be. None: any safetensors file; a checksum is looked at if there is one.

    Raises:
        InputError: there is no such file, it is of another kind, cut short, damaged, or not as it was written.
    """
    from safetensors.torch import load

    content = read_file(path)
    try:
        with torch.device("cpu"):  # whatever the default device is
            described, tensors = _described(content), load(content)
    except Exception as error:  # of json, of safetensors, and of what they call
        raise InputError(f"{path} is no safetensors file, or is cut short or damaged ({_short(error)})") from error
    if kind is not None and described.get("format") != kind:
        raise InputError(f"{path} is not a file of the kind {kind!r}, but {described.get('format', 'unnamed')!r}")
    checksum = described.pop("checksum", None)
    if (kind is not None or checksum is not None) and checksum != _checksum(described, tensors):
        raise InputError(f"{path} is not as it was written: its checksum does not match; get the file again")
    described.pop("format", None)
    return described, tensors


def _described(content: bytes) -> dict[str, str]:
    """The texts in the header of a safetensors file: its length in 8 bytes, then JSON."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8:
        raise ValueError("the header is incomplete")
    described = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    if not all(isinstance(text, str) for text in described.values()):
        raise ValueError("the header does not hold texts")
    return dict(described)


def _short(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + "..."


def _checksum(described: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.blake2b(json.dumps(dict(described), sort_keys=True).encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name!r} {tensor.dtype} {list(tensor.shape)}".encode("utf-8", "backslashreplace"))
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
