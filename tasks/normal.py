"""Normal numbers, drawn so that whoever has the mean and the log variance learns through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float


def sample_normal(mean: Float[Tensor, "*n"], logvar: Float[Tensor, "*n"], generator: torch.Generator) -> Float[Tensor, "*n"]:
    """A draw of normal numbers of these means and log variances.

    Args:
        mean, logvar: of each number.
        generator: decides, on its own device; where that is another one, the noise is copied.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", 2014, section 2.4.

    Example:
        >>> sample_normal(torch.ones(2), torch.full((2,), -100.0), torch.Generator())
        tensor([1., 1.])
    """
    # Not randn_like, which follows the strides of the mean and is many times slower where they are not in order.
    noise = torch.randn(mean.shape, device=generator.device, generator=generator)
    return mean + noise.to(mean) * (logvar / 2).exp()
