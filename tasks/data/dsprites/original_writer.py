"""Writing the rendered pictures as a file with the published layout, for programs that read nothing else."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from rich.console import Console

from tasks.data.dsprites.factors import COUNTS
from tasks.data.dsprites.original import LATENT_VALUES, ROWS, grid, latents, with_colour
from tasks.data.dsprites.renderer import SIZE, render
from tasks.data.progress_bar import progress_bar
from vsa.errors import OutputError
from vsa.files import replacing

LATENTS = ("color", "shape", "scale", "orientation", "posX", "posY")
"""What the published file calls its six latents."""


def write_original(path: Path, *, counts: tuple[int, ...] = COUNTS, console: Console | None = None) -> None:
    """Write all pictures, rendered, as an npz file with the arrays of the published one; the same bytes each time.

    "imgs", "latents_values" and "latents_classes" are as published. "metadata" is a pickled object there; here it is text, a JSON
    object with the title and, of each latent, its name, its size and its values.

    Args:
        path: of the file; one that is there is replaced when the new one is whole.
        counts: how many of each factor's first classes to write; all, unless it is for a test.
        console: where to show the progress; standard error if there is none.

    Raises:
        OutputError: it cannot be written, for instance because the disk is full; nothing half-written is left.

    Source: https://github.com/google-deepmind/dsprites-dataset, its README.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_original(Path(folder, "few.npz"), counts=(3, 1, 1, 2, 2))
        ...     with np.load(Path(folder, "few.npz")) as file:
        ...         file["imgs"].shape, file["latents_classes"][-1].tolist(), json.loads(str(file["metadata"]))["latents_sizes"]
        ((12, 64, 64), [0, 2, 0, 0, 1, 1], [1, 3, 1, 1, 2, 2])
    """
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give the path of a file")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    n = int(np.prod(counts))

    def classes() -> Iterator[NDArray[np.int64]]:
        for start in range(0, n, ROWS):
            yield grid(np.arange(start, min(start + ROWS, n)), counts)

    with (
        replacing(path) as part,
        part.open("wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        text = np.array(json.dumps(_metadata(counts)))
        _write(archive, "metadata", text.dtype, (), [text])
        with progress_bar(f"Writing {path.name}", n, "pictures", console=console) as advance:

            def pictures() -> Iterator[NDArray[np.uint8]]:
                for part in classes():
                    yield render(part)
                    advance(len(part))

            _write(archive, "imgs", np.dtype("|u1"), (n, SIZE, SIZE), pictures())
        _write(archive, "latents_classes", np.dtype("<i8"), (n, 6), map(with_colour, classes()))
        _write(archive, "latents_values", np.dtype("<f8"), (n, 6), map(latents, classes()))


def _metadata(counts: tuple[int, ...]) -> dict[str, object]:
    sizes = (1, *counts)
    return {
        "title": "dSprites, rendered in the layout of the published file",
        "latents_names": LATENTS,
        "latents_sizes": sizes,
        "latents_possible_values": {
            name: values[:size] for name, values, size in zip(LATENTS, LATENT_VALUES, sizes, strict=True)
        },
    }


def _write(archive: zipfile.ZipFile, name: str, dtype: np.dtype, shape: tuple[int, ...], parts: Iterable[NDArray]) -> None:
    """An npy file as a member of the archive, part by part. Its date is always the same, 1980."""
    member = zipfile.ZipInfo(f"{name}.npy")
    member.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as stream:
        npy.write_array_header_1_0(stream, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
        for part in parts:
            stream.write(np.ascontiguousarray(part, dtype=dtype).tobytes())
