"""What is read into memory and what is prepared on the disk are the same data set."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from genkit import data
from genkit.data import stock
from genkit.data.audio import corpus
from genkit.data.audio.dataset import AudioDataset, AudioFeed
from genkit.errors import DataError
from genkit.progress import Progress
from tests.data.audio.files import RATE, put, read, refused, section, tone


class Heard(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.started: list[tuple[str, int, str]] = []
        self.advanced = 0.0

    def start(self, label, total, unit, initial=0) -> None:
        self.started.append((label, total, unit))

    def advance(self, count=1, values=None) -> None:
        self.advanced += count

    def message(self, text) -> None:
        self.messages.append(text)


@pytest.fixture
def mine(root) -> Path:
    """Twelve recordings with quiet ends, one of them silent, two speakers, tags and texts."""
    rows = ["path,speaker,tags,text,alignment"]
    for i in range(12):
        quiet = 0.0002 * tone(0.1, 50.0)
        wave = np.concatenate([quiet, tone(0.2 + i / 50, 300.0 + 20 * i), quiet])
        put(root / f"mine/{i}.wav", 0 * wave if i == 5 else wave)
        (root / f"mine/{i}.txt").write_text("0 0.1 h#\n0.1 0.3 ah\n")
        rows.append(f"{i}.wav,{'ann' if i % 2 else 'bob'},t{i % 3};x,Sentence {i} \u00e4,{i}.txt")
    (root / "mine/manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    return root / "mine"


VALUES = {
    "path": "mine",
    "sample_rate": RATE,
    "speakers": ["ann", "bob"],
    "tags": ["t0", "t1", "t2", "x"],
    "trim_db": 30.0,
    "validation_share": 0.25,
    "test_share": 0.25,
}


def same(one: AudioDataset, two: AudioDataset) -> None:
    assert one.notes == two.notes
    assert list(one.notes) == list(two.notes)
    assert one.vocabulary == two.vocabulary
    assert list(one.splits) == list(two.splits) == ["train", "validation", "test"]
    for name, split in one.splits.items():
        other = two.split(name)
        np.testing.assert_array_equal(split.samples, other.samples)
        np.testing.assert_array_equal(split.edges, other.edges)
        assert split.attributes.keys() == other.attributes.keys()
        for key, values in split.attributes.items():
            np.testing.assert_array_equal(values, other.attributes[key])
            assert values.dtype == other.attributes[key].dtype
        assert list(split.names) == list(other.names)
        assert split.texts == other.texts
        assert split.alignments == other.alignments
        assert split.sample_rate == other.sample_rate


def test_prepared_is_the_same_as_read(mine) -> None:
    before = read("audio", **VALUES)
    folder = stock.prepare(section("audio", **VALUES))
    after = read("audio", **VALUES)
    same(before, after)
    assert isinstance(after.split("train").samples, np.memmap)
    assert not isinstance(before.split("train").samples, np.memmap)
    assert np.load(folder / "train_samples.npy").dtype == np.dtype("<i2")
    one, two = (AudioFeed(each.split("train"), 3, 500, 100, 7) for each in (before, after))
    for k in range(20):
        for key, values in one.batch(k).items():
            np.testing.assert_array_equal(values, two.batch(k)[key])
            assert not isinstance(two.batch(k)[key], np.memmap)


def test_the_report(mine) -> None:
    """Names every recording that was dropped, and all that was done to others."""
    progress = Heard()
    folder = stock.prepare(section("audio", **VALUES), progress)
    lines = [json.loads(line) for line in (folder / "report.jsonl").read_text().splitlines()]
    dropped = [line for line in lines if line["dropped"]]
    assert [(line["name"], line["reason"]) for line in dropped] == [("5.wav", "silent")]
    assert dropped[0]["seconds"] == pytest.approx(0.5)
    trimmed = [line for line in lines if line["reason"] == "silence at the ends"]
    assert sorted(line["name"] for line in trimmed) == sorted(
        f"{i}.wav" for i in range(12) if i != 5
    )
    for line in trimmed:
        assert line["seconds"] == pytest.approx(0.2, abs=0.04)
    assert sorted(progress.started) == [
        ("audio test", 3, "recordings"),
        ("audio train", 6, "recordings"),
        ("audio validation", 3, "recordings"),
    ]
    assert progress.advanced == 12
    notes = read("audio", **VALUES).notes
    for key in ("kept", "dropped", "dropped, silent", "kept, silence at the ends"):
        assert f"{key}: {notes[key]}" in progress.messages
    assert any(str(folder / "report.jsonl") in message for message in progress.messages)
    lost = sum(line["seconds"] for line in lines)
    kept = sum(split.seconds for split in read("audio", **VALUES).splits.values())
    total = sum(0.4 + i / 50 for i in range(12))
    assert lost + kept == pytest.approx(total, abs=0.01)


def test_crop_is_no_reason_to_prepare_again(mine) -> None:
    folder = stock.prepare(section("audio", **VALUES))
    progress = Heard()
    assert stock.prepare(section("audio", **VALUES, crop=99), progress) == folder
    assert progress.messages == ["audio: is prepared already"]
    assert stock.prepare(section("audio", **{**VALUES, "trim_db": 20.0})) != folder


def test_other_files_are_other_data(mine) -> None:
    folder = stock.prepare(section("audio", **VALUES))
    put(mine / "3.wav", tone(0.7))
    assert not isinstance(read("audio", **VALUES).split("train").samples, np.memmap)
    assert stock.prepare(section("audio", **VALUES)) != folder


def test_an_interrupted_call_leaves_nothing_that_counts(mine, monkeypatch) -> None:
    wanted = read("audio", **VALUES)
    count = 0

    def failing(*args):
        nonlocal count
        count += 1
        if count > 8:
            raise KeyboardInterrupt
        return original(*args)

    original = corpus.read_sound
    monkeypatch.setattr(corpus, "read_sound", failing)
    with pytest.raises(KeyboardInterrupt):
        stock.prepare(section("audio", **VALUES))
    monkeypatch.undo()
    monkeypatch.setenv("GENKIT_DATA", str(mine.parent))
    assert corpus.folder(section("audio", **VALUES)) is None
    folder = stock.prepare(section("audio", **VALUES))
    assert not list(folder.glob(".*"))
    same(wanted, read("audio", **VALUES))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "train_samples.npy").unlink(),
        lambda folder: (folder / "train_samples.npy").write_bytes(b"\x93NUMPY"),
        lambda folder: (folder / "test_items.jsonl").write_text("{}\n"),
        lambda folder: (folder / "test_edges.npy").write_bytes(
            (folder / "train_edges.npy").read_bytes()
        ),
        lambda folder: (folder / "train_tags.npy").write_bytes(
            (folder / "test_tags.npy").read_bytes()
        ),
        lambda folder: (folder / "prepared.json").write_text("[]"),
    ],
)
def test_what_is_damaged_says_what_to_do(mine, damage) -> None:
    folder = stock.prepare(section("audio", **VALUES))
    damage(folder)
    message = refused("audio", **VALUES)
    assert f"{folder}: what was prepared there is damaged (" in message
    assert message.endswith("Remove the folder and prepare again.")


def test_what_does_not_fit_into_memory(mine, monkeypatch) -> None:
    monkeypatch.setattr(corpus, "IN_MEMORY", 10_000)
    message = refused("audio", **VALUES)
    assert "its recordings take about 0.0 GB, more than the 0.0 GB" in message
    assert "genkit data prepare RECIPE" in message
    stock.prepare(section("audio", **VALUES))
    assert len(read("audio", **VALUES).split("test")) == 3


def test_verify_tells_recordings_and_seconds(mine) -> None:
    found = stock.verify(section("audio", **VALUES))
    assert found.fine
    assert sum(found.splits.values()) == 11
    assert sum(found.seconds.values()) == pytest.approx(3.4, abs=0.3)
    assert len(found.files) == 25
    (mine / "3.wav").write_bytes(b"damaged" * 9)
    found = stock.verify(section("audio", **VALUES))
    assert found.notes["dropped, not readable"].startswith("1: 3.wav")


def peak(work) -> int:
    """Bytes that `work` holds at most, beyond what was there before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def train(feed: AudioFeed) -> None:
    for k in range(200):
        feed.batch(k)


def test_memory_does_not_grow_with_the_corpus(root) -> None:
    """Neither preparing nor training holds more than a recording and a batch."""
    noise = np.random.Generator(np.random.Philox(4)).integers(-9_000, 9_000, 500_000, np.int16)
    first = put(root / "small/0.wav", noise)
    for folder, count in (("small", 4), ("large", 40)):
        (root / folder).mkdir(exist_ok=True)
        for i in range(count):
            path = root / folder / f"{i}.wav"
            if path != first:
                path.hardlink_to(first)
    peaks = {}
    for folder in ("small", "large", "small", "large"):  # the first two warm up what is cached
        config = section("audio", path=folder, sample_rate=RATE, test_share=0.2)
        for target in (root / "prepared").glob("*"):
            (target / "prepared.json").unlink(missing_ok=True)
        preparing = peak(lambda config=config: stock.prepare(config))
        feed = AudioFeed(data.load(config).split("train"), 8, 4_000, 1_000, 0)
        feed.batch(0)
        training = peak(lambda feed=feed: train(feed))
        loading = peak(lambda config=config: data.load(config))
        peaks[folder] = np.array([preparing, training, loading])
    assert (np.abs(peaks["large"] - peaks["small"]) < 1_000_000).all(), peaks  # of 36 files of 1 MB
    assert peaks["large"][1] < 1_000_000
    assert peaks["large"].max() < 20_000_000  # of 40 MB


def test_a_published_recording_that_is_silent_is_told(root) -> None:
    for i in range(1, 6):
        put(root / f"ljspeech/wavs/LJ001-000{i}.wav", tone(0.1 * (i != 2)), 22_050)
    put(root / "ljspeech/wavs/LJ001-0002.wav", np.zeros(2_205), 22_050)
    (root / "ljspeech/metadata.csv").write_text("")
    notes = read("ljspeech").notes
    assert notes["dropped, silent"] == "1, 0.1 s dropped: wavs/LJ001-0002.wav"
    (root / "ljspeech/wavs/LJ001-0004.wav").write_text("damaged")
    with pytest.raises(DataError, match="LJ001-0004"):
        read("ljspeech")
