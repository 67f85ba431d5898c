"""What can be set for the sequential autoencoder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tasks.config import RunConfig

DOCUMENT: dict[str, Any] = {"objective": "elbo", "colours": 0, "content_beta": 1.0, "modes": 1, "content_modes": 1}
"""The model of the source document: the ELBO alone."""


@dataclass(frozen=True)
class SequenceConfig(RunConfig):
    """Learn what stays in a clip and what moves, apart, without labels: the sequential autoencoder."""

    preset: Literal["default", "document", "document-256", "beta-6", "beta-150", "deviation", "contrast", "donors"] = "default"
    """The settings to start from; other flags change them. Document and beta are those of the source document."""
    out: Path = Path("runs/sequence")
    dataset: str = "cast"
    """Clips that are observed: a name that `vsa list datasets` shows, the name of a plugin, or package.module:Class."""
    split: str | None = "characters"
    """What is held out, by a name of the data set's own, which `vsa data splits` lists; instead of --test and --validation."""
    likelihood: Literal["auto", "bernoulli", "gaussian"] = "gaussian"
    """What the decoder says of a pixel: that it is on, or its value; auto asks the data set whether every pixel is on or off."""
    deviation: float = 1.0
    """Of the Gaussian likelihood: how far a pixel's value, from 0 to 1, scatters about its mean."""
    learning_rate: float = 0.002
    """The learning rate."""
    batch_size: int = 16
    """Clips in a step, of all processes together."""
    encoder: str = "conv"
    """Of single frames; what it says of each is given to the heads. A name of `vsa list`, a plugin, or package.module:Class."""
    decoder: str = "conv"
    """Draws each frame of the clip's content and the frame's motion. A name of `vsa list`, a plugin, or package.module:Class."""
    width: int = 256
    """How many numbers the encoder says of a frame."""
    hidden: int = 256
    """The width of the recurrent networks."""
    content: int = 32
    """How many numbers say what stays in a clip: f."""
    motion: int = 32
    """How many numbers say what moves, for each frame: z."""
    objective: Literal["elbo", "contrast", "views", "donors"] = "views"
    """elbo: a clip is drawn of its own content and motion. contrast: and codes of two views of a clip agree (C-DSVAE).
    views: a clip is drawn of the content of one view of it and of the motion of another. donors: of the content and of the
    motion of other clips, which share one of both with it; so it is told which clips share what stays, and which what moves."""
    colours: int = 64
    """By how many numbers content is told which colours there are in a clip, which the encoder takes long to see; 0 for none."""
    modes: int = 32
    """Of how many normals the prior of the first frame's motion is a mixture; 1 for one, as the source document has it."""
    content_modes: int = 64
    """Of how many normals the prior of content is a mixture, which is fitted to contents when the training has ended; 1 for
    standard normal, as the source document has it, and as it is in all trainings."""
    deviations: bool = False
    """Motion is told of how a frame differs from the mean of the clip's frames, and content of that mean."""
    mirror: bool = True
    """Views that tell content are mirrored at random: what stays then is no direction."""
    beta: float = 1.0
    """The coefficient of both KL terms."""
    content_beta: float = 3.0
    """Of the KL of content another coefficient, times beta: what both could say, such as a direction, is left to motion. From the
    middle of the budget on it goes to 1, as by then it is settled who says what."""
    contrast: float = 10.0
    """For contrast: the coefficient of the disagreement of both codes."""
    temperature: float = 0.5
    """For contrast: what cosines are divided by."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "document": DOCUMENT,
        "document-256": {**DOCUMENT, "content": 256},
        "beta-6": {**DOCUMENT, "beta": 6.0},
        "beta-150": {**DOCUMENT, "beta": 150.0},
        "deviation": {**DOCUMENT, "deviations": True, "motion": 16},
        "contrast": {"objective": "contrast", "content_beta": 1.0},
        "donors": {"objective": "donors", "content_beta": 1.0},
    }

    def check(self) -> None:
        super().check()
        for name in ("width", "hidden", "content", "motion", "modes", "content_modes"):
            self._check(name, 1 <= getattr(self, name) <= 4096, "from 1 to 4096")
        self._check("width", self.width % 2 == 0, "even")
        self._check("colours", 0 <= self.colours <= 4096, "from 0 to 4096")
        for name in ("beta", "content_beta", "contrast"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "at least 0")
        self._check("temperature", 0 < self.temperature < math.inf, "above 0")
        self._check("batch_size", self.objective != "contrast" or self.batch_size >= 2, "at least 2 for this objective")
