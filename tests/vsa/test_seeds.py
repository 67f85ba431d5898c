import pytest
import torch
from torch import Tensor

from tests.helpers import ALGEBRAS, error
from vsa import Algebra, ItemMemory, bind, bundle, random, unbind
from vsa.embeddings import Circular, Density, FractionalPower, Level, RandomProjection, Sinusoid
from vsa.errors import AlgebraError, DtypeError
from vsa.seeds import seeded

DIM = 72 * 72 * 4  # a square for VTB, a multiple of 64 for PackedBSC


def vectors(algebra: Algebra, name: str) -> Tensor:
    """Two vectors of each thing that is made of the seed 0 and holds vectors of the algebra, and two of torch's own generator."""
    level, circle = Level(9, DIM, algebra=algebra, name=name), Circular(8, DIM, algebra=algebra, name=name)
    made = [level.vectors[[0, -1]], circle.vectors[[0, 4]]]
    try:
        made.append(Density(2, DIM, algebra=algebra, name=name).keys)
    except AlgebraError:  # there is no thermometer of every algebra
        assert algebra.name not in ("MAP", "FHRR", "BSC", "PackedBSC")
    return torch.cat([x.to(algebra.dtype) for x in made])


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_no_two_things_of_one_seed_share_vectors(algebra: Algebra) -> None:
    by_hand = algebra.random(2, DIM, generator=torch.Generator().manual_seed(0))
    symbols = ItemMemory(["Level", "Circular", "Density", "", "x"], DIM, algebra=algebra).vectors
    x = torch.cat([by_hand, symbols, vectors(algebra, ""), vectors(algebra, "x"), vectors(algebra, "y")])
    apart = algebra.similarity(x[:, None], x).sub(algebra.laws.expected_similarity).fill_diagonal_(0)
    assert apart.abs().max() < 6 * DIM**-0.5


def test_no_two_maps_of_one_seed_share_numbers() -> None:
    columns = [torch.randn(DIM, 2, generator=torch.Generator().manual_seed(0))]
    for name in ("", "x", "y"):
        bend = Sinusoid(2, DIM, name=name)
        columns += [RandomProjection(2, DIM, name=name).weight, bend.weight, bend.bias[:, None] - torch.pi]
        columns += [FractionalPower(2, DIM, name=name).phases]
    x = torch.nn.functional.normalize(torch.cat(columns, 1), dim=0)
    assert (x.T @ x).fill_diagonal_(0).abs().max() < 6 * DIM**-0.5


def test_levels_bound_with_keys_of_the_same_seed_are_decoded() -> None:
    keys, level = random(2, 1024, generator=torch.Generator().manual_seed(0)), Level(11, 1024)
    values = torch.cartesian_prod(level.decode(level.vectors), level.decode(level.vectors))
    records = bundle(bind(level(values), keys))
    assert torch.equal(level.decode(unbind(records[:, None], keys)), values)


def test_a_seed_an_owner_and_a_name_say_all() -> None:
    def number(*what: object) -> float:
        return torch.rand(1, generator=seeded(*what)).item()  # pyright: ignore[reportArgumentType]

    assert number(0, "Level") == number(0, "Level", "")
    told = [number(seed, owner, name) for seed in (0, 1, -1, 10**5000) for owner in ("a", "b") for name in ("", "a", "\ud800")]
    assert len(set(told)) == len(told)
    with error(DtypeError, "Level: the name must be a string, got int"):
        Level(3, 64, name=3)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "Density: the seed must be an integer, got bool"):
        Density(3, 64, seed=True)
