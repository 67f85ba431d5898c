import builtins
import dataclasses
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tasks.command_line import main, status_of
from tasks.symbolic.config import PairedSceneConfig
from tasks.training.progress import Piped
from tasks.training.run_folder import run_folder
from vsa import plugins
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


def test_a_network_that_was_typed_and_that_others_claim_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a setting is when nobody says anything is the project's own; a name that was typed might be anybody's."""
    theirs = EntryPoint("fractional", "elsewhere:Fractional", "vsa.encoders")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [theirs] if group == theirs.group else [])
    assert run(monkeypatch).encoder == "fractional"
    for flags in (["--encoder", "fractional"], ["--encoder=fractional"]):
        with pytest.raises(SystemExit) as exit:
            run(monkeypatch, *flags)
        assert exit.value.code == 2
        assert capsys.readouterr().err == (
            "error: the encoder 'fractional' is claimed more than once: encoders.fractional:FractionalEncoder, "
            "elsewhere:Fractional; uninstall one, or name the one you mean as package.module:attribute\n"
        )
    ours = "encoders.fractional:FractionalEncoder"
    assert run(monkeypatch, "--encoder", ours).encoder == ours


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


def ending(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> int:
    """The exit status of a command that does some work."""

    def run(config: PairedSceneConfig) -> None:
        work()

    monkeypatch.setattr(sys, "argv", ["example.py"])
    with pytest.raises(SystemExit) as exit:
        main(PairedSceneConfig, run)
    assert isinstance(exit.value.code, int)
    return exit.value.code


def test_nobody_reads_what_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", pipe)
        assert ending(patch, lambda: Piped().print("x\n" * 10)) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.parametrize("length", [1, 100_000])
def test_a_standard_output_that_is_full(length: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with open("/dev/full", "w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        assert ending(patch, lambda: print("x" * length)) == 2
    assert capsys.readouterr().err == "error: cannot write to standard output: No space left on device\n"


def test_a_standard_output_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run(monkeypatch).preset == "default"


def test_an_error_of_a_file_is_no_error_of_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        run(monkeypatch, error=FileNotFoundError(2, "No such file", "somewhere"))


@pytest.mark.parametrize(("number", "expected", "said"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up")])
def test_signals_end_it_in_order(
    number: int, expected: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    assert ending(monkeypatch, lambda: os.kill(os.getpid(), number)) == expected
    assert capsys.readouterr().err == f"{said}\n"
    assert signal.getsignal(number) is before


def test_a_hangup_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr(sys, "argv", ["example.py"])
        main(PairedSceneConfig, lambda config: os.kill(os.getpid(), signal.SIGHUP))
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, "as nohup left it"
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 3000, "a\0b", "[/x]"])
def test_an_odd_folder_is_no_traceback(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def work(config: PairedSceneConfig) -> None:
        with run_folder(config.out):
            pass

    monkeypatch.chdir(tmp_path)
    status = status_of(PairedSceneConfig, work, ["--resume", "--out", name])
    assert status == (0 if name == "[/x]" else 2)
    said = capsys.readouterr().err
    assert said.startswith("error: cannot write to the folder") == bool(status)
    assert said.count("\n") == (1 if status else 0)


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
