"""ID-GAN: a generator that draws sharp pictures from the codes of a VAE that stays as it is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tasks import networks
from tasks.card import Page
from tasks.normal import sample_normal
from tasks.provenance import Provenance
from tasks.vae.model import MEASURES, SNIPPET, VAE, OnVAE, frozen

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


class Judged(NamedTuple):
    """What both sides make of a batch.

    Attributes:
        drawn: [B], the discriminator's log odds that what was drawn is true; gradients flow to the generator alone.
        true, false: [B], its log odds of true pictures and of what was drawn; gradients flow to the discriminator alone.
        gradient: [B], R1: its squared gradient at true pictures; zeros where no gradients are taken.
        surprise: [B], minus the log probability density of the code in the posterior of what was drawn, in nats.
    """

    drawn: Tensor
    true: Tensor
    false: Tensor
    gradient: Tensor
    surprise: Tensor


class IDGAN(OnVAE):
    """A frozen VAE, a generator of pictures from its codes and noise, and a discriminator.

    Args:
        vae: whose codes are drawn; its weights are never changed.
        generator: codes and noise [B, L + noise] to the parameters of pictures; a decoder.
        discriminator: pictures to the log odds that they are true; an encoder of one feature of dimension 1, whose mean it is.
        noise: random numbers beside the code.
        average: how much of the averaged generator stays in a step; it is what draws in the end.

    Source: Lee et al., "High-fidelity synthesis with disentangled representation", 2020, arXiv 2001.04296.
    """

    kind = "id-gan"

    def __init__(self, vae: VAE, generator: nn.Module, discriminator: nn.Module, noise: int, average: float) -> None:
        super().__init__(vae.requires_grad_(False))
        self.generator, self.discriminator, self.noise = generator, discriminator, noise
        self.averaged = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(average), use_buffers=True)
        self.averaged.requires_grad_(False)

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: whose codes it draws, and how."""
        return replace(
            super().page(provenance),
            summary=f"Sharp pictures of codes of {self.latents} numbers.",
            details=(
                "The encoder of a VAE gives the codes of pictures; a generator, trained against a discriminator, draws them.",
            ),
            snippet=SNIPPET,
            measures=MEASURES,
        )

    def average(self) -> None:
        """Take the generator's weights into their average, after a step."""
        self.averaged.update_parameters(self.generator)

    def parameters_of(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """The parameters of pictures [B, C, H, W], as the averaged generator draws codes [B, L]; with noise of 0."""
        return networks.parameters(self.averaged, nn.functional.pad(codes, (0, self.noise)), self.image)

    def decode(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """Pictures [B, C, H, W] of codes [B, L], from 0 to 1."""
        return self.vae.likelihood.mean(self.parameters_of(codes))

    def forward(self, pictures: Shaped[Tensor, "b c h w"], *, noise: int = 0) -> Judged:
        """Draw the codes of true pictures, and let the discriminator see both; one backward pass serves both sides.

        Args:
            pictures: [B, C, H, W], true ones.
            noise: the seed of codes and of the generator's noise.
        """
        true = pictures.float()
        seed = torch.Generator(true.device).manual_seed(noise)
        mean, logvar = self.vae.posterior_of(true)
        code = sample_normal(mean, logvar, seed)
        beside = torch.randn(len(true), self.noise, device=mean.device, generator=seed)
        drawn = self.vae.likelihood.mean(networks.parameters(self.generator, torch.cat([code, beside], 1), self.image))
        its_mean, its_logvar = self.vae.posterior_of(drawn)
        surprise = 0.5 * ((code - its_mean).square() * (-its_logvar).exp() + its_logvar + math.log(2 * math.pi))
        seen = true.detach().requires_grad_(torch.is_grad_enabled())
        odds = networks.posterior(self.discriminator, seen, 1, 1)[0].flatten()
        if torch.is_grad_enabled():
            (slope,) = torch.autograd.grad(odds.sum(), seen, create_graph=True)
            gradient = slope.square().flatten(1).sum(1)
        else:
            gradient = torch.zeros_like(odds)
        false = networks.posterior(self.discriminator, drawn.detach(), 1, 1)[0].flatten()
        return Judged(frozen(self.discriminator, drawn)[0].flatten(), odds, false, gradient, surprise.sum(1))
