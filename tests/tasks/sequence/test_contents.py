"""The prior of content that is fitted afterwards: a mixture that is found again, and sampled as it is."""

import torch

from tasks.sequence.contents import Contents
from tasks.sequence.task import TASK
from tests.helpers import error
from tests.tasks.sequence.numbers import rng
from tests.tasks.sequence.settings import small
from vsa.errors import ShapeError


def mixture() -> torch.Tensor:
    """A quarter about (0, 0), and the others, stretched along a diagonal, about (8, 0)."""
    noise = torch.randn(4000, 2, generator=rng(0))
    stretched = noise @ torch.tensor([[1.0, 0.9], [0.0, 0.2]]) + torch.tensor([8.0, 0.0])
    return torch.where((torch.arange(4000) % 4 == 0)[:, None], 0.5 * noise, stretched)


def test_a_mixture_is_found_again_and_sampled_as_it_is() -> None:
    contents, given = Contents(2, 2), mixture()
    contents.fit(given)
    order = contents.means[:, 0].argsort()
    torch.testing.assert_close(contents.shares[order], torch.tensor([0.25, 0.75]), atol=0.02, rtol=0)
    torch.testing.assert_close(contents.means[order], torch.tensor([[0.0, 0.0], [8.0, 0.0]]), atol=0.1, rtol=0)
    drawn = contents.sample(8000, rng(1))
    for part in (lambda each: each[each[:, 0] < 4], lambda each: each[each[:, 0] >= 4]):
        torch.testing.assert_close(part(drawn).mean(0), part(given).mean(0), atol=0.1, rtol=0)
        torch.testing.assert_close(part(drawn).T.cov(), part(given).T.cov(), atol=0.1, rtol=0)


def test_the_same_seeds_give_the_same() -> None:
    one, other = Contents(3, 2), Contents(3, 2)
    one.fit(mixture(), seed=2**60)
    other.fit(mixture(), seed=2**60)
    assert one.sample(4, rng(0)).equal(other.sample(4, rng(0)))


def test_too_few_contents_or_others_are_refused() -> None:
    for given in (torch.zeros(2, 2), torch.zeros(5, 3), torch.zeros(5)):
        with error(ShapeError, "contents must be [n, 2], at least 3 of them, got"):
            Contents(3, 2).fit(given)


def test_it_is_fitted_when_the_training_ends_and_kept_with_the_weights() -> None:
    fitted, _ = TASK.learn(small())
    assert fitted.contents is not None
    assert fitted.prior_content(3, rng(0)).equal(fitted.contents.sample(3, rng(0)))
    again = TASK.restore(small(), fitted.state_dict())
    assert again.prior_content(3, rng(0)).equal(fitted.prior_content(3, rng(0)))
    standard, _ = TASK.learn(small(content_modes=1))
    assert standard.contents is None
    assert standard.prior_content(3, rng(0)).equal(torch.randn(3, 6, generator=rng(0)))
