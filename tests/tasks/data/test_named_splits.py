import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks.config import RunConfig
from tasks.data.cast.figures import Cast
from tasks.data.circles import Circles, Simple
from tasks.data.dataset import Dataset
from tasks.data.declaration import HeldOut
from tasks.data.dsprites.moving import DSpritesDynamic, DSpritesStatic
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.factor import Factor
from tasks.data.lpc.characters import LPC
from tasks.data.mpi3d import MPI3D
from tasks.data.population import Population
from tasks.data.shapes3d.rooms import Shapes3D
from tasks.data.split import Part, Split, named_split
from tasks.task import population_of
from tests.helpers import error
from vsa.errors import DtypeError, ExpressionError, RangeError


class Blank(MPI3D):
    """MPI3D without its file."""

    def __init__(self) -> None:
        pass

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(classes), *self.shape, dtype=torch.uint8)


class Clear(LPC):
    """The published characters without their sheets."""

    def __init__(self) -> None:
        pass

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(classes), *self.shape, dtype=torch.uint8)


SETS = {
    "dsprites": DSPRITES,
    "circles": Dataset(Circles()),
    "simple": Dataset(Simple()),
    "3dshapes": Dataset(Shapes3D()),
    "mpi3d": Dataset(Blank()),
    "cast": Dataset(Cast()),
    "lpc": Dataset(Clear()),
    "dsprites-dynamic": Dataset(DSpritesDynamic()),
    "dsprites-static": Dataset(DSpritesStatic()),
}
HELD_OUT = {
    ("dsprites", "r2e"): 5_808,
    ("dsprites", "r2e_looks"): 2 * 5_808,
    ("dsprites", "r2r"): 122_880,
    ("dsprites", "r2r_ellipses"): 122_880,
    ("dsprites", "r2r_large"): 122_880,
    ("dsprites", "r2r_centre"): 122_880,
    ("dsprites", "extrapolation"): 368_640,
    ("3dshapes", "r2e"): 72,
    ("3dshapes", "r2r"): 60_000,
    ("3dshapes", "r2r_floor"): 60_000,
    ("3dshapes", "r2r_turned"): 64_000,
    ("3dshapes", "r2r_hues"): 57_600,
    ("3dshapes", "extrapolation"): 240_000,
    ("mpi3d", "r2r"): 86_400,
    ("mpi3d", "r2r_horizontal"): 86_400,
    ("mpi3d", "r2r_red"): 86_400,
    ("mpi3d", "r2r_salmon"): 115_200,
    ("mpi3d", "extrapolation"): 492_480,
    ("cast", "characters"): 2_664,
    ("lpc", "characters"): 2_664,
    ("dsprites-dynamic", "published"): 4_374,
    ("dsprites-static", "published"): 4_666,
    ("circles", "centre"): 144,
    ("circles", "corner"): 256,
    ("simple", "centre"): 144,
    ("simple", "corner"): 256,
}


VALIDATED = {
    ("mpi3d", "extrapolation"): 25_920,
    ("cast", "characters"): 900,
    ("lpc", "characters"): 900,
    ("dsprites-dynamic", "published"): 4_374,
    ("dsprites-static", "published"): 4_666,
}
"""How many are for validation where it is not a scattered tenth of the rest."""


def test_all_are_counted_here() -> None:
    assert set(HELD_OUT) == {(name, split) for name, dataset in SETS.items() for split in dataset.splits}
    assert all(held_out.says for dataset in SETS.values() for held_out in dataset.splits.values())


@pytest.mark.parametrize(("name", "split"), HELD_OUT)
def test_so_many_are_held_out_and_a_tenth_of_the_rest_is_for_validation(name: str, split: str) -> None:
    dataset = SETS[name]
    found = named_split(dataset, split)
    counts = [len(Population(dataset, part, found).every()) for part in ("test", "validation", "train")]
    assert counts[0] == HELD_OUT[name, split]
    assert sum(counts) == math.prod(dataset.counts)
    rest = sum(counts[1:])
    expected = VALIDATED.get((name, split), 0.1 * rest) / rest
    assert counts[1] / rest == pytest.approx(expected, rel=0.25 if rest < 5_000 else 0.02)


def test_of_the_row_that_is_in_neither_part_nothing_is_trained_or_tested_on() -> None:
    split = named_split(SETS["mpi3d"], "extrapolation")
    parts: dict[Part, Sequence[int]] = {"train": range(20), "validation": [20], "test": range(21, 40)}
    for part, allowed in parts.items():
        assert Population(SETS["mpi3d"], part, split).every()[:, 5].unique().tolist() == list(allowed)


@pytest.mark.parametrize(("split", "seen"), [("r2e", 11), ("r2e_looks", 0)])
def test_what_is_held_out_is_seen_in_training_or_not(split: str, seen: int) -> None:
    """Of r2e eleven of twelve orientations are trained on as half a turn more or less; of r2e_looks none is."""
    found = replace(named_split(DSPRITES, split), validation="")
    looks = [DSPRITES.canonical(Population(DSPRITES, part, found).every().long()) for part in ("test", "train")]
    test, train = ({tuple(row) for row in part[part[:, 0] == 1].unique(dim=0).tolist()} for part in looks)
    assert len(test) == 5_808
    assert len(test & train) == 5_808 * seen // 12
    assert train, "others are trained on"


def run(split: str | None, **changes: Any) -> RunConfig:
    return replace(RunConfig(), dataset="circles", split=split, **changes)


def test_a_run_takes_it_by_name() -> None:
    run("corner").check()
    assert len(population_of(run("corner"), "test").every()) == 256
    assert population_of(run("corner"), "test").split == Split("tenth == 1", Circles.splits["corner"].test)
    assert RunConfig.from_json(run("corner").as_json()) == run("corner")
    assert run("corner").differs(run(None)) == ["split"]
    with error(RangeError, "the data set circles has no split 'r2r'; there are: centre, corner"):
        population_of(run("r2r"), "test")
    with error(RangeError, "the data set circles has no split 'center'; did you mean 'centre'"):
        population_of(run("center"), "test")
    for name in ("test", "validation"):
        with error(RangeError, f"split says what is held out, and so does {name}: choose one"):
            run("corner", **{name: "x > 3"}).check()


class Own:
    name = "own"
    factors = (Factor("x", range(4)),)
    shape = (1, 1, 4)

    def __init__(self, splits: Any) -> None:
        self.splits = splits

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(classes[:, 0], 4).to(torch.uint8)[:, None, None]

    def canonical(self, classes: torch.Tensor) -> torch.Tensor:
        return classes


def test_a_data_set_of_ones_own_has_its_own() -> None:
    own = Dataset(Own({"right": "x > 2", "left": HeldOut("x < 1", "x == 1")}))
    assert named_split(own, "right") == Split("tenth == 1", "x > 2")
    assert named_split(own, "left") == Split("x == 1", "x < 1")
    with error(RangeError, "the data set own has no split 'far'; there are: right, left"):
        named_split(own, "far")
    with error(ExpressionError, "there is no 'y'"):
        named_split(Dataset(Own({"right": "y > 2"})), "right")
    with error(DtypeError, "the splits of the data set own must map names to expressions, got list"):
        Dataset(Own([]))
    with error(DtypeError, "the splits of the data set own must be texts, or tasks.data.declaration.HeldOut, by name", "'a': 3"):
        Dataset(Own({"a": 3}))


def test_the_page_has_every_count(request: pytest.FixtureRequest) -> None:
    page = (Path(request.config.rootpath) / "docs" / "data.md").read_text()
    for (_, split), count in HELD_OUT.items():
        assert f"`{split}`" in page
        assert f"{count:,}" in page
