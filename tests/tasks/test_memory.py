"""Memory that is not there is said in one line, before anything is swapped."""

import resource
import time

import pytest
import torch

from tasks.memory import enough_memory, within_memory
from tests.helpers import error
from vsa.errors import RangeError, TrainingError


def test_what_takes_more_than_its_share_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    before, there = resource.getrlimit(resource.RLIMIT_DATA), psutil.virtual_memory().available
    began = time.perf_counter()
    said = "out of memory when it was tried; take less"
    with error(TrainingError, said), enough_memory("when it was tried", "take less"), within_memory(4):
        torch.zeros(there // 2, dtype=torch.uint8)
    assert time.perf_counter() - began < 1
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    with within_memory(4):
        assert torch.zeros(1000).sum() == 0


@pytest.mark.parametrize("failure", [MemoryError(), RuntimeError("std::bad_alloc"), torch.OutOfMemoryError("CUDA")], ids=repr)
def test_all_ways_to_run_out(failure: Exception) -> None:
    with error(TrainingError, "out of memory in step 3; rest"), enough_memory("in step 3", "rest"):
        raise failure


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), RangeError("cannot allocate memory"), ZeroDivisionError()], ids=repr)
def test_what_is_no_lack_of_memory_stays_what_it_is(failure: Exception) -> None:
    with pytest.raises(type(failure), match=str(failure) or None), enough_memory("in step 3", "rest"):
        raise failure
