"""Clips whose frames are bound with powers of a time vector: any number of frames in one vector, and time shifted by binding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.symbolic.model import SceneModel
from vsa import ItemMemory
from vsa.errors import AlgebraError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, Shaped

PRESENT = 0.5
"""A frame is there if the features that are found at its time are at least so much of what was put in, on average."""

TOLERANCE = 1e-3
"""So far entries of vectors may differ that are the same but for rounding."""


class FramedClips:
    """A clip as the sum over t of time^t bound with its frame t, where a frame is the sum of its role-bound features.

    The model knows single frames alone; nothing is learnt of clips. All frames of all times disturb each other in the one vector,
    so a frame is found by cleanup: its features are unbound and replaced by those of the codebooks that are most like them.

    Args:
        model: of single frames, with one slot and codebooks, in an algebra whose unbinding is exact and whose powers bind to
            powers: HRR with unitary roles, or FHRR.
        length: how many frames a clip has.
        seed: of the time vector.

    Attributes:
        time: the time vector.
        times: its powers, hypervectors [length, D].

    Raises:
        AlgebraError: the algebra's vectors have no powers but the first few.
        RangeError: the length is below 1, or the model has several slots.

    Example:
        >>> from tasks.sequence_symbolic.task import FRAMES
        >>> from tasks.sequence_symbolic.config import SequenceFramesConfig
        >>> framed = FramedClips(FRAMES.build(SequenceFramesConfig(dim=256)).eval(), length=8)
        >>> vector = framed.encode(torch.zeros(1, 8, 3, 64, 64))
        >>> framed.unbound(framed.shifted(vector, by=1)).shape
        torch.Size([1, 8, 256])
    """

    def __init__(self, model: SceneModel, length: int, seed: int = 0) -> None:
        if length < 1:
            raise RangeError(f"a clip has at least one frame, got {length}")
        if len(model.slots) != 1:
            raise RangeError(f"a model of single frames has one slot, got {len(model.slots)}")
        self.model, self.length, algebra = model, length, model.algebra
        self.time = ItemMemory(["time"], model.roles.dim, algebra=algebra, seed=seed).vectors[0].to(model.device)
        self.times = torch.stack([algebra.power(self.time, t) for t in range(length)])
        gaps = (self.times[:, None] - self.times).abs().sum(2) + torch.eye(length, device=model.device)
        back = algebra.unbind(algebra.bind(self.times, self.time), self.time)
        if bool((gaps < TOLERANCE).any()) or not torch.allclose(back, self.times, atol=TOLERANCE):
            raise AlgebraError(f"times are powers of a vector, which of {algebra.name} repeat or do not unbind; use HRR or FHRR")

    def features(self, clips: Shaped[Tensor, "b t c h w"], white: int | None = None) -> Float[Tensor, "b t features dim"]:
        """The feature vectors of every frame [B, T, F, D].

        Args:
            clips: [B, T, C, H, W] with values from 0 to white, at most as many frames as there are times.
            white: the value of a white pixel, 1 or 255, see `SceneModel.posterior`.

        Raises:
            ShapeError: they are no clips, or too long, or their frames are not those of the model.
        """
        if clips.ndim != 5 or not 1 <= clips.shape[1] <= self.length:
            raise ShapeError(f"clips must be [B, T, C, H, W] with 1 to {self.length} frames, got {list(clips.shape)}")
        return self.model.features(clips.flatten(0, 1), white).unflatten(0, clips.shape[:2])

    def encode(self, clips: Shaped[Tensor, "b t c h w"], white: int | None = None) -> Float[Tensor, "b dim"]:
        """The vectors of clips [B, D]. Args, Raises: as of `features`."""
        return self.clip(self.features(clips, white))

    def clip(self, features: Float[Tensor, "b t features dim"]) -> Float[Tensor, "b dim"]:
        """The vectors [B, D] of clips whose frames have these features [B, T, F, D]; those of zeros are absent."""
        return self.placed(self.model.object(features)).sum(1)

    def placed(self, frames: Float[Tensor, "b t dim"]) -> Float[Tensor, "b t dim"]:
        """What frames [B, T, D] add to a clip's vector, each at its time: subtract it to take a frame out."""
        return self._bound(frames, self.times[: frames.shape[1]])

    def unbound(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b t dim"]:
        """What is found at every time [B, T, D], with the noise of all other frames."""
        model = self.model
        return model.as_real(model.algebra.unbind(model.as_hypervectors(vectors)[:, None], self.times))

    def read(self, vectors: Float[Tensor, "b dim"]) -> tuple[Int64[Tensor, "b t features"], Bool[Tensor, "b t"]]:
        """The classes of every frame [B, T, F], and whether there is a frame at that time at all [B, T]."""
        classes = self.model.read(self.unbound(vectors))
        known = self._known(classes)
        roles = [self.model.unbind(self.unbound(vectors), 0, name) for name in self.model.roles]
        share = (torch.stack(roles, -2) * known).sum(-1) / known.square().sum(-1).clamp(min=1e-9)
        return classes, share.mean(-1) >= PRESENT

    def found(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b t features dim"]:
        """The feature vectors of every frame without the noise, of the codebooks; zeros where there is no frame."""
        classes, there = self.read(vectors)
        return self._known(classes) * there[..., None, None]

    def drawn(self, vectors: Float[Tensor, "b dim"], *, noisy: bool = False) -> Float[Tensor, "b t c h w"]:
        """Clips [B, T, C, H, W] of vectors, from 0 to 1; black where there is no frame.

        Args:
            vectors: [B, D].
            noisy: draw what is unbound as it is, without cleanup, and whether there is a frame or not.
        """
        frames = self.unbound(vectors) if noisy else self.model.object(self.found(vectors))
        pictures = self.model.decode(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        return pictures if noisy else pictures * self.read(vectors)[1][..., None, None, None]

    def edited(self, vectors: Float[Tensor, "b dim"], new: dict[str, Float[Tensor, "b t dim"]]) -> Float[Tensor, "b dim"]:
        """Clips some of whose features are exchanged in all frames: what cleanup finds is taken out, and the new put in.

        Args:
            vectors: [B, D].
            new: by the name of a feature, its vectors for every frame [B, T, D].

        Raises:
            SymbolError: there is no such feature.
        """
        old, names = self.found(vectors), list(self.model.roles)
        for name, features in new.items():
            role = self.model.roles[name]
            change = features - old[:, :, names.index(name)]
            vectors = vectors + self.placed(self._bound(change, role)).sum(1)
        return vectors

    def without(self, vectors: Float[Tensor, "b dim"], frame: int) -> Float[Tensor, "b dim"]:
        """Clips one of whose frames is taken out: what cleanup finds at its time is subtracted.

        Raises:
            RangeError: there is no such frame.
        """
        if not 0 <= frame < self.length:
            raise RangeError(f"frame must be from 0 to {self.length - 1}, got {frame}")
        return vectors - self.placed(self.model.object(self.found(vectors)))[:, frame]

    def shifted(self, vectors: Float[Tensor, "b dim"], by: int) -> Float[Tensor, "b dim"]:
        """Clips in which all happens so much later: the whole vector is bound with a power of the time vector.

        What comes before the first time or after the last is not lost: shifted back, it is there again.
        """
        return self._bound(vectors, self.model.algebra.power(self.time, by))

    def backwards(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b dim"]:
        """Clips whose frames are in the opposite order.

        No binding does that, for it shifts all times alike; and the inverse of the whole vector, in which times are negative,
        has the inverse of every frame too. So the frames are found, and a clip is made anew.
        """
        return self.clip(self.found(vectors).flip(1))

    def _known(self, classes: Int64[Tensor, "b t features"]) -> Float[Tensor, "b t features dim"]:
        """The codebooks' vectors of classes."""
        return torch.stack([self.model.prototype(name, classes[..., f]) for f, name in enumerate(self.model.roles)], -2)

    def _bound(self, vectors: Tensor, keys: Tensor) -> Tensor:
        return self.model.as_real(self.model.algebra.bind(self.model.as_hypervectors(vectors), keys))
