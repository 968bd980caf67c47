"""The published layouts: FSDD, TIMIT, LJ Speech and VCTK; real files where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genkit import registry
from genkit.data import stock
from genkit.data.audio import fsdd
from genkit.data.audio.config import FSDD_SPEAKERS, TIMIT_DIALECTS, VCTK_SPEAKERS
from genkit.data.audio.dataset import Segment
from genkit.errors import DataError
from tests.data.audio.files import pcm, put, read, refused, section, tone

# Free Spoken Digit Dataset


def test_real_fsdd(real) -> None:
    folder = real("fsdd")
    dataset = read("fsdd")
    counts = {name: len(split) for name, split in dataset.splits.items()}
    assert counts == {"train": 2_520, "validation": 180, "test": 300}
    assert dataset.notes["kept"] == "3,000 recordings, 1,312.3 s"
    assert dataset.notes["dropped"] == "nothing"
    for split, takes in (("test", range(5)), ("validation", range(5, 8)), ("train", range(8, 50))):
        found = dataset.split(split)
        assert {int(name.split("_")[-1].removesuffix(".wav")) for name in found.names} == set(takes)
        # The first 60 of a split have every digit of every speaker.
        pairs = np.stack([found.attributes["speaker"], found.attributes["digit"]], 1)
        assert len(np.unique(pairs[:60], axis=0)) == 60
    test = dataset.split("test")
    digit, speaker, _ = Path(test.names[77]).name.split("_")
    assert dataset.vocabulary["digit"][test.attributes["digit"][77]] == digit
    assert dataset.vocabulary["speaker"][test.attributes["speaker"][77]] == speaker
    values, rate = soundfile.read(folder / test.names[77], dtype="int16")
    np.testing.assert_array_equal(test.recording(77), values)
    assert rate == test.sample_rate == 8_000


@pytest.fixture
def small_fsdd(root, monkeypatch) -> Path:
    """Two recordings of each digit and speaker."""
    for name in ("FSDD_TAKES", "FSDD_TEST"):
        monkeypatch.setattr(fsdd, name, {"FSDD_TAKES": 3, "FSDD_TEST": 1}[name])
    wave = tone(0.05)
    for digit in range(10):
        for speaker in FSDD_SPEAKERS:
            for take in range(3):
                put(root / f"fsdd/recordings/{digit}_{speaker}_{take}.wav", wave)
    return root / "fsdd/recordings"


def test_fsdd_with_files_missing_or_not_its_own(small_fsdd) -> None:
    put(small_fsdd / "0_somebody_0.wav", tone())
    notes = read("fsdd", validation_count=1).notes
    assert notes["dropped, not audio or no part of it"] == "1: 0_somebody_0.wav"
    (small_fsdd / "3_theo_1.wav").unlink()
    assert refused("fsdd", validation_count=1) == (
        f"{small_fsdd}: 1 of the 180 recordings are missing, such as 3_theo_1.wav. Fetch the data "
        "set again."
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"no audio", "not readable"), (b"", "no audio samples"), (None, "shorter than its header")],
)
def test_no_published_recording_is_left_out(small_fsdd, content, why: str) -> None:
    path = small_fsdd / "3_theo_2.wav"
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    message = refused("fsdd", validation_count=1)
    assert str(path) in message
    assert why in message


def test_fsdd_as_its_archive_unpacks(small_fsdd, root) -> None:
    folder = root / "fsdd/free-spoken-digit-dataset-1.0.10"
    folder.mkdir()
    small_fsdd.rename(folder / "recordings")
    assert len(read("fsdd", validation_count=1).split("train")) == 60


@pytest.mark.parametrize("name", ["fsdd", "timit", "ljspeech", "vctk"])
def test_what_is_not_there_says_what_to_do(root, name: str) -> None:
    message = refused(name)
    assert f"data set {name}: not found" in message
    assert str(root / name) in message
    assert stock.state(registry.datasets.get(name)) == "missing"


# TIMIT


def test_real_timit_sample(real, root) -> None:
    folder = real("timit_sample")
    dataset = read("timit")
    assert dataset.notes["part"].startswith("160 of the 6,300 utterances")
    # Some files of the public sample lost bytes and are noise from there on.
    assert dataset.notes["kept"].startswith("129 recordings, ")
    assert dataset.notes["dropped"].startswith("31 files or recordings, ")
    assert dataset.notes["dropped, noise, bytes out of step"].startswith("31, ")
    for split in dataset.splits.values():
        assert "dr1-fvmh0/sa1.wav" not in split.names
    assert stock.state(registry.datasets.get("timit")) == "a part"
    speakers = {
        name: {title.split("/")[0] for title in split.names}
        for name, split in dataset.splits.items()
    }
    assert {name: len(found) for name, found in speakers.items()} == {
        "train": 12,
        "validation": 2,
        "test": 2,
    }
    assert not speakers["train"] & speakers["test"]
    labels = {s.label for split in dataset.splits.values() for e in split.alignments for s in e}
    assert len(labels) == 61
    split = dataset.split("train")
    for i, (name, segments) in enumerate(zip(split.names, split.alignments, strict=True)):
        assert segments[-1].end <= len(split.recording(i))
        dialect, speaker = name.split("/")[0].split("-")
        assert TIMIT_DIALECTS[split.attributes["dialect"][i]] == dialect
        assert "fm"[split.attributes["sex"][i]] == speaker[0]
    line = (folder / split.names[0]).with_suffix(".phn").read_text().splitlines()[1].split()
    assert split.alignments[0][1] == Segment(int(line[0]), int(line[1]), line[2])
    assert split.texts[0].startswith("She had your dark suit")


def test_alignments_follow_trimming_and_resampling(root) -> None:
    """A segment is the same stretch of sound at half the rate and without the quiet ends."""
    published_timit(root / "timit", False, "WAV")
    path = root / "timit/test/dr1/faks0/sx37.wav"
    parts = [0.0001 * tone(0.2, 100, 16_000), tone(0.3, 400, 16_000), tone(0.2, 1_000, 16_000)]
    put(path, np.concatenate([*parts, parts[0]]), 16_000)
    path.with_suffix(".phn").write_text("0 3200 h#\n3200 8000 iy\n8000 11200 ae\n11200 14400 h#\n")
    split = read("timit", trim_db=30.0, sample_rate=8_000, sa_sentences=False).split("test")
    (segments,) = split.alignments
    sounding = [segment for segment in segments if segment.label != "h#"]
    assert [segment.label for segment in sounding] == ["iy", "ae"]
    for segment, hertz, length in zip(sounding, (400, 1_000), (2_400, 1_600), strict=True):
        assert segment.end - segment.start == pytest.approx(length, abs=130)  # a frame
        inner = split.recording(0)[segment.start + 50 : segment.end - 50]
        peak = np.argmax(np.abs(np.fft.rfft(inner * np.hanning(len(inner)))))
        assert peak * 8_000 / len(inner) == pytest.approx(hertz, abs=8)


def published_timit(root: Path, upper: bool, kind: str) -> None:
    for part, dialect, speaker in (
        ("train", "dr1", "fcjf0"),
        ("train", "dr2", "marc0"),
        ("train", "dr8", "fbcg1"),
        ("test", "dr1", "faks0"),
    ):
        for sentence in ("sa1", "sx37"):
            stem = f"{part}/{dialect}/{speaker}/{sentence}"
            path = root / (stem.upper() if upper else stem)
            path.parent.mkdir(parents=True, exist_ok=True)
            wave = pcm(tone(0.1, rate=16_000))
            end = ".WAV" if upper else ".wav"
            soundfile.write(f"{path}{end}", wave, 16_000, format=kind, subtype="PCM_16")
            Path(f"{path}{end.replace('wav', 'phn').replace('WAV', 'PHN')}").write_text(
                "0 800 h#\n800 1600 sh\n"
            )
            Path(f"{path}{'.TXT' if upper else '.txt'}").write_text("0 1600 She had it.\n")


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("kind", ["NIST", "WAV"])
@pytest.mark.parametrize("below", ["timit", "timit/TIMIT", "TIMIT"])
def test_timit_as_published(root, upper: bool, kind: str, below: str) -> None:
    """NIST SPHERE or RIFF, whatever the case."""
    published_timit(root / below, upper, kind)
    dataset = read("timit")
    assert [len(split) for split in dataset.splits.values()] == [4, 2, 2]
    test = dataset.split("test")
    assert [name.lower().split("/")[-2] for name in test.names] == ["faks0", "faks0"]
    assert test.alignments[0] == [Segment(0, 800, "h#"), Segment(800, 1_600, "sh")]
    assert test.texts == ["She had it.", "She had it."]
    np.testing.assert_array_equal(test.recording(0), pcm(tone(0.1, rate=16_000)))
    assert [len(split) for split in read("timit", sa_sentences=False).splits.values()] == [2, 1, 1]


def test_timit_without_a_recording_or_with_a_wrong_alignment(root) -> None:
    published_timit(root / "timit", False, "WAV")
    path = root / "timit/test/dr1/faks0/sx37.phn"
    path.write_text("0 800 h#\n800 sh\n")
    assert refused("timit") == (
        f"{path}, line 2: needs start, end and label, 0 <= start <= end. Received: '800 sh'"
    )
    path.with_suffix(".wav").unlink()
    assert "faks0/sx37 has phn, txt, no .wav" in refused("timit")


# LJ Speech


def test_real_ljspeech_sample(real) -> None:
    real("ljspeech_sample")
    dataset = read("ljspeech")
    assert dataset.notes["part"].startswith("32 of the 13,100 recordings")
    assert [len(split) for split in dataset.splits.values()] == [30, 1, 1]
    assert sum(split.seconds for split in dataset.splits.values()) == pytest.approx(222, abs=1)
    train = dataset.split("train")
    assert train.sample_rate == 22_050
    assert train.texts[1] == "in being comparatively modern."
    assert dataset.vocabulary == train.attributes == {}


def lj(root: Path, *lines: str) -> None:
    for i in range(1, 4):
        put(root / f"ljspeech/LJSpeech-1.1/wavs/LJ001-000{i}.wav", tone(0.1, rate=22_050), 22_050)
    path = root / "ljspeech/LJSpeech-1.1/metadata.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_ljspeech_texts(root) -> None:
    lj(root, 'LJ001-0001|by Dr. "X", 1485|by Doctor "X", fourteen eighty-five', "LJ001-0002|two|")
    dataset = read("ljspeech")
    texts = {
        n: t for s in dataset.splits.values() for n, t in zip(s.names, s.texts or [""], strict=True)
    }
    assert texts == {
        "wavs/LJ001-0001.wav": 'by Doctor "X", fourteen eighty-five',
        "wavs/LJ001-0002.wav": "two",
        "wavs/LJ001-0003.wav": "",
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["LJ001-0001"], "line 1: needs a new id|text|normalised text. Received: 'LJ001-0001'"),
        (["LJ001-0001|a|a", "LJ001-0001|b|b"], "line 2: needs a new id"),
        (["LJ009-0001|a|a"], "names 1 recordings that are not in wavs/, such as LJ009-0001"),
    ],
)
def test_wrong_ljspeech_texts(root, lines: list[str], message: str) -> None:
    lj(root, *lines)
    assert message in refused("ljspeech")


# VCTK


def vctk(root: Path, sounds: str, ending: str, speakers=("p225", "p226", "s5"), count=4) -> None:
    for speaker in speakers:
        for i in range(count):
            name = f"{speaker}/{speaker}_{i:03d}"
            silence = np.zeros(4_800)
            wave = np.concatenate([silence, tone(0.2, rate=48_000), silence])
            put(root / sounds / f"{name}{ending}", wave, 48_000)
            (root / "txt" / speaker).mkdir(parents=True, exist_ok=True)
            (root / "txt" / f"{name}.txt").write_text(f"Please call {speaker}.\n")


@pytest.mark.parametrize(
    ("below", "sounds", "ending"),
    [
        ("vctk", "wav48_silence_trimmed", "_mic1.flac"),
        ("vctk/VCTK-Corpus-0.92", "wav48_silence_trimmed", "_mic1.flac"),
        ("vctk/VCTK-Corpus", "wav48", ".wav"),
    ],
)
def test_vctk(root, below: str, sounds: str, ending: str) -> None:
    vctk(root / below, sounds, ending)
    (root / below / "txt/p226/p226_002.txt").unlink()
    dataset = read("vctk", validation_share=0.25, test_share=0.25)
    assert dataset.vocabulary == {"speaker": VCTK_SPEAKERS}
    for name, count in (("train", 2), ("validation", 1), ("test", 1)):
        split = dataset.split(name)
        found = [VCTK_SPEAKERS[i] for i in split.attributes["speaker"]]
        assert found == ["p225", "p226", "s5"] * count
        assert split.sample_rate == 16_000
        assert [title.split("/")[1] for title in split.names] == found
    assert dataset.notes["speakers without recordings"].startswith("p227, p228")
    assert dataset.notes["kept"] == "12 recordings, 2.5 s"
    assert dataset.notes["dropped"].startswith("0 files or recordings, 2.3 s of 4.8 s")
    assert dataset.notes["kept, silence at the ends"] == "12, 2.3 s dropped"
    assert dataset.notes["kept, resampled"] == "12: from 48000 Hz (12 times)"
    texts = [text for split in dataset.splits.values() for text in split.texts]
    assert sorted(texts)[:2] == ["", "Please call p225."]


def test_vctk_s_speakers_can_be_chosen(root) -> None:
    vctk(root / "vctk", "wav48", ".wav")
    dataset = read("vctk", speakers=["s5", "p225"])
    assert dataset.vocabulary == {"speaker": ("s5", "p225")}
    assert len(dataset.split("train")) == 4
    assert "speakers without recordings" not in dataset.notes
    assert "no recordings of the speakers" in refused("vctk", speakers=["p376"])
    with pytest.raises(ValueError, match="unknown speaker 'p224'"):
        section("vctk", speakers=["p224"])
    with pytest.raises(ValueError, match="Received twice: p225"):
        section("vctk", speakers=["p225", "p225"])


def test_a_speaker_with_too_few_recordings(root) -> None:
    vctk(root / "vctk", "wav48", ".wav", count=2)
    assert "2 recordings of p225 are too few for 3 splits" in refused("vctk")


def test_the_second_microphone(root) -> None:
    vctk(root / "vctk", "wav48_silence_trimmed", "_mic2.flac")
    assert len(read("vctk", microphone="mic2").split("test")) == 3
    with pytest.raises(DataError, match=r"_mic1\.flac"):
        read("vctk")
