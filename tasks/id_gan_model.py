"""ID-GAN: a generator that draws sharp pictures from the codes of a VAE that stays as it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tasks import networks
from tasks.about import TaskModel
from tasks.pictures import Pictures
from tasks.vae_model import VAE, frozen

if TYPE_CHECKING:
    from jaxtyping import Float

    from tasks.data.schemes import Batch


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


class IDGAN(TaskModel):
    """A frozen VAE, a generator of pictures from its codes and noise, and a discriminator.

    Args:
        vae: whose codes are drawn; its weights are never changed.
        generator: codes and noise [B, L + noise] to the logits of pictures; a decoder.
        discriminator: pictures to the log odds that they are true; an encoder of one feature of dimension 1, whose mean it is.
        noise: random numbers beside the code.
        average: how much of the averaged generator stays in a step; it is what draws in the end.

    Source: Lee et al., "High-fidelity synthesis with disentangled representation", 2020, arXiv 2001.04296.
    """

    def __init__(self, vae: VAE, generator: nn.Module, discriminator: nn.Module, noise: int, average: float) -> None:
        super().__init__()
        self.vae, self.generator, self.discriminator, self.noise = vae.requires_grad_(False), generator, discriminator, noise
        self.averaged = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(average), use_buffers=True)
        self.averaged.requires_grad_(False)

    def average(self) -> None:
        """Take the generator's weights into their average, after a step."""
        self.averaged.update_parameters(self.generator)

    @property
    def latents(self) -> int:
        """How many numbers make a code."""
        return self.vae.latents

    def posterior(self, images: Pictures, white: int = 1) -> tuple[Float[Tensor, "b latents"], Float[Tensor, "b latents"]]:
        """Mean and log variance of the code, [B, L] each: those of the VAE, which says what may be given."""
        return self.vae.posterior(images, white)

    def codes(self, images: Pictures, white: int = 1) -> Float[Tensor, "b latents"]:
        """The codes [B, L] of pictures: those of the VAE."""
        return self.vae.codes(images, white)

    def logits(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """The log odds that a pixel is on, as the averaged generator draws codes [B, L]; with noise of 0."""
        return networks.logits(self.averaged, nn.functional.pad(codes, (0, self.noise)), self.image)

    def decode(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """Pictures [B, C, H, W] of codes [B, L]: the probability that a pixel is on."""
        return self.logits(codes).sigmoid()

    def forward(self, batch: Batch) -> Judged:
        """Draw the codes of true pictures, and let the discriminator see both; one backward pass serves both sides."""
        true = batch.share.of(batch.pictures).float()
        seed = torch.Generator(true.device).manual_seed(batch.noise + batch.share.process)
        mean, logvar = self.vae.posterior_of(true)
        code = mean + torch.randn(mean.shape, device=mean.device, generator=seed) * (logvar / 2).exp()
        noise = torch.randn(len(true), self.noise, device=mean.device, generator=seed)
        drawn = networks.logits(self.generator, torch.cat([code, noise], 1), self.image).sigmoid()
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
