import pytest
import torch

from tasks.data.dsprites.factors import FEATURES, ORIENTATION, SCALE, SHAPE, X
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import touching
from tasks.data.population import Population
from tasks.data.scenes import observe_scenes
from tasks.evaluation.composition import scene_vectors
from tasks.evaluation.counterfactuals import edit_by_algebra, sample_edits
from tasks.evaluation.figure_scenes import assembled, beside, sample_object_edits, sample_stratified, sample_swaps
from tests.tasks.symbolic.test_figures import make

OBJECTS = Population(DSPRITES, "test")


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_objects_are_spread_over_a_feature() -> None:
    assert sample_stratified(5, SHAPE, OBJECTS, generator())[:, SHAPE].tolist() == [0, 0, 1, 2, 2]
    assert sample_stratified(5, SCALE, OBJECTS, generator())[:, SCALE].unique().numel() == 5
    x = sample_stratified(5, X, OBJECTS, generator())[:, X]
    assert ((x - torch.tensor([3, 9, 16, 22, 28])).abs() <= 3).all()
    hearts = sample_stratified(5, ORIENTATION, OBJECTS, generator())
    assert (hearts[:, SHAPE] == 2).all()
    assert OBJECTS.accept(hearts).all()


@pytest.mark.parametrize("others", [0, 1])
def test_swaps_exchange_one_feature_of_each_object_with_each_donor(others: int) -> None:
    swaps = sample_swaps(4, OBJECTS, others, generator())
    assert [edits.feature for edits in swaps] == list(range(len(FEATURES)))
    for f, edits in enumerate(swaps):
        assert edits.others.shape == (16, others, 5)
        assert torch.equal(edits.first, swaps[0].first)
        first, donors = edits.first[::4], edits.donors[:4, f]
        for i in range(4):
            for j in range(4):
                expected = first[i].clone()
                expected[f] = donors[j, f]
                assert torch.equal(edits.edited[4 * i + j], expected)
        assert OBJECTS.accept(first).all()
        assert OBJECTS.accept(donors).all()
        assert not touching(DSPRITES.mask(edits.rest()), DSPRITES.mask(DSPRITES.observe(edits.edited))).all()


def test_assembly_takes_one_feature_after_the_other() -> None:
    edits = sample_edits(3, tuple(range(5)), 1, OBJECTS, generator())
    parts = assembled(edits)
    assert torch.equal(parts[-1].edited, edits.edited)
    for count, part in enumerate(parts, 1):
        assert part.features == tuple(range(count))
        assert torch.equal(part.edited[:, :count], edits.donors.diagonal(dim1=1, dim2=2)[:, :count])
        assert torch.equal(part.edited[:, count:], edits.first[:, count:])
    # An untrained model can be wrong about everything but the algebra: nothing of the object is left in the end.
    model = make(2)
    before, after = edit_by_algebra(model, edits)
    steps = [edit_by_algebra(model, part) for part in parts]
    torch.testing.assert_close(steps[0][0], before)
    torch.testing.assert_close(steps[-1][1], after)


@pytest.mark.parametrize("count", [2, 4, 5])
def test_an_object_less_and_another_one_more(count: int) -> None:
    edits = sample_object_edits(4, count, 5, OBJECTS, generator())
    present = [(scenes[..., 0] >= 0).sum(1) for scenes in (edits.before, edits.fewer, edits.more)]
    assert present[0].tolist() == [count] * 4
    assert present[1].tolist() == [count - 1] * 4
    assert present[2].tolist() == [min(count + 1, 5)] * 4
    assert OBJECTS.accept(edits.new).all()
    assert not touching(*map(DSPRITES.mask, (observe_scenes(edits.fewer, DSPRITES), DSPRITES.observe(edits.new)))).any()
    if count == 5:
        assert torch.equal(edits.out, edits.into)
    # The algebra gives the vectors of these scenes, whatever the model has learnt.
    model = make(5)
    by_algebra = edits.by_algebra(model)
    for vectors, scenes in zip(by_algebra, (edits.before, edits.fewer, edits.more), strict=True):
        torch.testing.assert_close(vectors, scene_vectors(model, scenes, DSPRITES)[1], rtol=1e-4, atol=1e-4)


def test_what_is_beside_shares_no_pixel_or_as_few_as_can_be() -> None:
    pictures = OBJECTS.observe(OBJECTS.sample(4, generator()))
    other = beside(pictures, OBJECTS, generator())
    assert OBJECTS.accept(other).all()
    assert not touching(DSPRITES.mask(pictures), DSPRITES.mask(OBJECTS.observe(other))).any()
    everywhere = torch.ones(1, 1, 64, 64, dtype=torch.uint8)
    smallest = OBJECTS.observe(beside(everywhere, OBJECTS, generator())).sum()
    assert smallest < OBJECTS.observe(OBJECTS.sample(50, generator())).flatten(1).sum(1).float().mean() / 2
