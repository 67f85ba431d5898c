import pytest
import torch

from vsa.devices import fast_in_bfloat16, in_autocast

CPU = torch.device("cpu")


def test_bfloat16_is_fast_where_the_processor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for amx in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda amx=amx: {"amx_bf16": amx}, raising=False)
        assert fast_in_bfloat16(CPU) is amx
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert fast_in_bfloat16(CPU) is False, "a torch that cannot say so"


def test_autocast_is_seen_where_there_is_one() -> None:
    with torch.autocast("cpu"):
        assert in_autocast(CPU)
        assert not in_autocast(torch.device("meta"))
    assert not in_autocast(CPU)
