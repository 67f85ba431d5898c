"""The composition: features bound with roles make an object, objects bound with slots make a scene, a decoder draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, cast

import torch
from torch import Tensor, nn

from tasks import networks
from tasks.card import Page
from tasks.likelihood import BERNOULLI, Likelihood
from tasks.normal import sample_normal
from tasks.pictures import Pictures, as_pictures
from tasks.provenance import Provenance
from tasks.shard import Shard
from tasks.symbolic.page import scene_page
from tasks.task_model import TaskModel
from vsa import ItemMemory
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError, VSAError, choices

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

    from encoders.power import Power

Decoding = Literal["slots", "whole"]


class SceneModel(TaskModel):
    """An encoder, two memories and a decoder; everything between encoder and decoder is algebra on vectors.

    Args:
        encoder: pictures, or clips, to mean and log variance of feature vectors, see `encoders.Encoder`.
        decoder: vectors to the parameters of pictures, or clips, see `decoders.Decoder`.
        roles: one vector for each feature, by name.
        slots: one vector for each object of a scene; a model of single objects has one slot, the identity.
        likelihood: what the decoder gives for each pixel, and how the pictures of slots compose into one.
        decoding: "slots": each slot is unbound from the vector, its object drawn, and the pictures laid over one another; or
            "whole": the decoder draws the vector at once.

    Attributes:
        codebooks: an ItemMemory for each feature, its values by name; empty until they are learnt, see
            `tasks.evaluation.reading.learn_codebooks`.
        provenance: where the model comes from, if a task made it; None for one that was composed by hand.

    In an algebra of complex vectors (FHRR) a real vector of D entries is D / 2 complex ones, real and imaginary part side by
    side, so that the vectors that go in and come out are real always.

    Raises:
        AlgebraError: the memories are of different algebras, or of one that does not bundle by adding.
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

    kind = "scene"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        roles: ItemMemory,
        slots: ItemMemory,
        *,
        decoding: Decoding = "slots",
        likelihood: Likelihood = BERNOULLI,
    ) -> None:
        super().__init__()
        if roles.algebra != slots.algebra:
            raise AlgebraError(f"roles are of the algebra {roles.algebra.name}, slots of {slots.algebra.name}; use one")
        if roles.algebra.laws.bundling != "sum":
            raise AlgebraError(f"an edit adds and subtracts, and {roles.algebra.name} does not bundle by adding; use MAP or HRR")
        if roles.dim != slots.dim:
            raise ShapeError(f"roles have dimension {roles.dim}, slots {slots.dim}; they must be the same")
        if decoding not in ("slots", "whole"):
            raise RangeError(f"decoding must be 'slots' or 'whole', got {decoding!r}")
        if decoding == "whole" and networks.by_role(decoder):
            raise RangeError(f"{type(decoder).__name__} draws one object, read by its roles; use decoding 'slots'")
        self.encoder, self.decoder, self.roles, self.slots = encoder, decoder, roles, slots
        self.algebra, self.decoding, self.likelihood = roles.algebra, decoding, likelihood
        self.codebooks = nn.ModuleList()

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: how scenes are vectors, and an edit in Python."""
        return scene_page(self, provenance)

    @property
    def drawn(self) -> tuple[int, ...] | None:
        """The shape of what the decoder gives, if that of observations is known."""
        slots = len(self.slots) if self.decoding == "slots" else 1
        return None if self.image is None else self.likelihood.parameters(self.image, slots)

    @property
    def dim(self) -> int:
        """The dimension of the vectors that go in and come out."""
        return self.roles.dim * (2 if self.roles.vectors.is_complex() else 1)

    def posterior(
        self, images: Pictures, white: int | None = None, *, prepare: bool = False
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance of the feature vectors, float32 [B, F, D] each.

        Args:
            images: single objects, a tensor or an array [B, C, H, W], of clips [B, T, C, H, W], with values from 0 to white; or
                pictures of PIL's.
            white: the value of a white pixel, 1 or 255; if it is not given, 255 for pictures of eight bits.
            prepare: resize them, and turn colours to greyscale or back, where they are not as the encoder takes them.

        Raises:
            DtypeError, ShapeError, RangeError: they are no such pictures; or the encoder returns something else.
        """
        return self._posterior(as_pictures(images, self.device, self.image, white, prepare))

    def _posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return networks.posterior(self.encoder, images, len(self.roles), self.dim)

    def features(self, images: Pictures, white: int | None = None, *, prepare: bool = False) -> Float[Tensor, "b features dim"]:
        """The feature vectors [B, F, D] of single objects: the posterior's mean.

        Args, Raises: as of `posterior`.
        """
        return self.posterior(images, white, prepare=prepare)[0]

    def object(self, features: Float[Tensor, "*b features dim"]) -> Float[Tensor, "*b dim"]:
        """Objects [*B, D]: each feature vector bound with its role, and bundled."""
        return self.as_real(self.algebra.bundle(self.algebra.bind(self.as_hypervectors(features), self.roles.vectors)))

    def scene(self, objects: Float[Tensor, "*b n dim"], slots: Int64[Tensor, "*b n"] | None = None) -> Float[Tensor, "*b dim"]:
        """Scenes [*B, D]: each of the N objects bound with its slot, and bundled.

        Args:
            objects: [*B, N, D]; one of zeros is absent.
            slots: int64 [*B, N], which slot each object takes; in order if there are none.

        Raises:
            ShapeError: there are more objects than slots.
        """
        if objects.ndim < 2 or not 1 <= objects.shape[-2] <= len(self.slots):
            raise ShapeError(f"a scene has objects [*B, 1 to {len(self.slots)}, D], got {list(objects.shape)}")
        keys = self.slots.vectors[: objects.shape[-2]] if slots is None else self.slots.vectors[slots]
        return self.as_real(self.algebra.bundle(self.algebra.bind(self.as_hypervectors(objects), keys)))

    def in_slot(self, objects: Float[Tensor, "*b dim"], slot: int) -> Float[Tensor, "*b dim"]:
        """What objects [*B, D] add to a scene in that slot: add it to put an object in, subtract it to take one out.

        Raises:
            RangeError: there is no such slot.
        """
        return self.as_real(self.algebra.bind(self.as_hypervectors(objects), self._slot(slot)))

    def parameters_of(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b *t c h w"]:
        """The parameters of the pictures' likelihood [B, C, H, W], of scenes [B, D]: of Bernoulli the log odds of pixels.

        Raises:
            DtypeError, ShapeError: the decoder returns something else.
        """
        if self.decoding == "whole":
            return networks.parameters(self.decoder, vectors, self.drawn)
        objects = self.as_real(self.algebra.unbind(self.as_hypervectors(vectors)[:, None], self.slots.vectors))
        drawn = networks.parameters(self.decoder, self._handed(objects.flatten(0, 1)), self.drawn)
        return self.likelihood.compose(drawn.unflatten(0, objects.shape[:2]))

    def _handed(self, objects: Float[Tensor, "b dim"]) -> Float[Tensor, "b *features dim"]:
        """What the decoder takes: objects, or what unbinding them with each role gives, if it reads by role."""
        if not networks.by_role(self.decoder):
            return objects
        return self.as_real(self.algebra.unbind(self.as_hypervectors(objects)[:, None], self.roles.vectors))

    def redrawn(self, images: Shaped[Tensor, "b *t c h w"]) -> Float[Tensor, "b *t c h w"]:
        """The parameters of pictures of single objects, encoded, and drawn of their vectors."""
        return self.parameters_of(self.scene(self.object(self.features(images))[:, None]))

    def decode(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b *t c h w"]:
        """Pictures [B, C, H, W], or clips [B, T, C, H, W], of scenes [B, D], from 0 to 1: what the likelihood expects."""
        return self.likelihood.mean(self.parameters_of(vectors))

    def edit(
        self,
        scene: Float[Tensor, "*b dim"],
        slot: int,
        feature: str,
        *,
        new: Float[Tensor, "*b dim"],
        old: Float[Tensor, "*b dim"] | None = None,
    ) -> Float[Tensor, "*b dim"]:
        """The scene with one feature of one object exchanged, by algebra on the scene's vector alone.

        Binding distributes over addition, so the old vector, bound with its role and slot, is taken out, and the new put in.

        Args:
            scene: [*B, D].
            slot: which object, from 0.
            feature: which of its features, by name.
            new: [*B, D], the feature vector that the scene shall hold.
            old: [*B, D], the one that it holds; if it is not given, the one that cleanup finds in the scene, see `find`.

        Raises:
            RangeError: there is no such slot.
            SymbolError: there is no such feature.
            VSAError: nothing is old, and no codebooks were learnt.
        """
        place = self.algebra.bind(self.roles[feature], self._slot(slot))
        old = self.find(scene, slot, feature) if old is None else old
        return scene + self.as_real(self.algebra.bind(self.as_hypervectors(new - old), place))

    @property
    def powers(self) -> dict[str, Power]:
        """By name, the features whose vectors are fractional powers of a number, such as the pixels of a place."""
        found = getattr(self.encoder, "powers", {})
        return {name: found[str(f)] for f, name in enumerate(self.roles) if str(f) in found}

    def move(self, scene: Float[Tensor, "*b dim"], slot: int = 0, **by: float | Float[Tensor, "*b"]) -> Float[Tensor, "*b dim"]:
        """The scene with one object moved along features that are powers, by binding their vectors with those of the steps.

        Args:
            scene: [*B, D].
            slot: which object, from 0.
            by: by the name of a feature, how far: places in pixels, to the right and down; hues in turns. A number, or
                one for each scene.

        Raises:
            RangeError: there is no such slot, or a step is not finite.
            VSAError: a feature is no power, or there is none of this name.

        Example:
            >>> from tasks import load_model
            >>> model = load_model("paired-half")
            >>> scene = model.object(model.features(torch.zeros(1, 1, 64, 64)))
            >>> moved = model.move(scene, x=+3.0, y=-1.5)
            >>> round((model.number(moved, "x") - model.number(scene, "x")).item())
            3
        """
        for feature, step in by.items():
            power = self._power(feature)
            if not bool(torch.isfinite(torch.as_tensor(step)).all()):
                raise RangeError(f"{feature} must move by a finite number, got {step}")
            old = self.find(scene, slot, feature)
            scene = self.edit(scene, slot, feature, old=old, new=power.moved(old, step))
        return scene

    def number(self, scene: Float[Tensor, "*b dim"], feature: str, slot: int = 0) -> Float[Tensor, "*b"]:
        """The number whose power an object holds [*B], read from scenes [*B, D].

        It is pixels from the left or upper edge of a place, and turns from 0 to 1 of a hue.

        Raises:
            RangeError: there is no such slot.
            VSAError: the feature is no power, or there is none of this name.
        """
        return self._power(feature).read(self.unbind(scene, slot, feature))

    def _power(self, feature: str) -> Power:
        if feature not in self.roles:
            raise SymbolError(f"there is no feature {feature!r}; {choices(feature, list(self.roles))}")
        if feature not in self.powers:
            there = f"those are {', '.join(self.powers)}" if self.powers else "this model has none"
            raise VSAError(f"{feature} is no power of a number, so nothing moves along it; {there}. Exchange it: model.edit")
        return self.powers[feature]

    def unbind(self, scene: Float[Tensor, "*b dim"], slot: int, feature: str) -> Float[Tensor, "*b dim"]:
        """A feature vector of an object [*B, D], taken from scenes [*B, D] by algebra: noisy, with crosstalk of all the others.

        Raises:
            RangeError: there is no such slot.
            SymbolError: there is no such feature.
        """
        item = self.algebra.unbind(self.as_hypervectors(scene), self._slot(slot))
        return self.as_real(self.algebra.unbind(item, self.roles[feature]))

    def find(self, scene: Float[Tensor, "*b dim"], slot: int, feature: str) -> Float[Tensor, "*b dim"]:
        """A feature vector of an object [*B, D] without the noise: the codebook's that is most like what is unbound.

        Of a feature that is a power it is the vector of the number that is most like it, whether a class has that number or not.

        Raises:
            RangeError: there is no such slot.
            SymbolError: there is no such feature.
            VSAError: no codebooks were learnt.
        """
        unbound = self.unbind(scene, slot, feature)
        if power := self.powers.get(feature):
            return power(power.read(unbound))
        return self.prototype(feature, self._book(feature).cleanup(self.as_hypervectors(unbound)).indices[..., 0])

    def prototype(self, feature: str, classes: Int64[Tensor, "*b"]) -> Float[Tensor, "*b dim"]:
        """The codebook's vectors of classes of a feature [*B, D]: what an edit puts in where there is no donor.

        Raises:
            SymbolError: there is no such feature.
            VSAError: no codebooks were learnt.
        """
        return self.as_real(self._book(feature).vectors[classes])

    def read(self, vectors: Float[Tensor, "*b dim"], slot: int = 0) -> Int64[Tensor, "*b features"]:
        """The classes [*B, F] of an object, read from scenes [*B, D]: unbind slot and role, clean up; no network in between.

        Raises:
            RangeError: there is no such slot.
            VSAError: no codebooks were learnt.
        """
        found = [
            book.cleanup(self.as_hypervectors(self.unbind(vectors, slot, name))).indices[..., 0]
            for name, book in zip(self.roles, self._books(), strict=True)
        ]
        return torch.stack(found, -1)

    def _book(self, feature: str) -> ItemMemory:
        if feature not in self.roles:
            raise SymbolError(f"there is no feature {feature!r}; {choices(feature, list(self.roles))}")
        return self._books()[list(self.roles).index(feature)]

    def _books(self) -> list[ItemMemory]:
        if len(self.codebooks) != len(self.roles):
            raise VSAError("this model has no codebooks to read with; learn_codebooks(model, ...) learns them")
        return [cast(ItemMemory, book) for book in self.codebooks]

    def forward(
        self,
        pictures: Shaped[Tensor, "p *s c h w"],
        sources: Int64[Tensor, "t n features"] | Callable[[Tensor], Tensor],
        slots: Int64[Tensor, "t n"] | None = None,
        *,
        noise: int = 0,
        shard: Shard = Shard(),  # noqa: B008  (it cannot change)
    ) -> tuple[Float[Tensor, "t *s c h w"], Float[Tensor, "p features dim"], Float[Tensor, "p features dim"]]:
        """Parameters of targets [T, C, H, W], composed of sampled features, and the posterior [P, F, D] they came from.

        Each of several processes encodes and draws its shard: T counts the targets of its shard, P all pictures. They exchange
        feature vectors between encoder and decoder, so the batch is divided here.

        Args:
            pictures: [P, C, H, W], single objects, to be encoded.
            sources: int64 [T, N, F], which picture gives feature f of object n in target t, -1 where there is none; or a
                function that says so of the means [P, F, D].
            slots: int64 [T, N], which slot each object takes; in order if there are none.
            noise: the seed with which posteriors are sampled.
            shard: this process's.
        """
        n = len(pictures)
        mean, logvar = (shard.gather(part, n) for part in self._posterior(shard.padded(pictures)))
        sample = sample_normal(mean, logvar, torch.Generator(mean.device).manual_seed(noise))
        objects = self.object(gather(sample, shard.of(sources(mean.detach()) if callable(sources) else sources)))
        return self.parameters_of(self.scene(objects, None if slots is None else shard.of(slots))), mean, logvar

    def _slot(self, slot: int) -> Tensor:
        if not 0 <= slot < len(self.slots):
            raise RangeError(f"slot must be from 0 to {len(self.slots) - 1}, got {slot}")
        return self.slots.vectors[slot]

    def as_hypervectors(self, real: Float[Tensor, "*b dim"]) -> Shaped[Tensor, "*b d"]:
        """Real vectors as those of the algebra: themselves, or complex ones of half as many entries."""
        if not self.roles.vectors.is_complex():
            return real
        if real.shape[-1] % 2:
            raise ShapeError(f"vectors of {self.algebra.name} are pairs of real numbers, got {real.shape[-1]} of them")
        return torch.view_as_complex(real.float().unflatten(-1, (-1, 2)).contiguous())

    def as_real(self, hyper: Tensor) -> Tensor:
        """Vectors of the algebra as real ones: the inverse of `as_hypervectors`."""
        return torch.view_as_real(hyper).flatten(-2) if hyper.is_complex() else hyper


def gather(features: Float[Tensor, "p features dim"], sources: Int64[Tensor, "*b features"]) -> Float[Tensor, "*b features dim"]:
    """Feature f of picture sources[..., f], for every f: [*B, F, D]; zeros where the source is -1.

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
        raise ShapeError(f"sources must be [..., {features.shape[1]}], one for each feature; got {list(sources.shape)}")
    # Whole rows are selected, because their gradient is many times faster than that of an index for every entry.
    rows = sources.clamp(min=0) * features.shape[1] + torch.arange(features.shape[1], device=features.device)
    found = features.flatten(0, 1).index_select(0, rows.flatten()).unflatten(0, rows.shape)
    absent = sources < 0
    if found.device.type == "cpu" and not absent.any():  # elsewhere asking would wait for the device
        return found
    return found.masked_fill(absent[..., None], 0)
