import math

import pytest
import torch

from tasks.data.factors import COUNTS, FACTORS, IDENTIFIABLE, SYMMETRY, angular_distance, held_out

LATENTS = torch.cartesian_prod(*(torch.arange(count) for count in COUNTS))


def test_one_latent_in_ten_is_held_out_whatever_its_factors() -> None:
    out = held_out(LATENTS)
    assert out.float().mean().item() == pytest.approx(0.1, abs=0.002)
    for f, count in enumerate(COUNTS):
        shares = torch.stack([out[LATENTS[:, f] == value].float().mean() for value in range(count)])
        assert (shares - 0.1).abs().max() < 0.01


def test_neighbours_fall_on_different_sides() -> None:
    out = held_out(LATENTS).view(COUNTS).float() - 0.1
    for f in range(1, 5):
        a, b = out.narrow(f, 1, COUNTS[f] - 1), out.narrow(f, 0, COUNTS[f] - 1)
        correlation = (a * b)[:, :, :38].mean() / out.var()
        assert abs(correlation.item()) < 0.02


def test_the_same_picture_is_never_on_both_sides() -> None:
    first, last = LATENTS.clone(), LATENTS.clone()
    first[:, 2], last[:, 2] = 0, 39
    assert torch.equal(held_out(first), held_out(last))


def test_the_split_never_changes() -> None:
    assert held_out(LATENTS).nonzero()[:5, 0].tolist() == [0, 6, 37, 51, 52]
    assert int(held_out(LATENTS).sum()) == 74_048


def test_orientations_are_compared_up_to_symmetry() -> None:
    a = torch.tensor([0.1, 0.1, 0.1], dtype=torch.float64)
    b = a + torch.tensor([math.pi / 2, math.pi, 2 * math.pi], dtype=torch.float64) - 0.2
    distance = angular_distance(a, b, torch.tensor(SYMMETRY))
    assert distance.tolist() == pytest.approx([0.2, 0.2, 0.2])
    assert angular_distance(torch.tensor(0.0), torch.tensor(math.pi / 2), torch.tensor(1)).item() == pytest.approx(math.pi / 2)


def test_no_two_orientations_of_the_identifiable_subset_look_the_same() -> None:
    angles = torch.tensor(FACTORS[2].values)[list(IDENTIFIABLE)]
    for symmetry in SYMMETRY:
        distance = angular_distance(angles[:, None], angles, torch.tensor(symmetry))
        assert distance[~torch.eye(10, dtype=torch.bool)].min() > 0.1
