"""Clips of users: checked, fitted, read from files and written."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tasks import clip_files
from tasks.clip_files import read_clips
from tasks.clip_writing import beside, write_gif, write_rows
from tasks.clips import as_clips, evenly
from tests.helpers import as_a_user, error
from vsa.errors import InputError, OutputError, RangeError, ShapeError

CPU = torch.device("cpu")


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Bytes."""
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


CLIP = noise(5, 3, 6, 4)


@pytest.mark.parametrize("given", [CLIP[None], CLIP[None].numpy(), CLIP[None].float() / 255, CLIP[None].double() / 255])
def test_the_same_clips_of_any_kind_are_the_same(given: Any) -> None:
    with as_a_user():
        torch.testing.assert_close(as_clips(given, CPU, CLIP.shape).float(), CLIP[None] / 255, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (CLIP, "clips must be [B, 5, 3, 6, 4], got [5, 3, 6, 4]; one clip is a batch of one: clips[None]"),
        (CLIP[None].permute(0, 1, 3, 4, 2), "the channels come last: use numpy's transpose(0, 1, 4, 2, 3), or torch's permute"),
        (
            CLIP[None].transpose(1, 2),
            "the frames come after the channels: use numpy's swapaxes(1, 2), or torch's transpose(1, 2)",
        ),
        (CLIP[None, :4], "this model takes clips of 5 frames, got 4; frames are never made up"),
        (noise(1, 9, 3, 6, 4), "takes clips of 5 frames, got 9; choose some, or take them evenly spaced: fit=True"),
        (CLIP[None, :, :, :5], "clips must be [B, 5, 3, 6, 4], got [1, 5, 3, 5, 4]"),
        (CLIP[None, :, :1], "clips must be [B, 5, 3, 6, 4], got [1, 5, 1, 6, 4]"),
    ],
)
def test_other_clips_are_refused_in_one_line(given: Tensor, says: str) -> None:
    with error(ShapeError, says):
        as_clips(given, CPU, CLIP.shape)


def test_pictures_have_no_frames_and_values_have_a_range() -> None:
    with error(ShapeError, "clips have T, C, H and W, got the shape [3, 6, 4] of pictures"):
        as_clips(CLIP, CPU, (3, 6, 4))
    with error(RangeError, "clips must have values from 0 to 1, got 0 to 255; if 255 is white, say so: white=255"):
        as_clips(CLIP[None].float(), CPU, CLIP.shape)


def test_fitting_takes_frames_evenly_and_resizes_but_makes_no_frames() -> None:
    long = noise(2, 11, 3, 6, 4)
    assert torch.equal(as_clips(long, CPU, CLIP.shape, fit=True), long[:, [0, 3, 5, 8, 10]] / 255)
    assert as_clips(long, CPU, (4, 1, 3, 3), fit=True).shape == (2, 4, 1, 3, 3)
    with error(ShapeError, "this model takes clips of 12 frames, got 11; frames are never made up"):
        as_clips(long, CPU, (12, 3, 6, 4), fit=True)
    assert [evenly(8, 8), evenly(8, 1), evenly(9, 2)] == [list(range(8)), [0], [0, 8]]


# Files.


@pytest.mark.parametrize("colours", [1, 2, 3, 200, 256])
def test_a_gif_of_few_colours_is_exact_and_has_all_its_frames(colours: int, tmp_path: Path) -> None:
    palette = noise(colours, 3, seed=1)
    places = torch.randint(colours, (7, 9, 13), generator=torch.Generator().manual_seed(2))
    clip = palette[places].permute(0, 3, 1, 2) / 255
    clip[3] = clip[2]  # a frame that stays
    write_gif(tmp_path / "a.gif", clip, duration=70)
    (again,) = read_clips(tmp_path / "a.gif")
    assert torch.equal((again * 255).round(), (clip * 255).round())
    with Image.open(tmp_path / "a.gif") as image:
        assert (getattr(image, "n_frames", 1), image.info["duration"], image.info["loop"]) == (7, 70, 0)


def test_a_gif_of_many_colours_has_the_nearest_ones(tmp_path: Path) -> None:
    ramp = torch.linspace(0, 1, 32)
    clip = torch.stack([ramp.view(1, -1, 1).expand(4, 32, 32), ramp.expand(4, 32, 32), torch.full((4, 32, 32), 0.5)], 1)
    write_gif(tmp_path / "a.gif", clip, scale=2)
    (again,) = read_clips(tmp_path / "a.gif")
    assert again.shape == (4, 3, 64, 64)
    assert (again[..., ::2, ::2] - clip).abs().max() < 0.08
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_rows_of_frames_and_clips_side_by_side_are_where_they_belong(tmp_path: Path) -> None:
    clips = noise(2, 5, 3, 6, 4) / 255
    write_rows(tmp_path / "a.png", clips, scale=3)
    with Image.open(tmp_path / "a.png") as image:
        sheet = np.asarray(image)
    assert sheet.shape == (3 * 14, 3 * 28, 3)
    frame = sheet[3 * 8 : 3 * 14 : 3, 3 * 12 : 3 * 16 : 3].transpose(2, 0, 1)
    assert np.array_equal(frame, (clips[1, 2] * 255).round().numpy())
    assert (sheet[3 * 6 : 3 * 8] == 255).all()
    assert torch.equal(beside(clips[None])[:, :, :, 6:], clips[1])


@pytest.mark.parametrize("kind", ["webp", "png"])
def test_other_animations_are_read(kind: str, tmp_path: Path) -> None:
    first, *rest = [Image.fromarray(frame.permute(1, 2, 0).numpy()) for frame in CLIP]
    first.save(tmp_path / f"a.{kind}", save_all=True, append_images=rest, lossless=True)
    assert torch.equal(read_clips(tmp_path / f"a.{kind}")[0] * 255, CLIP.float())


def test_what_is_transparent_is_black_and_the_default_picture_of_an_apng_is_no_frame(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 4), (200, 100, 50, 0))
    red = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
    red.save(tmp_path / "a.png", save_all=True, append_images=[clear, red], default_image=True, blend=0)
    assert read_clips(tmp_path / "a.png")[0].amax((2, 3)).tolist() == [[0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("scale", [None, np.float32, np.float64])
def test_arrays_are_read_whatever_their_layout(name: str, last: bool, scale: Any, tmp_path: Path) -> None:
    clips = noise(2, 5, 3, 6, 4)
    array = clips.numpy() if scale is None else (clips.numpy() / 255).astype(scale)
    array = array.transpose(0, 1, 3, 4, 2) if last else array
    for given, wanted in ((array, clips), (array[0], clips[:1]), (np.asfortranarray(array), clips)):
        with (tmp_path / name).open("wb") as file:
            np.save(file, given) if name == "a.npy" else np.savez_compressed(file, clips=given, labels=np.arange(2))
        torch.testing.assert_close(torch.stack(read_clips(tmp_path / name)), wanted / 255)


def test_a_folder_has_a_clip_for_each_animation_in_the_order_of_names(tmp_path: Path) -> None:
    for name, shade in (("b.gif", 1.0), ("a.GIF", 0.0), ("c.gif", 0.2)):
        write_gif(tmp_path / name, torch.full((3, 1, 4, 4), shade))
    (tmp_path / "notes.txt").write_text("no clip")
    assert [clip.mean().item() for clip in read_clips(tmp_path)] == pytest.approx([0, 1, 0.2])


def _npy(array: Any, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def _npz(**arrays: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


CLAIM = _npy(np.zeros((8, 4, 4, 3), np.uint8)).replace(b"(8, 4, 4, 3), } ", b"(8, 9999, 9999, 3), } ")[:128]
CLIPS = _npy(CLIP.numpy())


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.gif", None, "there is no file "),
        ("a.txt", b"x", "is no file of clips; give one of .gif, .webp, .png, .apng, .npy, .npz, or a folder of animations"),
        ("a.gif", b"", "is no animation, or is damaged (cannot identify image file"),
        ("a.gif", b"GIF89a" + bytes(20), "is no animation, or is damaged ("),
        ("a.npy", b"x", "is no array of numpy's, or is damaged ("),
        ("a.npz", CLIPS, "is no array of numpy's, or is damaged (File is not a zip file)"),
        ("a.npy", CLIPS[:-1], "is cut short: 359 bytes of 360"),
        ("a.npy", CLAIM, "is too large: [8, 9999, 9999, 3] values, and at most 67,108,864 are read at once"),
        ("a.npy", _npy(np.array([{}]), True), "holds pickled objects, which are never read"),
        ("a.npy", _npy(np.zeros((8, 4, 4, 3), np.int32)), "must hold uint8 or float, got int32"),
        ("a.npy", _npy(np.full((8, 4, 4, 3), 2.0)), "must have values from 0 to 255 in uint8, or from 0 to 1; clips must have"),
        ("a.npy", _npy(np.full((8, 4, 4, 3), np.nan)), "clips must have values from 0 to 1, got NaN"),
        ("a.npy", _npy(np.zeros((8, 4, 3))), "must hold clips [T, H, W, C], [N, T, H, W, C], or channels first, with 1 or 3"),
        ("a.npy", _npy(np.zeros((8, 4, 4, 2))), "or channels first, with 1 or 3 channels, got [8, 4, 4, 2]"),
        ("a.npy", _npy(np.zeros((0, 4, 4, 3))), "channels, got [0, 4, 4, 3]"),
        ("a.npz", _npz(), "must have one array, or one named clips, got none"),
        ("a.npz", _npz(x=CLIPS, y=CLIPS), "must have one array, or one named clips, got x, y"),
        ("a.npz", _npz(x=CLIPS[:-1]), "is cut short: 359 bytes of 360"),
    ],
)
def test_what_is_no_file_of_clips_is_refused_in_one_line(name: str, content: bytes | None, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with error(InputError, says) as caught:
        read_clips(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_folder_without_animations_and_a_single_picture_are_refused(tmp_path: Path) -> None:
    with error(InputError, f"the folder {tmp_path} has no animations; give one with files .gif, .webp, .png, .apng"):
        read_clips(tmp_path)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.gif")
    with error(InputError, f"{tmp_path / 'a.gif'} is one picture, not an animation"):
        read_clips(tmp_path)


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        ("MOST_BYTES", 10, "bytes, and at most 10 are read"),
        ("MOST_VALUES", 400, "at most 400 values are read at once"),
        ("MOST_FRAMES", 4, "it has more than 4 frames"),
        ("MOST_SIDE", 5, "4 x 6 pixels, and at most 5 x 5 are read"),
        ("MOST_CLIPS", 1, "has 2 animations, and at most 1 are read at once"),
    ],
)
def test_what_is_too_large_is_refused(limit: str, value: int, says: str, tmp_path: Path, monkeypatch: Any) -> None:
    for name in "ab":
        write_gif(tmp_path / f"{name}.gif", CLIP / 255)
    monkeypatch.setattr(clip_files, limit, value)
    with error(InputError, says):
        read_clips(tmp_path)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with error(ShapeError, "clips to write must be [N, T, C, H, W] of 1 or 3 channels, got [1, 5, 2, 6, 4]"):
        write_gif(tmp_path / "a.gif", torch.zeros(5, 2, 6, 4))
    with error(RangeError, "the duration of a frame must be from 10 to 655350 milliseconds, got 9"):
        write_gif(tmp_path / "a.gif", CLIP / 255, duration=9)
    with error(RangeError, "a file of 80000 x 120000 pixels is none that can be written"):
        write_gif(tmp_path / "a.gif", CLIP / 255, scale=20_000)
    with error(OutputError, "cannot write "):
        write_gif(tmp_path / "none" / "a.gif", CLIP / 255)
    assert not list(tmp_path.iterdir())
