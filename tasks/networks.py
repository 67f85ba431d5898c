"""Encoders and decoders, whoever wrote them: made by name, tried on a small batch, and held to what they shall return."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from vsa import load
from vsa.errors import DtypeError, PluginError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

TRIED = 2
"""Observations or vectors on which a network is tried when it is made."""


def make(kind: str, name: str, *, image: tuple[int, ...], dim: int, features: int | None = None, **asked: Any) -> nn.Module:
    """The encoder or decoder of a name, tried once.

    Args:
        kind: "encoder" or "decoder".
        name: a built-in name, that of a plugin, or "package.module:Class".
        image: channels, height and width of a picture, and before these the number of frames of a clip.
        dim: of a feature vector, or of what is decoded.
        features: how many feature vectors; a decoder is told if it asks for it.
        asked: what else there is to know, handed to a network that has a parameter of this name.

    Raises:
        PluginError: there is none, or it cannot be made with these arguments.
        DtypeError, ShapeError: what it makes is no module, or returns something else than it shall.
    """
    found = load(kind, name)
    asks = _parameters(found)
    told = {"features": features} if features is not None and (kind == "encoder" or "features" in asks) else {}
    arguments: dict[str, Any] = {"image": image, **told, "dim": dim} | {key: asked[key] for key in asked if key in asks}
    try:
        module = found(**arguments)
    except TypeError as error:
        shown = ", ".join(f"{key}={_short(value)}" for key, value in arguments.items())
        raise PluginError(f"the {kind} {name!r} cannot be made with {shown}: {error}") from error
    if not isinstance(module, nn.Module):
        raise DtypeError(f"the {kind} {name!r} must make a torch.nn.Module, got {type(module).__name__}")
    training = module.training
    module.eval()  # so that statistics of batches stay as they are
    with torch.no_grad():
        if kind == "encoder":
            posterior(module, torch.zeros(TRIED, *image), features or 1, dim)
        elif by_role(module):
            parameters(module, torch.zeros(TRIED, features or 1, dim), image)
        else:
            parameters(module, torch.zeros(TRIED, dim), image)
    return module.train(training)


def by_role(decoder: nn.Module) -> bool:
    """Whether a decoder takes what unbinding with the roles gives, [B, F, D], and not the vectors of objects, [B, D]."""
    return bool(getattr(decoder, "by_role", False))


def _parameters(maker: Callable[..., Any]) -> Mapping[str, Any]:
    """The parameters that a class or function has, by name; none where Python cannot tell."""
    try:
        return inspect.signature(maker).parameters
    except (TypeError, ValueError):
        return {}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else type(value).__name__


def posterior(
    encoder: nn.Module, images: Shaped[Tensor, "b *t c h w"], features: int, dim: int
) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
    """What an encoder makes of pictures or clips: mean and log variance, float32 [B, F, D] each.

    Raises:
        DtypeError, ShapeError: it returns something else.
    """
    found, expected = encoder(images.float()), [len(images), features, dim]
    wanted = f"the encoder {type(encoder).__name__} must return mean and log variance {expected}"
    if not isinstance(found, (tuple, list)) or len(found) != 2 or not all(isinstance(part, Tensor) for part in found):
        raise DtypeError(f"{wanted}, a tuple of two tensors, got {_described(found)}")
    mean, logvar = found
    if list(mean.shape) != expected or list(logvar.shape) != expected:
        raise ShapeError(f"{wanted}, got {list(mean.shape)} and {list(logvar.shape)}")
    if not (mean.is_floating_point() and logvar.is_floating_point()):
        raise DtypeError(f"{wanted} of floating point numbers, got {mean.dtype} and {logvar.dtype}")
    return mean.float(), logvar.float()


def parameters(
    decoder: nn.Module, vectors: Float[Tensor, "b *features dim"], image: tuple[int, ...] | None = None
) -> Float[Tensor, "b *t c h w"]:
    """What a decoder makes of vectors: the parameters of pixels, float32 [B, C, H, W], see `tasks.likelihood`.

    Args:
        decoder: called with the vectors.
        vectors: [B, D], or [B, F, D] for one that reads by role.
        image: C, H and W of the parameters, if they are known; of clips T before these.

    Returns:
        Of clips [B, T, C, H, W].

    Raises:
        DtypeError, ShapeError: it returns something else.
    """
    found, n = decoder(vectors), len(vectors)
    expected = f"[{n}, {'C, H, W' if image is None else ', '.join(map(str, image))}]"
    whose = f"the decoder {type(decoder).__name__}"
    wanted = f"{whose} must return the parameters of pixels {expected}, one tensor of floating point numbers"
    if not isinstance(found, Tensor) or not found.is_floating_point():
        raise DtypeError(f"{wanted}, got {_described(found)}")
    fits = found.ndim in (4, 5) if image is None else tuple(found.shape[1:]) == tuple(image)
    if not fits or len(found) != n:
        raise ShapeError(f"{wanted}, got {list(found.shape)}")
    return found.float()


def _described(found: object) -> str:
    """What something is, for messages."""
    if isinstance(found, Tensor):
        return f"one tensor {list(found.shape)} of {found.dtype}"
    if isinstance(found, (tuple, list)):
        parts = (f"a tensor {list(part.shape)}" if isinstance(part, Tensor) else type(part).__name__ for part in found[:4])
        return f"a {type(found).__name__} of {len(found)}: {', '.join(parts)}"
    return type(found).__name__
