"""What a run says of a sequential autoencoder: how clips are drawn again, swapped, and how many nats their codes tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from tasks.data.population import Population
from tasks.normal import sample_normal
from tasks.sequence.config import SequenceConfig
from tasks.sequence.model import SequentialAutoencoder
from tasks.symbolic.losses import kl_divergence

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor

CHUNK = 32
"""Clips that are encoded and drawn at once."""


def measure(
    model: SequentialAutoencoder, population: Population, config: SequenceConfig, generator: torch.Generator
) -> dict[str, Any]:
    """The squared error of clips drawn again and swapped, each with a control, and the KL of both codes.

    Args:
        model: measured.
        population: of clips.
        config: how many, as `evaluate`.
        generator: decides which.

    Returns:
        reconstruction_error: the squared error of a value, from 0 to 1, of clips drawn again.
        mean_error: the same of the mean clip, the control of what shows nothing.
        kl: of content and of motion, nats a clip.
        swap_error: of the content of one clip with the motion of another, beside the exact clip; swap_control: that of the clip
            that gave the content, unchanged. Both where the data set says which of its factors move.
    """
    first, second = population.sample(config.evaluate, generator), population.sample(config.evaluate, generator)
    noise = torch.Generator().manual_seed(config.seed)
    totals: dict[str, float] = {}
    middle = population.observe(second).float().mean(0)
    for one, other in zip(first.split(CHUNK), second.split(CHUNK), strict=True):
        for name, value in _measured(model, population, one, other, middle, noise).items():
            totals[name] = totals.get(name, 0.0) + value * len(one) / config.evaluate
    kl = {name.removeprefix("kl_"): totals.pop(name) for name in ("kl_content", "kl_motion")}
    return totals | {"kl": kl}


@torch.inference_mode()
def _measured(
    model: SequentialAutoencoder,
    population: Population,
    first: Int64[Tensor, "n f"],
    second: Int64[Tensor, "n f"],
    middle: Float[Tensor, "t c h w"],
    noise: torch.Generator,
) -> dict[str, float]:
    """The same of a few clips."""
    dataset = population.dataset
    clips, others = population.observe(first).float(), population.observe(second).float()
    found = model.posterior(clips.to(model.device))
    motion = sample_normal(found.motion, found.motion_logvar, noise)
    again = model.decode(found.content, found.motion).cpu()
    told = {
        "reconstruction_error": (again - clips).square().mean().item(),
        "mean_error": (middle - clips).square().mean().item(),
        "kl_content": kl_divergence(found.content, found.content_logvar).item(),
        "kl_motion": model.prior.kl(found.motion, found.motion_logvar, motion).mean().item(),
    }
    if dataset.dynamic:
        right = dataset.observe(torch.where(dataset.moves, second, first)).float()
        swapped = model.decode(found.content, model.encode(others.to(model.device))[1]).cpu()
        told["swap_error"] = (swapped - right).square().mean().item()
        told["swap_control"] = (clips - right).square().mean().item()
    return told
