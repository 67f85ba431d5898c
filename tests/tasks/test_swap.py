"""`vsa swap`, with a model of which every swap is known, and with a sequential autoencoder that was not trained."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tasks.clip_files import read_clips
from tasks.clip_writing import write_gif
from tasks.console import swap as module
from tasks.console.swap import exchanged
from tasks.sequence.config import SequenceConfig
from tasks.sequence.task import TASK
from tasks.task_model import TaskModel
from vsa.command_line import status_of

IMAGE = (4, 3, 8, 6)


class MeansAndDeviations(TaskModel):
    """The mean frame stays, and what differs from it moves, so that nothing is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.nothing = IMAGE, torch.nn.Parameter(torch.zeros(1))

    def encode(self, clips: Tensor, white: int | None = None) -> tuple[Tensor, Tensor]:
        mean = clips.mean(1, keepdim=True)
        return mean.flatten(1), (clips - mean).flatten(2)

    def decode(self, content: Tensor, motion: Tensor) -> Tensor:
        return (content[:, None] + motion).unflatten(2, IMAGE[1:])


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of which every swap is known, whatever is named."""
    monkeypatch.setattr(module, "open_model", lambda *named: (MeansAndDeviations(), None))


def flashing(bright: tuple[int, ...], base: int) -> Tensor:
    """A clip of one shade in which these frames are brighter; all that is added up is exact in eight bits."""
    clip = torch.full(IMAGE, base / 255)
    clip[list(bright)] += 40 / 255
    return clip


A, B = flashing((0, 1), 20), flashing((1, 3), 100)
SWAPPED = [A, B, flashing((1, 3), 20), flashing((0, 1), 100)]


def complaint(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that `vsa swap` ends in, with status 2."""
    assert status_of(["swap", *words, "--device", "cpu"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removeprefix("error: ").removesuffix("\n")


def test_what_stays_and_what_moves_are_exchanged() -> None:
    found = exchanged(MeansAndDeviations(), A[None], B[None])
    torch.testing.assert_close(found, torch.stack(SWAPPED)[None])


def test_the_animation_shows_both_and_both_swaps(known: None, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_gif(Path("a.gif"), A)
    np.save("b.npy", (B * 255).round().byte().numpy())
    assert status_of(["swap", "a.gif", "b.npy", "--scale", "3", "--duration", "90", "--device", "cpu"]) == 0
    assert capsys.readouterr().out == "animation: swap.gif\n"
    (shown,) = read_clips(here / "swap.gif")
    assert shown.shape == (4, 3, 24, 3 * (4 * 6 + 3 * 2))
    for place, clip in enumerate(SWAPPED):
        left = 3 * 8 * place
        assert torch.equal((shown[..., ::3, left : left + 18 : 3] * 255).round(), (clip * 255).round())
    with Image.open("swap.gif") as image:
        assert image.info["duration"] == 90


def test_one_swap_alone_and_rows_of_frames(known: None, here: Path) -> None:
    np.save("a.npy", torch.stack([A, B]).numpy())
    np.save("b.npy", torch.stack([B, A]).numpy())
    assert status_of(["swap", "a.npy", "b.npy", "--only", "--scale", "1", "--out", "alone.gif", "--device", "cpu"]) == 0
    (alone,) = read_clips(here / "alone.gif")
    assert torch.equal((alone[..., :8, :] * 255).round(), (SWAPPED[2] * 255).round())
    assert torch.equal((alone[..., 10:, :] * 255).round(), (SWAPPED[3] * 255).round())
    assert status_of(["swap", "a.npy", "b.npy", "--scale", "1", "--out", "rows.png", "--device", "cpu"]) == 0
    with Image.open("rows.png") as image:
        assert image.size == (4 * 8 - 2, 8 * 10 - 2)


def test_clips_are_fitted_when_that_is_asked_for(known: None, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("a.npy", A.numpy())
    np.save("large.npy", torch.rand(4, 3, 16, 12, generator=torch.Generator().manual_seed(0)).numpy())
    np.save("long.npy", torch.cat([A, B]).numpy())
    np.save("short.npy", A[:3].numpy())
    assert complaint(["large.npy", "a.npy"], capsys) == (
        "large.npy: clips must be [B, 4, 3, 8, 6], got [1, 4, 3, 16, 12]; --fit makes clips so where it can"
    )
    assert complaint(["a.npy", "long.npy"], capsys) == (
        "long.npy: this model takes clips of 4 frames, got 8; choose some, or take them evenly spaced; "
        "--fit makes clips so where it can"
    )
    for flags in ([], ["--fit"]):
        message = complaint(["a.npy", "short.npy", *flags], capsys)
        assert message == "short.npy: this model takes clips of 4 frames, got 3; frames are never made up"
    assert not (here / "swap.gif").exists()
    assert status_of(["swap", "large.npy", "long.npy", "--fit", "--device", "cpu"]) == 0


def test_mistakes_end_in_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("a.npy", A.numpy())
    np.save("two.npy", torch.stack([A, B]).numpy())
    for words, message in (
        (["a.npy", "no.gif"], "there is no file no.gif"),
        (["a.npy", "two.npy"], "a.npy has 1 clips and two.npy has 2; they go in pairs"),
        (["a.npy", "a.npy", "--out", "no/a.gif"], "cannot write no/a.gif: there is no folder no; make it first"),
        (["a.npy", "a.npy", "--out", "a.mp4"], "cannot write a.mp4: the name must end in .gif or .png"),
        (["a.npy", "a.npy", "--scale", "0"], "scale must be from 1 to 64, got 0"),
        (["a.npy", "a.npy", "--duration", "1"], "duration must be from 10 to 655350 milliseconds, got 1"),
        (["a.npy", "a.npy", "--model", "nothing"], "there is no model 'nothing': "),
        (
            ["a.npy", "a.npy", "--model", "paired"],
            "paired is a model of the task paired, which does not tell what stays from what moves; give one of the task sequence",
        ),
    ):
        assert complaint(words, capsys).startswith(message)
    assert sorted(path.name for path in here.iterdir()) == ["a.npy", "two.npy"]


def test_a_file_that_would_be_too_large_is_refused_before_the_work(
    known: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("a.npy", torch.stack([A] * 60).numpy())
    monkeypatch.setattr(module, "exchanged", None)
    for out in ("a.gif", "a.png"):
        message = complaint(["a.npy", "a.npy", "--scale", "64", "--out", out], capsys)
        assert "is none that can be written" in message


def test_a_sequential_autoencoder_swaps(here: Path) -> None:
    small: dict[str, Any] = {
        "encoder": "conv-small",
        "decoder": "conv-small",
        "width": 16,
        "hidden": 16,
        "content": 6,
        "motion": 4,
    }
    config = SequenceConfig(**small, device="cpu")
    model = cast(Any, TASK.build(config)).eval()
    frames = model.image[0]
    clips = torch.rand(2, *model.image, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = exchanged(model, clips[:1], clips[1:])
        content, motion = model.encode(clips, 1)
        torch.testing.assert_close(found[0, 2:], model.decode(content, motion.flip(0)))
    assert found.shape == (1, 4, frames, *model.image[1:])
