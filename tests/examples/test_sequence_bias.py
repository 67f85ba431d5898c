"""The command of the study of bias: the page in one go, and mistakes that are one line."""

from pathlib import Path

from tests.conftest import ROOT
from tests.examples.scripts import call, example, light_help
from tests.helpers import error
from vsa.errors import InputError, RangeError


def test_the_page_is_written_in_one_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "sequence-bias.md").read_text())
    flags = ["--sets", "3", "--points", "5", "--steps", "2", "--seeds", "1", "--page", str(page)]
    ended = call(tmp_path, "sequence_bias", *flags)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("nats of the best") == 7
    text = page.read_text()
    assert text.count("| sx = 0.3 |") == 3
    assert "--sets 3 --points 5 --steps 2 --seeds 1 --seed 0" in text
    assert {path.name for path in (tmp_path / "page").iterdir()} == {"sx.png", "sz.png", "sf.png", "gap.png"}


def test_help_does_not_wait_for_torch() -> None:
    assert "--sets" in light_help("sequence_bias")


def test_mistakes_are_refused_before_the_work(tmp_path: Path) -> None:
    module, page = example("sequence_bias"), tmp_path / "page.md"
    with error(RangeError, "seed must be from 0 to 2^63 - 1, got -1"):
        module.sequence_bias(module.SequenceBiasConfig(seed=-1, page=page))
    with error(RangeError, "sets and points must be at least 2"):
        module.sequence_bias(module.SequenceBiasConfig(sets=1, page=page))
    assert not page.exists()
    page.write_text("no place")
    with error(InputError, "must have one line <!-- bias -->"):
        module.sequence_bias(module.SequenceBiasConfig(page=page))
