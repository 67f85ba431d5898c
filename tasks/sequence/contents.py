"""A prior of content that is fitted to what a trained model says of clips: a mixture of normals.

In training the prior of content is standard normal. Contents of clips do not fill it: most of it lies between them, where a
decoder draws what is half one and half another. So samples come from a mixture that was fitted to contents afterwards.

Source: Ghosh et al., "From variational to deterministic autoencoders", 2020, arXiv 1903.12436, section 4.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float

LEAST = 1e-3
"""A variance that is added to every direction of every normal, so that few contents do not make one flat."""


class Contents(nn.Module):
    """A mixture of normals, each with a covariance of its own.

    Args:
        modes: how many normals.
        size: how many numbers a content has.

    Example:
        >>> contents = Contents(modes=2, size=3)
        >>> contents.fit(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)))
        >>> contents.sample(5, torch.Generator().manual_seed(0)).shape
        torch.Size([5, 3])
    """

    shares: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, modes: int, size: int) -> None:
        super().__init__()
        self.register_buffer("shares", torch.full((modes,), 1 / modes))
        self.register_buffer("means", torch.zeros(modes, size))
        self.register_buffer("factors", torch.eye(size).repeat(modes, 1, 1))

    def fit(self, contents: Float[Tensor, "n size"], seed: int = 0) -> None:
        """Take the mixture that makes contents likely, as expectation maximisation finds it from k-means on.

        Args:
            contents: [n, size], at least as many as there are normals.
            seed: of the k-means.

        Raises:
            ShapeError: they are fewer, or of another size.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        modes, size = self.means.shape
        if contents.ndim != 2 or contents.shape[1] != size or len(contents) < modes:
            raise ShapeError(f"contents must be [n, {size}], at least {modes} of them, got {list(contents.shape)}")
        mixture = GaussianMixture(modes, reg_covar=LEAST, random_state=seed % 2**32)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ConvergenceWarning
            )  # a hundred rounds are enough, whether they change it still or not
            mixture.fit(contents.detach().cpu().double().numpy())
        factors = torch.linalg.cholesky(torch.from_numpy(mixture.covariances_))
        for buffer, found in ((self.shares, mixture.weights_), (self.means, mixture.means_), (self.factors, factors)):
            buffer.copy_(torch.as_tensor(found))

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        """Contents [n, size].

        Args:
            n: how many.
            generator: decides, on the CPU.
        """
        chosen = torch.multinomial(self.shares.float().cpu(), n, replacement=True, generator=generator).to(self.means.device)
        noise = torch.randn(n, self.means.shape[1], generator=generator).to(self.means)
        return self.means[chosen] + torch.einsum("nij,nj->ni", self.factors[chosen], noise)
