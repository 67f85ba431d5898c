"""The VAE: a picture as a code of a few numbers, and a decoder that draws it from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from tasks import networks
from tasks.card import Page
from tasks.likelihood import BERNOULLI, Likelihood
from tasks.normal import sample_normal
from tasks.pictures import Pictures, as_pictures
from tasks.provenance import Provenance
from tasks.shard import Shard
from tasks.task_model import TaskModel
from tasks.vae.losses import averaged_over_pairs, shuffled

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


SNIPPET = """\
pictures = dataset.observe(torch.zeros(1, len(dataset.factors), dtype=torch.long))
codes = model.codes(pictures)  # the means [1, latents]
drawn = model.decode(codes)  # from 0 to 1
"""
"""What a page shows of a model of codes."""
MEASURES = "docs/metrics.md in the repository says what each number means."


class Drawn(NamedTuple):
    """What a VAE makes of a batch.

    Attributes:
        parameters: [T, C, H, W], of the likelihood of this process's shard of the targets.
        mean, logvar: [P, L], the posteriors of all pictures.
        sample: [P, L], a draw of each.
        joint: [P, 2], what the discriminator says of the samples, its weights held fixed; None without a discriminator.
        group: of a Lie group VAE the products of its basis, and the squared distance of the encoder's matrix from the code's.
        told: what it says of samples and of shuffled samples, [P / 2, 2] each, the samples held fixed; None without one.
    """

    parameters: Tensor
    mean: Tensor
    logvar: Tensor
    sample: Tensor
    joint: Tensor | None = None
    told: tuple[Tensor, Tensor] | None = None
    group: tuple[Tensor, Tensor] | None = None


class VAE(TaskModel):
    """An encoder to posteriors of L numbers, and a decoder of codes.

    Args:
        encoder: pictures to mean and log variance, a plugin that was made for L features of dimension 1.
        decoder: codes [B, L] to the parameters of pictures.
        latents: L.
        likelihood: what these parameters say.
        discriminator: samples [B, L] to two logits, joint and shuffled, for FactorVAE; None for all others.

    Example:
        >>> from decoders.conv import burgess as decoder
        >>> from encoders.conv import burgess as encoder
        >>> model = VAE(encoder((1, 64, 64), 10, 1), decoder(10, (1, 64, 64)), latents=10)
        >>> model.decode(model.codes(torch.zeros(2, 1, 64, 64))).shape
        torch.Size([2, 1, 64, 64])
    """

    kind = "vae"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latents: int,
        discriminator: nn.Module | None = None,
        likelihood: Likelihood = BERNOULLI,
    ) -> None:
        super().__init__()
        self.likelihood = likelihood
        self.encoder, self.decoder, self.latents, self.discriminator = encoder, decoder, latents, discriminator

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: how pictures are codes, and how one is drawn again."""
        return replace(
            super().page(provenance),
            summary=f"Pictures as codes of {self.latents} numbers.",
            details=("An encoder gives the mean and the variance of each number; a decoder draws a picture from a code.",),
            snippet=SNIPPET,
            measures=MEASURES,
        )

    def posterior(
        self, images: Pictures, white: int | None = None, *, prepare: bool = False
    ) -> tuple[Float[Tensor, "b latents"], Float[Tensor, "b latents"]]:
        """Mean and log variance of the code, float32 [B, L] each.

        Args:
            images: a tensor or an array [B, C, H, W] with values from 0 to white; or pictures of PIL's.
            white: the value of a white pixel, 1 or 255; if it is not given, 255 for pictures of eight bits.
            prepare: resize them, and turn colours to greyscale or back, where they are not as the encoder takes them.

        Raises:
            DtypeError, ShapeError, RangeError: they are no such pictures; or the encoder returns something else.
        """
        return self.posterior_of(as_pictures(images, self.device, self.image, white, prepare))

    def posterior_of(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The same of pictures that are known to be right, as in training."""
        mean, logvar = networks.posterior(self.encoder, images, self.latents, 1)
        return mean[..., 0], logvar[..., 0]

    def codes(self, images: Pictures, white: int | None = None, *, prepare: bool = False) -> Float[Tensor, "b latents"]:
        """The codes [B, L] of pictures: the posterior's mean.

        Args, Raises: as of `posterior`.
        """
        return self.posterior(images, white, prepare=prepare)[0]

    def parameters_of(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """The parameters of the pictures' likelihood [B, C, H, W], of codes [B, L]: of Bernoulli the log odds of pixels.

        Raises:
            DtypeError, ShapeError: the decoder returns something else.
        """
        return networks.parameters(self.decoder, codes, self.image)

    def redrawn(self, images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The parameters of pictures, drawn of their codes."""
        return self.parameters_of(self.codes(images))

    def decode(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """Pictures [B, C, H, W] of codes [B, L], from 0 to 1: what the likelihood expects."""
        return self.likelihood.mean(self.parameters_of(codes))

    def sampled(
        self, posterior: tuple[Tensor, Tensor], n: int, noise: int, averaged: bool, shard: Shard
    ) -> tuple[Tensor, Tensor, Tensor, torch.Generator]:
        """Mean, log variance and a draw of the posteriors of all n pictures, [P, L] each, and the generator that drew.

        Args:
            posterior: mean and log variance of this process's shard of them.
            n, noise, averaged, shard: of `forward`.
        """
        mean, logvar = (shard.gather(part, n) for part in posterior)
        if averaged:
            mean, logvar = averaged_over_pairs(mean, logvar)
        generator = torch.Generator(mean.device).manual_seed(noise)
        return mean, logvar, sample_normal(mean, logvar, generator), generator

    def forward(
        self,
        pictures: Shaped[Tensor, "p c h w"],
        *,
        noise: int = 0,
        averaged: bool = False,
        shard: Shard = Shard(),  # noqa: B008  (it cannot change)
    ) -> Drawn:
        """Encode, sample and draw; each of several processes encodes and draws its shard.

        Args:
            pictures: [P, C, H, W]; they are the targets too.
            noise: the seed with which posteriors are sampled.
            averaged: average the posteriors of picture i and its pair where they agree, as Ada-GVAE does.
            shard: this process's.
        """
        mean, logvar, sample, generator = self.sampled(
            self.posterior_of(shard.padded(pictures)), len(pictures), noise, averaged, shard
        )
        parameters = self.parameters_of(shard.of(sample))
        if self.discriminator is None:
            return Drawn(parameters, mean, logvar, sample)
        # One backward pass for both sides: each sees the other as it is, and does not change it.
        joint = frozen(self.discriminator, sample)
        first, second = sample.detach().tensor_split(2)  # two halves, so that the shuffled samples are of other pictures
        told = self.discriminator(torch.cat([first, shuffled(second, generator)])).tensor_split([len(first)])
        return Drawn(parameters, mean, logvar, sample, joint, (told[0], told[1]))


class OnVAE(TaskModel):
    """A model whose codes are those of a VAE.

    Args:
        vae: encodes pictures, and says what its likelihood is.
    """

    def __init__(self, vae: VAE) -> None:
        super().__init__()
        self.vae = vae

    @property
    def latents(self) -> int:
        """How many numbers make a code."""
        return self.vae.latents

    @property
    def likelihood(self) -> Likelihood:
        """What parameters of pictures say."""
        return self.vae.likelihood

    def posterior(
        self, images: Pictures, white: int | None = None, *, prepare: bool = False
    ) -> tuple[Float[Tensor, "b latents"], Float[Tensor, "b latents"]]:
        """Mean and log variance of the code, [B, L] each: those of the VAE, which says what may be given."""
        return self.vae.posterior(images, white, prepare=prepare)

    def codes(self, images: Pictures, white: int | None = None, *, prepare: bool = False) -> Float[Tensor, "b latents"]:
        """The codes [B, L] of pictures: those of the VAE."""
        return self.vae.codes(images, white, prepare=prepare)

    def parameters_of(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """The parameters of the pictures' likelihood [B, C, H, W], of codes [B, L]: as the VAE draws them."""
        return self.vae.parameters_of(codes)

    def redrawn(self, images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The parameters of pictures, drawn of their codes."""
        return self.parameters_of(self.codes(images))

    def decode(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """Pictures [B, C, H, W] of codes [B, L], from 0 to 1: what the likelihood expects."""
        return self.likelihood.mean(self.parameters_of(codes))


def frozen(module: nn.Module, given: Tensor) -> Any:
    """What a module makes of a tensor, to which gradients flow, but not to the module's weights.

    Example:
        >>> module, given = nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
        >>> frozen(module, given).sum().backward()
        >>> given.grad is not None, module.weight.grad
        (True, None)
    """
    held = {name: weight.detach() for name, weight in module.state_dict(keep_vars=True).items()}
    return functional_call(module, held, (given,))


def latent_discriminator(latents: int, width: int = 1000) -> nn.Sequential:
    """Tells samples from shuffled samples: five hidden layers of 1,000, leaky ReLU.

    Source: Kim and Mnih, "Disentangling by factorising", 2018, arXiv 1802.05983, appendix A.
    """
    layers: list[nn.Module] = []
    for before in (latents, *[width] * 4):
        layers += [nn.Linear(before, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, 2))
