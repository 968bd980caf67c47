"""The `data` sections of the audio data sets. Light: no NumPy, no Keras, no file is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.recipe.schema import DataConfig, PositiveFloat, PositiveInt

Rate = Annotated[int, Field(ge=1_000, le=192_000)]
Share = Annotated[float, Field(gt=0, lt=1)]
Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]

FSDD_SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
FSDD_TAKES = 50  # recordings of each digit by each speaker, 0 to 49
FSDD_TEST = 5  # the first of them are the test set

# The numbers of VCTK's speakers have gaps; version 0.92 has s5 as well.
_VCTK_RANGES = ((225, 234), (236, 241), (243, 288), (292, 295), (297, 308), (310, 318), (323, 323),
                (326, 326), (329, 330), (333, 336), (339, 341), (343, 343), (345, 345), (347, 347),
                (351, 351), (360, 364), (374, 374), (376, 376))  # fmt: skip
VCTK_SPEAKERS = (*(f"p{n}" for low, high in _VCTK_RANGES for n in range(low, high + 1)), "s5")

TIMIT_DIALECTS = tuple(f"dr{number}" for number in range(1, 9))
TIMIT_SEXES = ("f", "m")

INSTRUMENTS = ("guitar", "harp", "bass", "banjo")
NOTES = ("A2", "A#2", "B2", "C3", "C#3", "D3", "D#3", "E3", "F3", "F#3", "G3", "G#3")


class AudioConfig(DataConfig):
    """What every audio data set has.

    Args:
        sample_rate: Hz; recordings are resampled to it.
        crop: audio samples of a training excerpt.
        trim_db: what is quieter than the loudest frame by more than this is cut off at both
            ends of a recording; null keeps all.
    """

    sample_rate: Rate = 16_000
    crop: PositiveInt = 4_000
    trim_db: PositiveFloat | None = None

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> the names of its values. `tags` alone may have several or none."""
        return {}

    def preprocessing(self) -> str:
        """What is done to the published recordings, in words: named beside every likelihood."""
        trimmed = "" if self.trim_db is None else f", ends below {self.trim_db:g} dB cut off"
        return f"{self.sample_rate} Hz, mono, 16 bits{trimmed}"


class SharesConfig(AudioConfig):
    """Recordings without published splits.

    Args:
        validation_share, test_share: held out by a fixed permutation.
    """

    validation_share: Share = 0.1
    test_share: Share = 0.1

    @model_validator(mode="after")
    def _some_left(self) -> SharesConfig:
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                "validation_share and test_share leave nothing for training. Received: "
                f"{self.validation_share} and {self.test_share}"
            )
        return self


class FsddConfig(AudioConfig):
    """Free Spoken Digit Dataset: 6 speakers, 10 digits, 50 recordings of each.

    Recordings 0 to 4 of each digit and speaker are the test set, as published.

    Args:
        validation_count: recordings of each digit and speaker for validation, the next ones.
    """

    name: Literal["fsdd"] = "fsdd"
    sample_rate: Rate = 8_000
    validation_count: Annotated[int, Field(ge=1, le=FSDD_TAKES - FSDD_TEST - 1)] = 3

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {"speaker": FSDD_SPEAKERS, "digit": tuple(str(digit) for digit in range(10))}
