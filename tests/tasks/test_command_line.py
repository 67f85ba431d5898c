import builtins
import dataclasses
import sys
from typing import Any

import pytest

from tasks.command_line import main
from tasks.config import PairedSceneConfig
from vsa.errors import RangeError


def run(monkeypatch: pytest.MonkeyPatch, *flags: str, error: BaseException | None = None) -> PairedSceneConfig:
    """The configuration that these flags give, or the exit that they end in."""
    seen: list[PairedSceneConfig] = []

    def work(config: PairedSceneConfig) -> None:
        seen.append(config)
        if error is not None:
            raise error

    monkeypatch.setattr(sys, "argv", ["example.py", *flags])
    main(PairedSceneConfig, work)
    return seen[0]


def test_flags_make_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    config = run(monkeypatch, "--minutes", "0.5", "--batch-size", "32", "--encoder", "mine:Encoder", "--out", "there")
    assert (config.minutes, config.batch_size, config.encoder, str(config.out)) == (0.5, 32, "mine:Encoder", "there")


@pytest.mark.parametrize("preset", [["--preset", "document"], ["--preset=document"]])
def test_a_preset_is_changed_by_the_other_flags(monkeypatch: pytest.MonkeyPatch, preset: list[str]) -> None:
    config = run(monkeypatch, *preset, "--steps", "7", "--kl", "0.5")
    assert config == dataclasses.replace(PairedSceneConfig.named("document"), steps=7, kl=0.5)


def test_a_preset_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        run(monkeypatch, "--preset", "paper")
    assert exit.value.code == 2
    assert capsys.readouterr().err == "error: preset must be one of default, document, got 'paper'\n"


@pytest.mark.parametrize("flags", [["--minutes", "soon"], ["--colour", "red"], ["--device", "abacus"]])
def test_flags_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        run(monkeypatch, *flags)
    assert exit.value.code == 2
    assert flags[0] in capsys.readouterr().err


def test_our_errors_are_one_line_and_status_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        run(monkeypatch, error=RangeError("too much"))
    assert exit.value.code == 2
    assert capsys.readouterr().err == "error: too much\n"


def test_an_interruption_is_status_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        run(monkeypatch, error=KeyboardInterrupt())
    assert exit.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run(monkeypatch, error=ZeroDivisionError())


def importing(monkeypatch: pytest.MonkeyPatch, package: str, failure: Exception) -> None:
    """From now on importing this package fails so."""
    real = builtins.__import__

    def fails(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == package:
            raise failure
        return real(name, *rest, **options)

    class Finder:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> None:
            if name == package:
                raise failure

    for module in [module for module in sys.modules if module.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", fails)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    importing(monkeypatch, "safetensors", ModuleNotFoundError("No module named 'safetensors'", name="safetensors"))
    with pytest.raises(SystemExit) as exit:
        run(monkeypatch)
    assert exit.value.code == 2
    assert capsys.readouterr().err == "error: this needs the package safetensors: run `make demo`, or pip install -e '.[lab]'\n"
