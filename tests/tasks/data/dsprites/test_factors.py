import math

import pytest
import torch

from tasks.data.dsprites.factors import FACTORS, IDENTIFIABLE, SYMMETRY, angular_distance


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
