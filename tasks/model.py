"""The composition: features bound with roles make an object, objects bound with slots make a scene, a decoder draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsa import ItemMemory
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

    from tasks.data.schemes import Batch


class SceneModel(nn.Module):
    """An encoder, two memories and a decoder; everything between encoder and decoder is algebra on vectors.

    Args:
        encoder: pictures to mean and log variance of feature vectors, see `vsa.plugins.Encoder`.
        decoder: vectors to the logits of pictures, see `vsa.plugins.Decoder`.
        roles: one vector for each feature, by name.
        slots: one vector for each object of a scene.

    Raises:
        AlgebraError: the memories are of different algebras, or of one with complex vectors.
        ShapeError: the memories have different dimensions.

    Example:
        >>> from encoders.conv import ConvEncoder
        >>> from decoders.conv import ConvDecoder
        >>> roles, slots = ItemMemory(["shape", "colour"], 64), ItemMemory(["left", "right"], 64, seed=1)
        >>> model = SceneModel(ConvEncoder((1, 32, 32), 2, 64), ConvDecoder(64, (1, 32, 32)), roles, slots).eval()
        >>> objects = model.object(model.features(torch.zeros(2, 1, 32, 32)))
        >>> model.decode(model.scene(objects[None])).shape
        torch.Size([1, 1, 32, 32])
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, roles: ItemMemory, slots: ItemMemory) -> None:
        super().__init__()
        if roles.algebra != slots.algebra:
            raise AlgebraError(f"roles are of the algebra {roles.algebra.name}, slots of {slots.algebra.name}; use one")
        if roles.vectors.is_complex():
            raise AlgebraError(f"feature vectors are real, so roles of {roles.algebra.name} cannot bind them; use MAP or HRR")
        if roles.dim != slots.dim:
            raise ShapeError(f"roles have dimension {roles.dim}, slots {slots.dim}; they must be the same")
        self.encoder, self.decoder, self.roles, self.slots = encoder, decoder, roles, slots
        self.algebra = roles.algebra

    def posterior(
        self, images: Shaped[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance of the feature vectors, float32 [B, F, D] each.

        Args:
            images: [B, C, H, W], single objects, float or uint8 in [0, 1].

        Raises:
            ShapeError: the encoder returns something else.
        """
        mean, logvar = self.encoder(images.float())
        expected = (len(images), len(self.roles), self.roles.dim)
        if mean.shape != expected or logvar.shape != expected:
            raise ShapeError(
                f"the encoder {type(self.encoder).__name__} must return mean and log variance {list(expected)}, "
                f"got {list(mean.shape)} and {list(logvar.shape)}"
            )
        return mean.float(), logvar.float()

    def features(self, images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b features dim"]:
        """The feature vectors [B, F, D] of single objects: the posterior's mean."""
        return self.posterior(images)[0]

    def object(self, features: Float[Tensor, "*b features dim"]) -> Float[Tensor, "*b dim"]:
        """Objects [*B, D]: each feature vector bound with its role, and bundled."""
        return self.algebra.bundle(self.algebra.bind(features, self.roles.vectors))

    def scene(self, objects: Float[Tensor, "*b n dim"]) -> Float[Tensor, "*b dim"]:
        """Scenes [*B, D]: each of the N objects bound with its slot, in order, and bundled.

        Raises:
            ShapeError: there are more objects than slots.
        """
        if objects.ndim < 2 or not 1 <= objects.shape[-2] <= len(self.slots):
            raise ShapeError(f"a scene has objects [*B, 1 to {len(self.slots)}, D], got {list(objects.shape)}")
        return self.algebra.bundle(self.algebra.bind(objects, self.slots.vectors[: objects.shape[-2]]))

    def decode(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Pictures [B, C, H, W] of scenes or objects [B, D]: the probability that a pixel is on."""
        return self.decoder(vectors).float().sigmoid()

    def edit(
        self,
        scene: Float[Tensor, "*b dim"],
        slot: int,
        feature: str,
        old: Float[Tensor, "*b dim"],
        new: Float[Tensor, "*b dim"],
    ) -> Float[Tensor, "*b dim"]:
        """The scene with one feature of one object exchanged, by algebra on the scene's vector alone.

        Binding distributes over addition, so the old vector, bound with its role and slot, is taken out, and the new put in.

        Args:
            scene: [*B, D].
            slot: which object, from 0.
            feature: which of its features, by name.
            old: [*B, D], the feature vector that the scene holds.
            new: [*B, D], the one that it shall hold.

        Raises:
            RangeError: there is no such slot.
            SymbolError: there is no such feature.
        """
        if not 0 <= slot < len(self.slots):
            raise RangeError(f"slot must be from 0 to {len(self.slots) - 1}, got {slot}")
        place = self.algebra.bind(self.roles[feature], self.slots.vectors[slot])
        return scene + self.algebra.bind(new - old, place)

    def forward(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "t c h w"], Float[Tensor, "p features dim"], Float[Tensor, "p features dim"]]:
        """Logits of a batch's targets [T, C, H, W], composed of sampled features, and the posterior [P, F, D] they came from."""
        mean, logvar = self.posterior(batch.pictures)
        sample = mean + torch.randn_like(mean) * (logvar / 2).exp()
        objects = self.object(gather(sample, batch.sources))
        return self.decoder(self.scene(objects)), mean, logvar


def gather(features: Float[Tensor, "p features dim"], sources: Int64[Tensor, "*b features"]) -> Float[Tensor, "*b features dim"]:
    """Feature f of picture sources[..., f], for every f: [*B, F, D].

    Args:
        features: [P, F, D].
        sources: int64 [*B, F], which picture gives each feature.

    Raises:
        DtypeError, ShapeError: sources are not integers [*B, F].

    Example:
        >>> features = torch.arange(6.0).view(3, 2, 1)
        >>> gather(features, torch.tensor([[0, 2]]))[..., 0]
        tensor([[0., 5.]])
    """
    if sources.dtype != torch.int64:
        raise DtypeError(f"sources must be int64, got {sources.dtype}")
    if sources.ndim == 0 or sources.shape[-1] != features.shape[1]:
        raise ShapeError(f"sources must be [..., {features.shape[1]}], one for each feature, got {list(sources.shape)}")
    return features[sources, torch.arange(features.shape[1], device=features.device)]
