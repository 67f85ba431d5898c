import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.helpers import ALGEBRAS, as_a_user, error, fitting
from vsa import Algebra, ItemMemory, VSAError, tensor_file
from vsa.algebras.map import MultiplyAddPermute
from vsa.errors import AlgebraError, InputError, OutputError, RangeError
from vsa.memory_file import FORMAT

NAMES = ["shape", "naïve ☃", "a b"]


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_what_is_loaded_is_what_was_saved(algebra: Algebra, tmp_path: Path) -> None:
    memory = ItemMemory(NAMES, fitting(algebra, 20), algebra=algebra, seed=-5)
    memory.save(tmp_path / "memory.safetensors")
    again = ItemMemory.load(str(tmp_path / "memory.safetensors"))
    assert (again.names, again.algebra, again.seed, again.dim) == (memory.names, memory.algebra, -5, memory.dim)
    assert torch.equal(again.vectors, memory.vectors)
    assert again.vectors.dtype == memory.vectors.dtype
    for one in (memory, again):
        one.add("new")
    assert torch.equal(again["new"], memory["new"])
    assert os.listdir(tmp_path) == ["memory.safetensors"]


def test_dtypes_and_empty_memories_survive(tmp_path: Path) -> None:
    for dtype in (torch.int8, torch.bfloat16, torch.float64):
        ItemMemory(NAMES, 8, dtype=dtype).save(tmp_path / "m")
        assert ItemMemory.load(tmp_path / "m").vectors.dtype == dtype
    ItemMemory(dim=8).save(tmp_path / "m")
    assert len(ItemMemory.load(tmp_path / "m")) == 0
    ItemMemory(["a"], vectors=torch.ones(1, 8)).save(tmp_path / "m")
    assert ItemMemory.load(tmp_path / "m", learnable=True).vectors.requires_grad


def test_every_altered_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m"
    ItemMemory(["a", "b"], 8).save(path)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            memory = ItemMemory.load(path)
        except InputError:
            continue
        # A change that says the same, such as another order of white space, would be none.
        assert memory.names == ("a", "b"), at
        assert torch.equal(memory.vectors, ItemMemory(["a", "b"], 8).vectors), at


def test_files_that_are_cut_short_or_of_others(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with error(InputError, "there is no file", "m"):
        ItemMemory.load(path)
    ItemMemory(["a", "b"], 8).save(path)
    whole = path.read_bytes()
    for length in (0, 4, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        with error(InputError, "no safetensors file, or is cut short or damaged"):
            ItemMemory.load(path)
    path.write_text("names: [a, b]" * 40)
    with error(InputError, "no safetensors file, or is cut short or damaged"):
        ItemMemory.load(path)
    save_file({"vectors": torch.ones(2, 8)}, path)
    with error(InputError, "is not a file of the kind 'vsa-torch ItemMemory 2', but 'unnamed'"):
        ItemMemory.load(path)
    described = {"format": "vsa-torch ItemMemory 2", "names": json.dumps(["a"]), "checksum": "0"}
    save_file({"vectors": torch.ones(1, 8)}, path, described)
    with error(InputError, "is not as it was written: its checksum does not match"):
        ItemMemory.load(path)


def test_files_that_were_forged(tmp_path: Path) -> None:
    """Files with a right checksum, which say what cannot be; and none that runs code."""
    path = tmp_path / "m"
    right = {
        "names": json.dumps(["a", "b"]),
        "algebra": json.dumps({"name": "MAP", "backend": "native", "options": {}}),
        "seed": "0",
        "dim": "8",
        "complex": "false",
    }
    vectors = torch.ones(2, 8)
    tensor_file.write(path, {"vectors": vectors}, right, FORMAT)
    assert ItemMemory.load(path).names == ("a", "b")

    def algebra(name: str, backend: str = "native", **options: object) -> dict[str, str]:
        return {"algebra": json.dumps({"name": name, "backend": backend, "options": options})}

    wrong: list[dict[str, str]] = [
        {"names": json.dumps(["a"])},
        {"names": json.dumps(["a", "a"])},
        {"names": json.dumps(["a", 1])},
        {"names": json.dumps("ab")},
        {"names": "[" * 100_000},
        {"dim": "16"},
        {"dim": "-8"},
        {"dim": "9" * 30},
        {"dim": "9" * 5000},
        {"seed": "NaN"},
        {"complex": "true"},
        {"algebra": "[]"},
        algebra("os:system"),
        algebra("planted:Algebra"),
        algebra("MAP", "planted:backend"),
        algebra("FHRR"),
        algebra("MAP", algebra="HRR"),
        algebra("MAP", majority="yes"),
        algebra("SBC", block_size=-1),
        algebra("SBC", block_size=[]),
    ]
    for change in wrong:
        tensor_file.write(path, {"vectors": vectors}, {**right, **change}, FORMAT)
        with as_a_user(), pytest.raises(VSAError):
            ItemMemory.load(path)
    for other in (torch.ones(8), torch.ones(2, 8, 1), torch.ones(2, 0), torch.ones(2, 8, dtype=torch.uint16)):
        tensor_file.write(path, {"vectors": other}, right, FORMAT)
        with as_a_user(), pytest.raises(VSAError):
            ItemMemory.load(path)


def test_it_is_loaded_to_a_device(tmp_path: Path) -> None:
    memory, path = ItemMemory(["a", "b"], 8), tmp_path / "m"
    memory.save(path)
    ItemMemory(dim=8).save(tmp_path / "empty")
    assert ItemMemory.load(path, device="meta").vectors.shape == torch.Size([2, 8])
    assert ItemMemory.load(path, device="meta", learnable=True).vectors.is_meta
    with torch.device("meta"):
        assert ItemMemory.load(path).vectors.is_meta
        assert ItemMemory.load(tmp_path / "empty").vectors.is_meta
        assert torch.equal(ItemMemory.load(path, device="cpu").vectors, memory.vectors)
    with error(RangeError, "cannot be made on nowhere"):
        ItemMemory.load(path, device="nowhere")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with error(OutputError, "cannot write", "No such file or directory"):
        ItemMemory(["a"], 8).save(tmp_path / "nowhere" / "m")
    (tmp_path / "folder").mkdir()
    with error(OutputError, "cannot write", "it is a folder"):
        ItemMemory(["a"], 8).save(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["folder"]


def test_an_algebra_of_one_s_own_is_given_again(tmp_path: Path) -> None:
    class Mine(MultiplyAddPermute):
        name = "MINE"

    memory = ItemMemory(["a"], 8, algebra=Mine())
    memory.save(tmp_path / "m")
    with error(AlgebraError, "an algebra that is not known here; give it: algebra=...", "there is no algebra 'MINE'"):
        ItemMemory.load(tmp_path / "m")
    assert ItemMemory.load(tmp_path / "m", algebra=Mine()).algebra.name == "MINE"
    with error(AlgebraError, "was saved with the algebra MINE, not HRR"):
        ItemMemory.load(tmp_path / "m", algebra="HRR")
