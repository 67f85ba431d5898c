import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import tasks.data  # noqa: F401  (the names of all kinds)
from encoders.conv import ConvEncoder
from encoders.glimpse import GlimpseEncoder
from tasks import load_model
from tests.conftest import ROOT
from tests.helpers import error
from vsa import load, plugins
from vsa.errors import MissingExtraError, PluginError
from vsa.plugins import TABLES, check_typed, kinds, names, register


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in TABLES.items() for name in table])
def test_everything_in_the_table_is_there(kind: str, name: str) -> None:
    loaded = load(kind, name)
    assert callable(loaded.run if kind == "task" else loaded)
    assert name in names(kind)


def test_a_colon_names_a_class_directly() -> None:
    assert load("encoder", "encoders.conv:ConvEncoder") is ConvEncoder


def test_entry_points_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = EntryPoint("mine", "encoders.conv:ConvEncoder", "vsa.encoders")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [mine] if group == "vsa.encoders" else [])
    assert load("encoder", "mine") is ConvEncoder
    assert "mine" in names("encoder")
    assert "mine" not in names("decoder")


def claim(monkeypatch: pytest.MonkeyPatch, kind: str, name: str, *values: str) -> None:
    """Installs packages of others that claim a name."""
    points = [EntryPoint(name, value, f"vsa.{kind}s") for value in values]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points if group == f"vsa.{kind}s" else [])


@pytest.mark.parametrize("kind", TABLES)
def test_our_own_names_mean_ours_whatever_is_installed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TABLES[kind]:
        own = load(kind, name)
        claim(monkeypatch, kind, name, "elsewhere:Thing")
        assert load(kind, name) is own


def test_a_shipped_model_loads_beside_an_encoder_of_its_encoders_name(monkeypatch: pytest.MonkeyPatch) -> None:
    claim(monkeypatch, "encoder", "glimpse", "elsewhere:Glimpse")
    assert type(load_model("scene").encoder) is GlimpseEncoder


def test_a_clash_that_nobody_can_settle_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    claim(monkeypatch, "encoder", "mine", "encoders.conv:ConvEncoder", "elsewhere:Conv")
    with error(
        PluginError,
        "encoder 'mine' is claimed more than once: encoders.conv:ConvEncoder, elsewhere:Conv",
        "uninstall one, or name the one you mean as package.module:attribute",
    ):
        load("encoder", "mine")


def test_a_typed_name_that_others_claim_too_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    claim(monkeypatch, "encoder", "conv", "elsewhere:Conv")
    with error(PluginError, "encoder 'conv' is claimed more than once", "encoders.conv:ConvEncoder, elsewhere:Conv"):
        check_typed("encoder", "conv")
    check_typed("encoder", "glimpse")
    check_typed("encoder", "elsewhere:Conv")


def test_unknown_names_list_what_exists() -> None:
    with error(
        PluginError,
        "no encoder 'cnov'",
        "did you mean 'conv'",
        "conv, conv-abdi, conv-burgess, conv-document, conv-kim, conv-montero, conv-small, fractional, fractional-map, glimpse",
        "package.module:attribute",
    ):
        load("encoder", "cnov")
    with error(PluginError, "no kind of plugin 'encoders'", "did you mean 'encoder'"):
        load("encoders", "conv")
    with error(
        PluginError, "there are: algebra, dataset, decoder, encoder, task. A package registers its kinds when it is imported"
    ):
        names("colour")


def test_what_cannot_be_imported() -> None:
    with error(PluginError, "cannot be imported", "no module 'nowhere'"):
        load("encoder", "nowhere.at_all:Encoder")
    with error(PluginError, "module encoders.conv has no 'Nothing'", "ConvEncoder"):
        load("encoder", "encoders.conv:Nothing")
    for name in (":x", "..:x", "\0:x", "x." * 5000 + ":y"):
        with error(PluginError, "cannot be imported"):
            load("encoder", name)
    with error(PluginError, "the name of a plugin is a string, got NoneType"):
        load("encoder", None)  # pyright: ignore[reportArgumentType]
    with error(PluginError, "no kind of plugin []"):
        load([], "conv")  # pyright: ignore[reportArgumentType]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "my_plugin.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with error(MissingExtraError, "encoder 'my_plugin:X' needs the package 'a_package_that_is_not_there'", "vsa-torch[lab]"):
        load("encoder", "my_plugin:X")


def test_a_package_registers_a_kind_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "TABLES", dict(TABLES))
    register("colour", {"red": "encoders.conv:ConvEncoder"})
    assert kinds() == ["algebra", "colour", "dataset", "decoder", "encoder", "task"]
    assert (load("colour", "red"), names("colour")) == (ConvEncoder, ["red"])
    claim(monkeypatch, "colour", "blue", "encoders.glimpse:GlimpseEncoder")
    assert load("colour", "blue") is GlimpseEncoder


def test_the_library_alone_knows_algebras_alone() -> None:
    code = "import vsa, vsa.plugins; assert vsa.plugins.kinds() == ['algebra']; import tasks; print(*vsa.plugins.kinds())"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["algebra", "decoder", "encoder", "task"]
