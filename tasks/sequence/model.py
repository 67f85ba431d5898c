"""The sequential autoencoder: a clip as one content and a motion for each frame, and a decoder that draws frames of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from encoders.colours import Colours
from tasks import networks
from tasks.card import Page
from tasks.likelihood import Gaussian, Likelihood
from tasks.normal import sample_normal
from tasks.pictures import Pictures, as_pictures
from tasks.provenance import Provenance
from tasks.sequence.contents import Contents
from tasks.sequence.prior import MotionPrior
from tasks.shard import Shard
from tasks.task_model import TaskModel
from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

SNIPPET = """\
clips = dataset.observe(torch.zeros(2, len(dataset.factors), dtype=torch.long))
content, motion = model.encode(clips)  # the means, of each clip and of each of its frames
swapped = model.decode(content.flip(0), motion)  # what stays of the other one, from 0 to 1
"""
"""What a page shows of it."""


class Posterior(NamedTuple):
    """What an encoder makes of clips: normal, of independent numbers.

    Attributes:
        content, content_logvar: [P, Df].
        motion, motion_logvar: [P, T, Dz].
    """

    content: Tensor
    content_logvar: Tensor
    motion: Tensor
    motion_logvar: Tensor


class Drawn(NamedTuple):
    """What a sequential autoencoder makes of a batch.

    Attributes:
        parameters: [N, T, C, H, W], of the likelihood of this process's shard of the targets.
        posterior: of all clips that were given.
        used: of all targets, of the clips that their content and their motion are of.
        kl: [N], of the motion of all targets from the learnt prior.
    """

    parameters: Tensor
    posterior: Posterior
    used: Posterior
    kl: Tensor


class SequentialAutoencoder(TaskModel):
    """q(f | x_1:T) and q(z_t | x_t), a learnt prior p(z_t | z_<t), and a decoder p(x_t | z_t, f).

    Args:
        encoder: frames [B, C, H, W] to two lists of numbers, [B, 1, width / 2] each: a plugin made for one feature.
        decoder: codes [B, Df + Dz] to the parameters of frames.
        content, motion: Df and Dz.
        width: how many numbers the encoder says of a frame.
        hidden: the width of the recurrent networks, and of the hidden layer that tells motion.
        colours: content is told too which colours there are in a clip, see `encoders.colours.Colours`; None for no.
        modes: of how many normals the prior of the first frame's motion is a mixture.
        deviations: motion is told of how a frame differs from the mean of the clip's frames, and content of that mean; else
            motion of the frame, and content of a recurrent network that sees all of them.
        likelihood: what the decoder's parameters say.

    Attributes:
        contents: the prior of content that was fitted after the training, see `tasks.sequence.contents`; None for the standard
            normal one.

    Source: Li and Mandt, "Disentangled Sequential Autoencoder", 2018, arXiv 1803.02991.

    Example:
        >>> from decoders.conv import small as decoder
        >>> from encoders.conv import small as encoder
        >>> model = SequentialAutoencoder(encoder((3, 64, 64), 1, 16), decoder(12, (3, 64, 64)), 8, 4, width=32, hidden=16).eval()
        >>> model.image = (5, 3, 64, 64)
        >>> content, motion = model.encode(torch.zeros(2, 5, 3, 64, 64))
        >>> content.shape, motion.shape, model.decode(content, motion).shape
        (torch.Size([2, 8]), torch.Size([2, 5, 4]), torch.Size([2, 5, 3, 64, 64]))
    """

    kind = "sequence"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        content: int,
        motion: int,
        *,
        width: int = 256,
        hidden: int = 256,
        colours: Colours | None = None,
        modes: int = 1,
        deviations: bool = False,
        likelihood: Likelihood = Gaussian(1.0),  # noqa: B008  (it cannot change)
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.content, self.motion, self.deviations = content, motion, deviations
        self.width = width
        self.order = None if deviations else nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.colours = colours
        told = (width if deviations else 2 * hidden) + (0 if colours is None else colours.count)
        self.stays = _head(told, 2 * hidden, 2 * content)
        self.moves = _head(width, 2 * hidden, 2 * motion)
        self.prior = MotionPrior(motion, hidden, modes)
        self.contents: Contents | None = None

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: how a clip is told, and how two are swapped."""
        return replace(
            super().page(provenance),
            summary=f"Clips as {self.content} numbers of what stays, and {self.motion} for each frame of what moves.",
            details=("An encoder gives mean and variance of each number; a decoder draws each frame of both lists.",),
            snippet=SNIPPET,
            measures="docs/sequence.md in the repository says what each number means.",
        )

    def posterior(self, clips: Pictures, white: int | None = None, *, prepare: bool = False) -> Posterior:
        """The posterior of clips.

        Args:
            clips: a tensor or an array [B, T, C, H, W] with values from 0 to white.
            white: the value of a white pixel, 1 or 255; if it is not given, 255 for clips of eight bits.
            prepare: resize them, and turn colours to greyscale or back, where they are not as the encoder takes them.

        Raises:
            DtypeError, ShapeError, RangeError: they are no such clips; or the encoder returns something else.
        """
        return self.posterior_of(as_pictures(clips, self.device, self.image, white, prepare))

    def encode(
        self, clips: Pictures, white: int | None = None, *, prepare: bool = False
    ) -> tuple[Float[Tensor, "b content"], Float[Tensor, "b t motion"]]:
        """The codes of clips, the posterior's means: content [B, Df] and motion [B, T, Dz].

        Args, Raises: as of `posterior`.
        """
        posterior = self.posterior(clips, white, prepare=prepare)
        return posterior.content, posterior.motion

    def sampled(
        self, clips: Pictures, generator: torch.Generator
    ) -> tuple[Float[Tensor, "b content"], Float[Tensor, "b t motion"]]:
        """A draw of the posterior: content [B, Df] and motion [B, T, Dz].

        Args:
            clips: as of `posterior`.
            generator: decides, on the CPU.
        """
        posterior = self.posterior(clips)
        return (
            sample_normal(posterior.content, posterior.content_logvar, generator),
            sample_normal(posterior.motion, posterior.motion_logvar, generator),
        )

    def prior_content(self, n: int, generator: torch.Generator) -> Float[Tensor, "n content"]:
        """Contents [n, Df] from the prior: the mixture that was fitted to contents after the training, else standard normal.

        Args:
            n: how many.
            generator: decides, on the CPU.
        """
        if self.contents is not None:
            return self.contents.sample(n, generator)
        return torch.randn(n, self.content, generator=generator).to(self.device)

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, *, mean: bool = False) -> Float[Tensor, "n t motion"]:
        """Motions [n, T, Dz] from the learnt prior, frame after frame.

        Args:
            n: how many.
            frames: T.
            generator: decides, on the CPU.
            mean: of each frame give what is expected after the frames that were drawn before it, and not its draw.
        """
        return self.prior.sample(n, frames, generator, mean=mean)

    def parameters_of(
        self, content: Float[Tensor, "b content"], motion: Float[Tensor, "b t motion"]
    ) -> Float[Tensor, "b t c h w"]:
        """The parameters of the clips' likelihood [B, T, C, H, W].

        Raises:
            DtypeError, ShapeError: there are not as many contents as motions, they are of another size; or the decoder returns
                something else.
        """
        self._check_codes(content, motion)
        codes = torch.cat([content[:, None].expand(-1, motion.shape[1], -1), motion], 2)
        image = None if self.image is None else self.likelihood.parameters(self.image)[1:]
        return networks.parameters(self.decoder, codes.flatten(0, 1), image).unflatten(0, codes.shape[:2])

    def decode(self, content: Float[Tensor, "b content"], motion: Float[Tensor, "b t motion"]) -> Float[Tensor, "b t c h w"]:
        """Clips [B, T, C, H, W] of what stays and what moves, from 0 to 1: what the likelihood expects.

        Args, Raises: as of `parameters_of`.
        """
        return self.likelihood.mean(self.parameters_of(content, motion))

    def redrawn(self, images: Shaped[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """The parameters of clips, drawn of their codes."""
        return self.parameters_of(*self.encode(images))

    def posterior_of(self, clips: Shaped[Tensor, "p t c h w"]) -> Posterior:
        """The posterior of clips that are known to be right, as in training."""
        told = torch.cat(networks.posterior(self.encoder, clips.flatten(0, 1), 1, self.width // 2), 2)[:, 0]
        frames = told.unflatten(0, clips.shape[:2])
        if self.order is None:
            whole = frames.mean(1)
            frames = frames - whole[:, None]
        else:
            _, (state, _) = self.order(frames)
            whole = state.transpose(0, 1).flatten(1)
        if self.colours is not None:
            whole = torch.cat([whole, self.colours(clips).to(whole.dtype)], 1)
        content, motion = self.stays(whole).float(), self.moves(frames).float()
        return Posterior(*content.chunk(2, -1), *motion.chunk(2, -1))

    def forward(
        self,
        clips: Shaped[Tensor, "p t c h w"],
        sources: Int64[Tensor, "n 2"],
        *,
        noise: int = 0,
        shard: Shard = Shard(),  # noqa: B008  (it cannot change)
    ) -> Drawn:
        """Encode, sample and draw; each of several processes encodes and draws its shard.

        Args:
            clips: [P, T, C, H, W].
            sources: int64 [N, 2], which clip gives the content of each target, and which one its motion.
            noise: the seed with which posteriors are sampled.
            shard: this process's.
        """
        found = Posterior(*(shard.gather(part, len(clips)) for part in self.posterior_of(shard.padded(clips))))
        stays, moves = sources.unbind(1)
        used = Posterior(found.content[stays], found.content_logvar[stays], found.motion[moves], found.motion_logvar[moves])
        generator = torch.Generator(clips.device).manual_seed(noise)
        content = sample_normal(used.content, used.content_logvar, generator)
        motion = sample_normal(used.motion, used.motion_logvar, generator)
        parameters = self.parameters_of(shard.of(content), shard.of(motion))
        return Drawn(parameters, found, used, self.prior.kl(used.motion, used.motion_logvar, motion))

    def _check_codes(self, content: Tensor, motion: Tensor) -> None:
        if content.ndim != 2 or content.shape[1] != self.content:
            raise ShapeError(f"content must be [B, {self.content}], got {list(content.shape)}")
        if motion.ndim != 3 or motion.shape[2] != self.motion or len(motion) != len(content):
            raise ShapeError(f"motion must be [{len(content)}, T, {self.motion}], got {list(motion.shape)}")


def _head(given: int, hidden: int, told: int, logvar: float = -4.0) -> nn.Sequential:
    """Numbers to mean and log variance, with one hidden layer; posteriors that are narrow at first, so that codes get through."""
    last = nn.Linear(hidden, told)
    with torch.no_grad():
        last.bias[told // 2 :] = logvar
    return nn.Sequential(nn.Linear(given, hidden), nn.GELU(), last)
