"""What the benchmark does with calls that take long."""

import time

import pytest

from benchmarks import algebra


def test_a_call_that_takes_long_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever it is: that ours was, when a repetition of it was waited for, never ended."""
    monkeypatch.setattr(algebra, "LONG", 0.001)
    calls = {"ours": 0, "torch": 0}

    def work(name: str) -> None:
        calls[name] += 1
        time.sleep(0.002)

    cold, hot = algebra.medians({name: lambda name=name: work(name) for name in calls}, 0.01, "cpu")
    assert calls == {"ours": 2, "torch": 2}
    assert min(cold["ours"], hot["torch"]) >= 0.002
