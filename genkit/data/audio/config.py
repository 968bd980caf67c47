"""The `data` sections of the audio data sets. Light: no NumPy, no Keras, no file is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.data.shares import check_shares
from genkit.errors import unknown
from genkit.recipe.schema import DataConfig, PositiveFloat, PositiveInt
from genkit.speech.phones import PhoneSet, espeak_set, named_set

Rate = Annotated[int, Field(ge=1_000, le=192_000)]
Share = Annotated[float, Field(gt=0, lt=1)]
Language = Literal["en-us", "cmn"]
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

    def phone_set(self) -> PhoneSet | None:
        """The phones of its alignments; None where it has none."""
        return None

    def front_ends(self) -> tuple[str, ...]:
        """Languages whose texts eSpeak NG can turn into the phones of this data set."""
        return ()

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
        check_shares(self.validation_share, self.test_share)
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


class StringsConfig(AudioConfig):
    """Synthesised plucked strings (Karplus and Strong, 1983): 4 instruments, 12 notes.

    Args:
        seconds: length of a recording.
        train_count, validation_count, test_count: recordings in each split.
    """

    name: Literal["strings"] = "strings"
    sample_rate: Rate = 8_000
    seconds: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    train_count: PositiveInt = 1_536
    validation_count: PositiveInt = 96
    test_count: PositiveInt = 192

    @model_validator(mode="after")
    def _as_they_are(self) -> StringsConfig:
        if self.trim_db is not None:
            raise ValueError("strings have no silence to cut off; leave trim_db away")
        return self

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {"tags": (*INSTRUMENTS, *NOTES)}

    def preprocessing(self) -> str:
        return "none"


class EspeakConfig(AudioConfig):
    """Sentences that eSpeak NG speaks, with phones and words: a corpus that needs no download.

    Languages take turns, then voices; all splits have different sentences.

    Args:
        languages: `en-us` and `cmn`. voices: variants: `m1` to `m8`, `f1` to `f5`,
            `Andrea`, `Annie`. Some have breath and an echo, these two have neither.
        rate: words a minute.
        train_count, validation_count, test_count: recordings in each split.
    """

    name: Literal["espeak"] = "espeak"
    languages: Annotated[list[Language], Field(min_length=1)] = Field(
        default_factory=lambda: list[Language](["en-us"])
    )
    voices: Annotated[
        list[Annotated[str, Field(pattern="^(m[1-8]|f[1-5]|Andrea|Annie)$")]], Field(min_length=1)
    ] = Field(default_factory=lambda: ["f2"])
    rate: Annotated[int, Field(ge=80, le=450)] = 160
    train_count: Annotated[int, Field(ge=1, le=100_000)] = 400
    validation_count: Annotated[int, Field(ge=1, le=10_000)] = 20
    test_count: Annotated[int, Field(ge=1, le=10_000)] = 50

    @model_validator(mode="after")
    def _as_they_are(self) -> EspeakConfig:
        if self.trim_db is not None:
            raise ValueError("the silence of spoken sentences is aligned too; leave trim_db away")
        _check_unique("languages", self.languages)
        _check_unique("voices", self.voices)
        return self

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {"language": tuple(self.languages), "voice": tuple(self.voices)}

    def phone_set(self) -> PhoneSet:
        return espeak_set(self.languages)

    def front_ends(self) -> tuple[str, ...]:
        return tuple(self.languages)


class TimitConfig(SharesConfig):
    """TIMIT: read sentences with phones; split by speakers, as its folders TRAIN and TEST are.

    Args:
        validation_share: of the training speakers.
        test_share: of all speakers, where there are no folders TRAIN and TEST.
        sa_sentences: keep the two sentences that every speaker reads, which are therefore in
            all splits; phone recognition leaves them out.
    """

    name: Literal["timit"] = "timit"
    validation_share: Share = 0.125
    test_share: Share = 0.125
    sa_sentences: bool = True

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {"dialect": TIMIT_DIALECTS, "sex": TIMIT_SEXES}

    def phone_set(self) -> PhoneSet:
        return named_set("timit")

    def preprocessing(self) -> str:
        left = "" if self.sa_sentences else ", without the sa sentences"
        return super().preprocessing() + left


class LjSpeechConfig(SharesConfig):
    """LJ Speech: one woman reads books, 13,100 passages of 1 to 10 s; a fixed permutation.

    Args:
        alignments: a folder beside `wavs` with a file of ARPABET phones for each recording, such
            as the TextGrids that the Montreal Forced Aligner writes; null where none are wanted.
    """

    name: Literal["ljspeech"] = "ljspeech"
    sample_rate: Rate = 22_050
    validation_share: Share = 0.05
    test_share: Share = 0.05
    alignments: Annotated[str, Field(min_length=1)] | None = None

    def phone_set(self) -> PhoneSet | None:
        return None if self.alignments is None else named_set("arpabet")


class VctkConfig(SharesConfig):
    """VCTK: about 400 sentences by each of 110 speakers; a fixed permutation of each speaker's.

    Args:
        speakers: those that are used; null for all that were published.
        microphone: which one, in version 0.92. Version 0.80 has the first only.
    """

    name: Literal["vctk"] = "vctk"
    trim_db: PositiveFloat | None = 40.0
    validation_share: Share = 0.05
    test_share: Share = 0.05
    speakers: Names | None = None
    microphone: Literal["mic1", "mic2"] = "mic1"

    @model_validator(mode="after")
    def _known(self) -> VctkConfig:
        _check_unique("speakers", self.speakers)
        for name in self.speakers or ():
            if name not in VCTK_SPEAKERS:
                raise ValueError(unknown("speaker", name, VCTK_SPEAKERS))
        return self

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {"speaker": tuple(self.speakers or VCTK_SPEAKERS)}


class AudioFolderConfig(SharesConfig):
    """A folder of recordings of your own, in any format that soundfile reads.

    Args:
        path: from the working directory, or below `GENKIT_DATA`.
        manifest: a CSV in that folder that says which recordings there are; null for
            `manifest.csv` if it is there, else all recordings of the folder.
        speakers: all speakers, by the names that the manifest or the sub-folders have; null
            where the model is not to know them.
        tags: all tags that the manifest has; null where the model is not to know them.
        phones: the phones of the manifest's alignments, `arpabet`, `timit` or a list; null where
            the model is not to know them.
        split_by: `file` holds whole files out, `time` the last part of each recording; for
            manifests without a column `split`.
    """

    name: Literal["audio"] = "audio"
    path: Annotated[str, Field(min_length=1)] = "audio"
    manifest: Annotated[str, Field(min_length=1)] | None = None
    speakers: Names | None = None
    tags: Names | None = None
    phones: Literal["arpabet", "timit"] | Names | None = None
    split_by: Literal["file", "time"] = "file"

    @model_validator(mode="after")
    def _once(self) -> AudioFolderConfig:
        _check_unique("speakers", self.speakers)
        _check_unique("tags", self.tags)
        if isinstance(self.phones, list):
            _check_unique("phones", self.phones)
        for tag in self.tags or ():
            if "," in tag or ";" in tag:
                raise ValueError(
                    f"a tag holds neither , nor ; which stand between tags. Received: {tag!r}"
                )
        return self

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        given = {"speaker": self.speakers, "tags": self.tags}
        return {name: tuple(values) for name, values in given.items() if values}

    def phone_set(self) -> PhoneSet | None:
        if self.phones is None:
            return None
        own = isinstance(self.phones, list)
        return named_set("own", self.phones) if own else named_set(str(self.phones))


def _check_unique(key: str, names: Sequence[str] | None) -> None:
    twice = sorted({name for name in names or () if (names or ()).count(name) > 1})
    if twice:
        raise ValueError(f"{key} must not name anything twice. Received twice: {', '.join(twice)}")
