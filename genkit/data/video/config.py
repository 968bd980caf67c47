"""The `data` sections of the video data sets. Light: no Keras, no file is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.data.images.config import Levels, Share, Side
from genkit.data.shares import check_shares
from genkit.recipe.schema import DataConfig, PositiveInt

Frames = Annotated[int, Field(ge=2, le=1024)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Width = Annotated[int, Field(ge=1, le=4096)]

# What `mnist_test_seq.npy` holds.
TEST_FILE = {"digits": 2, "size": 64, "frames": 20, "digit_size": 28}
TEST_FILE_CLIPS = 10_000


class VideosConfig(DataConfig):
    """What every video data set has; shapes are known before a file is read.

    Args:
        frames: of a clip, T, those that a model is given included.
        levels: values of a channel; fewer than 256 are equal bins of 256.
    """

    frames: Frames = 20
    levels: Levels = 256

    def video_shape(self) -> tuple[int, int, int, int]:
        """(frames, height, width, channels)."""
        raise NotImplementedError

    def level_count(self) -> int:
        """Number of values a channel can take."""
        return self.levels

    def condition_shapes(self) -> dict[str, int]:
        """What each frame of a clip is steered by: name -> length D of its vector."""
        return {}

    def preprocessing(self) -> str:
        """What is done to the published clips, in words: named beside every likelihood."""
        return _joined(self._prepared(), self._quantised())

    def _prepared(self) -> str:
        return ""

    def _quantised(self) -> str:
        return "" if self.levels == 256 else f"quantised from 256 to {self.levels} levels"


class BouncingConfig(VideosConfig):
    """Digits that bounce off the edges of a dark frame.

    Args:
        digits: in each clip.
        size: height and width of a frame.
        digit_size: height and width of a digit; smaller than the original is an average over
            areas.
        validation_count, test_count: clips. Those for training are made without end.
    """

    digits: Annotated[int, Field(ge=1, le=16)] = 2
    size: Annotated[int, Field(ge=3, le=512)] = 64
    digit_size: Annotated[int, Field(ge=2)] = 28
    validation_count: PositiveInt = 1_000
    test_count: PositiveInt = 10_000

    @model_validator(mode="after")
    def _room(self) -> BouncingConfig:
        if self.digit_size >= self.size:
            raise ValueError(
                f"size must be larger than digit_size, {self.digit_size}, so that digits can "
                f"move. Received: {self.size}"
            )
        return self

    def video_shape(self) -> tuple[int, int, int, int]:
        return (self.frames, self.size, self.size, 1)

    def _original(self) -> int:
        """Height and width of the digits as published."""
        raise NotImplementedError

    def _prepared(self) -> str:
        side, original = self.digit_size, self._original()
        return "" if side == original else f"digits {original}x{original} averaged to {side}x{side}"


class MovingMnistConfig(BouncingConfig):
    """Moving MNIST by the rules of its original generator (Srivastava et al., 2015).

    Clips for training show MNIST's first 50,000 training digits, those for validation its last
    10,000, those for testing its test digits.

    Args:
        test_file: take the test split from the published `mnist_test_seq.npy`: its first
            `test_count` clips of 10,000.
    """

    name: Literal["moving_mnist"] = "moving_mnist"
    digit_size: Annotated[int, Field(ge=2, le=28)] = 28
    test_file: bool = False

    @model_validator(mode="after")
    def _as_the_file(self) -> MovingMnistConfig:
        if not self.test_file:
            return self
        wrong = [f"{key} {getattr(self, key)}" for key, value in TEST_FILE.items()
                 if getattr(self, key) != value]  # fmt: skip
        if wrong:
            needed = ", ".join(f"{key} {value}" for key, value in TEST_FILE.items())
            raise ValueError(
                f"test_file: the published clips have {needed}. Received: {', '.join(wrong)}"
            )
        if self.test_count > TEST_FILE_CLIPS:
            raise ValueError(
                f"test_file: test_count must be at most {TEST_FILE_CLIPS}, the published clips. "
                f"Received: {self.test_count}"
            )
        return self

    def _original(self) -> int:
        return 28

    def _prepared(self) -> str:
        test = "published test clips" if self.test_file else "generated test clips"
        return _joined(test, super()._prepared())


class BouncingDigitsConfig(BouncingConfig):
    """scikit-learn's digits, 8x8, that move as Moving MNIST does; no file is needed."""

    name: Literal["bouncing_digits"] = "bouncing_digits"
    frames: Frames = 10
    digits: Annotated[int, Field(ge=1, le=16)] = 1
    size: Annotated[int, Field(ge=3, le=512)] = 16
    digit_size: Annotated[int, Field(ge=2, le=8)] = 8
    validation_count: PositiveInt = 200
    test_count: PositiveInt = 400

    def _original(self) -> int:
        return 8


class PushingSimConfig(VideosConfig):
    """A simulated arm that pushes objects on a table, seen from above, in colour.

    `state` is where the arm is, x and y, and its velocity per frame; `action` is the displacement
    that it is commanded to make until the next frame. The table reaches from -1 to 1. Splits:
    `train`, `validation`, `test`, and `test_novel`, whose objects have shapes and colours that no
    other split has.

    Args:
        size: height and width of a frame.
        objects: on the table.
        validation_count, test_count: clips, `test_count` in each of the two test splits. Those
            for training are made without end.
    """

    name: Literal["pushing_sim"] = "pushing_sim"
    size: Annotated[int, Field(ge=8, le=512)] = 64
    objects: Annotated[int, Field(ge=1, le=4)] = 3
    validation_count: PositiveInt = 1_000
    test_count: PositiveInt = 1_500

    def video_shape(self) -> tuple[int, int, int, int]:
        return (self.frames, self.size, self.size, 3)

    def condition_shapes(self) -> dict[str, int]:
        return {"state": 4, "action": 2}


class RobotPushingConfig(VideosConfig):
    """Robot arms that push objects in a bin (Finn et al., 2016), each clip from its beginning.

    Splits: `train`, `validation`, `test` (objects seen in training), `test_novel`.

    Args:
        size: height and width of a frame, of 512x640 without cropping.
        resample: `bicubic` averages over areas as it scales; `points` takes every so many-th
            pixel, which is what the bicubic scaling of the original TensorFlow code amounts to.
        validation_share: the last files of the training clips.
    """

    name: Literal["robot_pushing"] = "robot_pushing"
    size: Annotated[int, Field(ge=2, le=512)] = 64
    resample: Literal["bicubic", "points"] = "bicubic"
    validation_share: Share = 0.05

    def video_shape(self) -> tuple[int, int, int, int]:
        return (self.frames, self.size, self.size, 3)

    def condition_shapes(self) -> dict[str, int]:
        return {"state": 5, "action": 5}

    def _prepared(self) -> str:
        how = "bicubic, with areas averaged" if self.resample == "bicubic" else "single pixels"
        return f"resized to {self.size}x{self.size} ({how})"


class OwnVideosConfig(VideosConfig):
    """Videos of your own: a folder, or an `.npz` with `videos` (N, T, H, W, C).

    A video in a folder is a file (GIF, animated WebP; MP4 and its like with the extra `video`),
    or a folder of pictures, its frames in the order of their names.

    Args:
        path: from the working directory, or below `GENKIT_DATA`.
        height, width, channels: what a frame is brought to.
        fit: `crop` scales until the shorter side fits and cuts the middle out, `stretch` scales
            each side by itself, `exact` refuses frames of another size.
        resample: how is scaled: `box` averages areas.
        cut: `exact` refuses videos of another length than `frames`; `first` takes the first
            frames; `pieces` takes one clip after the other, and leaves a rest out.
        every: take every so many-th frame of a video.
        vectors: what each frame is steered by: name -> length D. Arrays `NAME` or `NAMEs` of the
            npz, `(N, T, D)`; or `(T, D)` in an npz beside each video, under its name.
        values: an npz holds values 0 .. values - 1.
        validation_share, test_share: held out by a fixed permutation, where the videos are not
            split already.
    """

    name: Literal["videos"] = "videos"
    path: Annotated[str, Field(min_length=1)] = "videos"
    height: Side = 64
    width: Side = 64
    channels: Literal[1, 3] = 3
    fit: Literal["crop", "stretch", "exact"] = "crop"
    resample: Literal["box", "bilinear", "bicubic", "lanczos"] = "box"
    cut: Literal["exact", "first", "pieces"] = "exact"
    every: PositiveInt = 1
    vectors: dict[Name, Width] = Field(default_factory=dict)
    values: Annotated[int, Field(ge=2, le=256)] = 256
    validation_share: Share = 0.1
    test_share: Share = 0.1

    @model_validator(mode="after")
    def _some_left(self) -> OwnVideosConfig:
        check_shares(self.validation_share, self.test_share)
        return self

    @model_validator(mode="after")
    def _as_they_are(self) -> OwnVideosConfig:
        taken = [name for name in self.vectors if name in ("video", "videos")]
        if taken:
            raise ValueError(f"vectors: '{taken[0]}' means something else; give another name")
        if self.values != 256 and not self.is_npz:
            raise ValueError(f"values is for an npz. Received: {self.values} and {self.path}")
        if self.values != 256 and self.levels != 256:
            raise ValueError(f"levels is for files of 256 values. Received: values {self.values}")
        return self

    @property
    def is_npz(self) -> bool:
        """Whether `path` is a file of arrays rather than a folder."""
        return self.path.lower().endswith(".npz")

    def video_shape(self) -> tuple[int, int, int, int]:
        return (self.frames, self.height, self.width, self.channels)

    def level_count(self) -> int:
        return self.levels if self.values == 256 else self.values

    def condition_shapes(self) -> dict[str, int]:
        return dict(self.vectors)

    def _prepared(self) -> str:
        how = (
            "as they are" if self.is_npz or self.fit == "exact" else f"{self.fit}, {self.resample}"
        )
        colour = "grey" if self.channels == 1 else "colour"
        taken = {"exact": "", "first": "the first frames", "pieces": "cut into clips"}[self.cut]
        apart = "" if self.every == 1 else f"every {self.every}. frame"
        return _joined(f"{self.height}x{self.width} {colour}, {how}", taken, apart)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part) or "none"
