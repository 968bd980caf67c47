"""`genkit sample --animate` and `--completions`: the pictures, as a user gets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from genkit.artifacts.npz import read_npz
from genkit.artifacts.pictures import LINE, UNDRAWN
from genkit.sampling.job import Shard
from genkit_cli.main import cli
from tests import learners, tone
from tests.sampling.fake_sound import FakeSound
from tests.sampling.jobs import contents, do

SIZE = 4


def shown(images: np.ndarray, levels: int = 3) -> np.ndarray:
    return np.round(images * 255.0 / (levels - 1)).astype(np.uint8)


def cells(picture: np.ndarray, rows: int, columns: int, size: int = SIZE) -> np.ndarray:
    """The images of an enlarged grid, `(rows, columns, H, W, 3)`: the middle of each pixel."""
    factor = next(
        f for f in range(640, 0, -1)
        if columns * (size * f + max(1, f // 4)) + max(1, f // 4) == picture.shape[1]
    )  # fmt: skip
    line = max(1, factor // 4)
    assert picture.shape[0] == rows * (size * factor + line) + line
    assert (picture[:line] == LINE).all()
    step, pixels = size * factor + line, line + factor // 2 + factor * np.arange(size)
    tall = (np.arange(rows)[:, None] * step + pixels).ravel()
    wide = (np.arange(columns)[:, None] * step + pixels).ravel()
    found = picture[np.ix_(tall, wide)].reshape(rows, size, columns, size, 3)
    return found.swapaxes(1, 2)


def frames(path: Path) -> list[np.ndarray]:
    with Image.open(path) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
        return found


def facts(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "job.json").read_text())
    return found


def sample(run, *arguments: object) -> Any:
    result = run("sample", *map(str, arguments))
    assert result.exit_code == 0, result.stderr
    return result


def test_an_animation_is_added_to_a_job(run, textures: Path) -> None:
    command = (textures, "-n", 6, "--out", "job")
    sample(run, *command)
    before, manifest = contents(Path("job")), facts("job")
    result = sample(run, *command, "--animate", "--json")
    files = ["job/grid.png", "job/samples.npz", "job/sampling.gif"]
    assert json.loads(result.stdout.splitlines()[-1])["files"] == files
    after = contents(Path("job"))
    gif = after.pop("sampling.gif")
    assert after == before
    found = facts("job")
    assert found["outputs"] == [*manifest["outputs"], "sampling.gif"]
    assert found["files"].pop("sampling.gif")
    assert {**found, "outputs": manifest["outputs"]} == manifest

    images = shown(read_npz(Path("job/samples.npz"))["samples"])
    film = frames(Path("job/sampling.gif"))
    assert len(film) == SIZE * SIZE + 1
    for drawn, picture in enumerate(film):
        every = cells(picture, 2, 3).reshape(6, SIZE * SIZE, 3)
        assert (every[:, :drawn] == images.reshape(6, -1, 1)[:, :drawn]).all()
        assert (every[:, drawn:] == UNDRAWN).all()

    for arguments in (command, (*command, "--animate")):
        result = sample(run, *arguments)
        assert ", all there already" in result.stderr
        assert result.stdout.splitlines() == files
        assert contents(Path("job")) == {**after, "sampling.gif": gif}
    sample(run, textures, "-n", 6, "--out", "one", "--animate")
    assert contents(Path("one")) == contents(Path("job"))


def test_completions_and_their_animation_whole_and_in_shards(run, textures: Path) -> None:
    common = (textures, "-n", 14, "--tile", 2, "--seed", 5, "--prime", "test", "--keep", "top",
              "--completions", 4)  # fmt: skip
    result = sample(run, *common, "--out", "job", "--animate")
    files = ["job/grid.png", "job/completions.png", "job/samples.npz", "job/sampling.gif"]
    assert result.stdout.splitlines() == files
    sample(run, textures, "-n", 4, "--out", "given", "--prime", "test", "--keep", ":,:")
    given = shown(read_npz(Path("given/samples.npz"))["samples"])
    arrays = read_npz(Path("job/samples.npz"))
    images = shown(arrays["samples"])
    scored = run("score", str(textures), "--data", "test", "-n", "4").stdout.splitlines()
    own = [json.loads(line)["label"] for line in scored]
    assert list(arrays["label"]) == [own[i // 4] for i in range(14)]

    half = SIZE // 2
    with Image.open("job/completions.png") as picture:
        rows = cells(np.asarray(picture), 4, 6)
    for row in range(4):
        assert (rows[row, 0, :half] == given[row, :half]).all()
        assert (rows[row, 0, half:] == UNDRAWN).all()
        for column in range(4):
            number = 4 * row + column
            wanted = images[number] if number < 14 else LINE
            assert (rows[row, 1 + column] == wanted).all()
        assert (rows[row, 5] == given[row]).all()
    assert (images[:4, :half] == given[0, :half]).all()
    assert len({image.tobytes() for image in images[:4]}) > 1

    film = frames(Path("job/sampling.gif"))
    assert len(film) == SIZE * half + 1
    first = cells(film[0], 4, 4).reshape(16, SIZE, SIZE, 3)[:14]
    assert (first[:, :half] == images[:, :half]).all()
    assert (first[:, half:] == UNDRAWN).all()

    for number in range(2):
        sample(run, *common, "--out", "cut", "--shard", f"{number}/2")
    result = sample(run, "--merge", "cut", "--animate")
    assert result.stdout.splitlines() == [name.replace("job", "cut") for name in files]
    assert contents(Path("cut")) == contents(Path("job"))
    assert "all there already" in sample(run, "--merge", "cut").stderr

    result = run("sample", *map(str, common[:-1]), "3", "--out", "job")
    assert result.exit_code == 2
    assert "  completions: 4 there, 3 now" in result.stderr


def test_one_picture_is_completed_by_all(run, textures: Path) -> None:
    """Without --completions: there is no other one to complete."""
    Image.fromarray(np.full((SIZE, SIZE), 255, np.uint8)).save("white.png")
    sample(run, textures, "-n", 5, "--out", "job", "--prime", "white.png", "--keep", "0:1,:")
    images = shown(read_npz(Path("job/samples.npz"))["samples"])
    with Image.open("job/completions.png") as picture:
        (row,) = cells(np.asarray(picture), 1, 7)
    assert (row[0, :1] == 255).all()
    assert (row[0, 1:] == UNDRAWN).all()
    assert (row[1:6] == images).all()
    assert (row[6] == 255).all()


WRONG = [
    (["--animate", "--out", "-"], "--animate needs a folder for its file. Received: --out -"),
    (
        ["--animate", "--out", "job", "--shard", "1/2"],
        "--animate shows a whole job: give it to --merge. Received: --shard 1/2",
    ),
    (
        ["--completions", "3", "--out", "job"],
        "--completions says how many samples complete each item of --prime. Give --prime, or "
        "leave --completions out.",
    ),
    (
        ["--completions", "0", "--out", "job"],
        "Invalid value for '--completions': 0 is not in the range x>=1.",
    ),
    (
        ["--animate", "--out", "job.wav"],
        "family 'gated_pixelcnn' draws no sound: --out takes a folder",
    ),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_wrong_usage(run, textures: Path, arguments: list[str], says: str) -> None:
    result = run("sample", str(textures), *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("job").exists()


def test_merging_takes_no_completions(run) -> None:
    result = run("sample", "--merge", "job", "--completions", "2")
    assert result.exit_code == 2
    assert "--completions does not go with --merge" in result.stderr


def test_sound_cannot_be_animated(run, folder: Path) -> None:
    with tone.registered():
        values = learners.mapping(tone.NAME, steps=2, checkpoint_every=2)
        Path("tone.yaml").write_text(json.dumps(values))
        assert CliRunner().invoke(cli, ["train", "tone.yaml", "--run", "tone"]).exit_code == 0
        for out in ("job", "one.wav"):
            result = run("sample", "tone", "-n", "2", "--out", out, "--animate", "--json")
            assert result.exit_code == 2
            says = (
                "--animate is for images that are drawn pixel by pixel, which family "
                f"'{tone.NAME}' does not draw. Leave it out."
            )
            assert json.loads(result.stdout.splitlines()[-1])["error"]["message"] == says
            assert not Path(out).exists()
    do(Path("sound"), generator=FakeSound(), shard=Shard(0, 1))
    result = run("sample", "--merge", "sound", "--animate")
    assert result.exit_code == 2
    assert "sound holds samples of another kind, audio." in result.stderr
