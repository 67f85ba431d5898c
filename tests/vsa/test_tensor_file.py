import json
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from tests.helpers import error
from vsa.errors import InputError
from vsa.tensor_file import read, write

KIND = "a test 1"
TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones((), dtype=torch.bfloat16), "c": torch.empty(0, dtype=torch.uint8)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "f", TENSORS, {"é": "\n"}, KIND)
    described, tensors = read(tmp_path / "f", KIND)
    assert described == {"é": "\n"}
    assert {name: tensor.dtype for name, tensor in tensors.items()} == {name: tensor.dtype for name, tensor in TENSORS.items()}
    assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())
    with error(InputError, "is not a file of the kind 'a test 2', but 'a test 1'"):
        read(tmp_path / "f", "a test 2")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_no_damage_goes_unnoticed(tmp_path: Path, at: float, bit: int, cut: bool) -> None:
    path = tmp_path / "f"
    write(path, TENSORS, {"said": "so"}, KIND)
    content = bytearray(path.read_bytes())
    place = int(at * len(content))
    if cut:
        del content[place:]
    else:
        content[place] ^= 1 << bit
    path.write_bytes(content)
    try:
        described, tensors = read(path, KIND)
    except InputError:
        return
    # A change that says the same, such as another order of white space, is none.
    assert described == {"said": "so"}
    assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234",
        pickle.dumps({"a": 1}),
        (2**63).to_bytes(8, "little") + b"{}",
        (10**5).to_bytes(8, "little") + b"[" * 10**5,
        (2).to_bytes(8, "little") + b"[]",
        (26).to_bytes(8, "little") + b'{"__metadata__":{"a":[1]}}',
    ],
    ids=["empty", "short", "pickle", "endless header", "deep header", "list", "no texts"],
)
def test_what_is_no_such_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with error(InputError, "is no safetensors file, or is cut short or damaged"):
        read(tmp_path / "f", KIND)


def test_files_of_others(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "f")
    with error(InputError, "is not a file of the kind 'a test 1', but 'unnamed'"):
        read(tmp_path / "f", KIND)
    assert read(tmp_path / "f", None)[0] == {}
    save_file(TENSORS, tmp_path / "f", {"format": KIND, "names": json.dumps([]), "checksum": "0"})
    for kind in (KIND, None):
        with error(InputError, "is not as it was written: its checksum does not match; get the file again"):
            read(tmp_path / "f", kind)
