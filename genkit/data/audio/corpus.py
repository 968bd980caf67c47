"""From a listing to a data set: read into memory, or written once for mapping from the disk.

`genkit data prepare` writes the second form: for each split all audio samples in one plain
array, where each recording ends, its attributes, and its name, text and alignment.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from genkit.data import prepared
from genkit.data.audio import report
from genkit.data.audio.alignment import aligned, aligned_words
from genkit.data.audio.config import AudioConfig
from genkit.data.audio.dataset import TAGS, AudioDataset, AudioSplit, Segment
from genkit.data.audio.listing import Item, Listing
from genkit.data.audio.report import Remark, Report
from genkit.data.audio.sound import Sound, SoundError, is_silent, loud_part, read_sound
from genkit.data.prepared import FACTS
from genkit.errors import DataError
from genkit.files import read_json_object, replacing, write_json
from genkit.progress import SILENT, Progress

IN_MEMORY = 2**30  # bytes of all splits together; more has to be prepared
REPORT = "report.jsonl"
_LATER = ("crop", "phones")  # what is done after reading: the same files serve all of it
_NEVER_WANTED = (report.SILENT, report.SLIPPED)  # dropped even from published data
_PROBED = 256  # files whose headers tell how large the rest is

Write = Callable[[np.ndarray], None]


def load(config: AudioConfig, listing: Callable[[Any], Listing]) -> AudioDataset:
    """The data set: mapped from the disk where it is prepared, else read into memory.

    Args:
        config: the `data` section.
        listing: called with it where nothing is prepared.

    Raises:
        DataError: if it is too large for that, a recording cannot be used, or none is left.
    """
    ready = folder(config)
    if ready is not None:
        return _mapped(config, ready)
    found = listing(config)
    _check_size(config, found)
    told = Report()
    for remark in found.remarks:
        told.add(remark)
    splits = {}
    for name, items in found.splits.items():
        blocks: list[np.ndarray] = []
        kept = _Kept(config)
        kept.read(items, found.tolerant, told, blocks.append)
        _check_left(config, name, kept, told)
        splits[name] = kept.split(np.concatenate(blocks))
    return AudioDataset(config.name, splits, config.vocabulary(), _notes(config, found, told))


def prepare(config: AudioConfig, found: Listing, progress: Progress = SILENT) -> Path:
    """Write the data set for mapping, and `report.jsonl` of all that is to be said about its
    recordings; returns the folder.

    What an interrupted call left is written over.
    """
    target = prepared.target(config, _LATER)
    target.mkdir(parents=True, exist_ok=True)
    facts = []
    with replacing(target / REPORT) as file:
        told = Report(lambda remark: _write_line(file, remark))
        for remark in found.remarks:
            told.add(remark)
        for name, items in found.splits.items():
            progress.start(f"{config.name} {name}", len(items), "recordings")
            kept = _Kept(config, progress)
            with _growing(target / f"{name}_samples.npy") as write:
                kept.read(items, found.tolerant, told, write)
            _check_left(config, name, kept, told)
            _write_tables(target, name, kept)
            facts.append([name, len(kept.names), kept.edges[-1]])
            progress.finish()
    notes = _notes(config, found, told)
    for key, note in notes.items():
        progress.message(f"{key}: {note}")
    progress.message(f"every recording to which something was done: {target / REPORT}")
    # Last: it says that all the rest is there. Lists, since objects would be sorted.
    write_json(target / FACTS, {"splits": facts, "notes": [list(pair) for pair in notes.items()]})
    return target


def folder(config: AudioConfig) -> Path | None:
    """Where a section lies prepared; None where it does not."""
    return prepared.folder(config, _LATER)


def _notes(config: AudioConfig, found: Listing, told: Report) -> dict[str, str]:
    said = {"data": config.name, "preprocessing": config.preprocessing()}
    return {**said, **found.notes, **told.notes()}


def _check_left(config: AudioConfig, split: str, kept: _Kept, told: Report) -> None:
    if kept.names:
        return
    reasons = "".join(f"\n  {key}: {note}" for key, note in told.notes().items())
    raise DataError(
        f"data set {config.name}: nothing is left of the split '{split}'. Remove or mend what is "
        f"dropped{reasons}"
    )


def _check_size(config: AudioConfig, found: Listing) -> None:
    """Refuses what has to be prepared; the size is known from some files' headers."""
    import soundfile

    items = [item for split in found.splits.values() for item in split]
    probed = items[:: max(1, len(items) // _PROBED)]
    seconds = []
    for item in probed:
        try:
            whole = soundfile.info(item.path).duration if item.end is None else item.end
        except soundfile.SoundFileError:
            continue  # reading it will tell
        seconds.append(whole - item.start)
    size = 2 * config.sample_rate * sum(seconds) * len(items) / max(1, len(probed))
    if size > IN_MEMORY:
        raise DataError(
            f"data set {config.name}: its recordings take about {size / 1e9:.1f} GB, more than "
            f"the {IN_MEMORY / 1e9:.1f} GB that are read into memory. Once: genkit data prepare "
            "RECIPE; it writes them below the data folder, and training maps them from there."
        )


class _Kept:
    """What is kept of the recordings of one split, but for their audio samples."""

    def __init__(self, config: AudioConfig, progress: Progress = SILENT) -> None:
        self.config = config
        self.progress = progress
        self.edges = [0]
        self.names: list[str] = []
        self.texts: list[str] = []
        self.alignments: list[Sequence[Segment]] = []
        self.words: list[Sequence[Segment]] = []
        self._vocabulary = config.vocabulary()
        self._values: dict[str, list[Any]] = {name: [] for name in self._vocabulary}

    def read(self, items: Sequence[Item], tolerant: bool, told: Report, write: Write) -> None:
        """Reads all items; `write` takes each one's audio samples, `told` the remarks."""
        for item in items:
            try:
                self._add(item, tolerant, told, write)
            except SoundError as error:
                if not (tolerant or error.reason in _NEVER_WANTED):
                    raise
                told.add(Remark(item.title, error.reason, error.detail, True, error.seconds))
            self.progress.advance()

    def _add(self, item: Item, tolerant: bool, told: Report, write: Write) -> None:
        rate = self.config.sample_rate
        sound = read_sound(item.path, rate, item.start, item.end)
        if is_silent(sound.pcm):
            seconds = len(sound.pcm) / rate
            raise SoundError(item.path, report.SILENT, seconds=seconds)
        first, last = 0, len(sound.pcm)
        if self.config.trim_db is not None:
            first, last = loud_part(sound.pcm, rate, self.config.trim_db)
        for reason, detail in sound.remarks:
            if reason == report.SHORT and not tolerant:
                raise SoundError(item.path, reason, detail)
            told.add(Remark(item.title, reason, detail))
        lost = (len(sound.pcm) - (last - first)) / rate
        if lost:
            told.add(Remark(item.title, report.TRIMMED, seconds=lost))
        self._align(item, sound, first, last, told)
        self._label(item)
        self.edges.append(self.edges[-1] + last - first)
        self.names.append(item.title)
        self.texts.append(item.text)
        told.keep((last - first) / rate)
        write(sound.pcm[first:last])

    def _align(self, item: Item, sound: Sound, first: int, last: int, told: Report) -> None:
        segments: list[Segment] = []
        words: list[Segment] = []
        if item.alignment is not None:
            rate = self.config.sample_rate
            offset = round(sound.start * rate / sound.source_rate) + first
            place = (item.alignment, offset, last - first, sound.source_rate, rate)
            segments, beyond = aligned(*place)
            words = aligned_words(*place)
            if beyond > 0 and item.end is None and last == len(sound.pcm):
                told.add(Remark(item.title, report.ALIGNMENT, f"by {beyond:.4f} s"))
        self.alignments.append(segments)
        self.words.append(words)

    def _label(self, item: Item) -> None:
        for name, allowed in self._vocabulary.items():
            if name == TAGS:
                self._values[name].append([int(value in item.tags) for value in allowed])
            else:
                self._values[name].append(allowed.index(item.labels[name]))

    def attributes(self) -> dict[str, np.ndarray]:
        """Name -> `(N,)` int64, or `(N, K)` uint8 for tags."""
        return {
            name: np.asarray(values, np.uint8 if name == TAGS else np.int64)
            for name, values in self._values.items()
        }

    def split(self, samples: np.ndarray) -> AudioSplit:
        return AudioSplit(
            samples,
            np.asarray(self.edges, np.int64),
            self.attributes(),
            self.config.sample_rate,
            self.names,
            self.texts if any(self.texts) else None,
            self.alignments if any(self.alignments) else None,
            self.words if any(self.words) else None,
        )


# The prepared form


@contextmanager
def _growing(path: Path) -> Iterator[Write]:
    """An `.npy` of int16 that is written piece by piece; there when it is whole."""
    count = 0
    with replacing(path) as file:
        file.write(_header(0))

        def write(block: np.ndarray) -> None:
            nonlocal count
            file.write(np.ascontiguousarray(block, "<i2").tobytes())
            count += len(block)

        yield write
        file.seek(0)
        file.write(_header(count))


def _header(count: int) -> bytes:
    """The first bytes of an `.npy` of `count` int16, as many for any count."""
    buffer = io.BytesIO()
    facts = {"descr": "<i2", "fortran_order": False, "shape": (10**15 + count,)}
    np.lib.format.write_array_header_1_0(buffer, facts)
    return buffer.getvalue().replace(str(10**15 + count).encode(), str(count).rjust(16).encode())


def _write_tables(target: Path, split: str, kept: _Kept) -> None:
    arrays = {"edges": np.asarray(kept.edges, np.int64), **kept.attributes()}
    for name, array in arrays.items():
        with replacing(target / f"{split}_{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    with replacing(target / f"{split}_items.jsonl") as file:
        columns = (kept.names, kept.texts, kept.alignments, kept.words)
        for name, text, phones, words in zip(*columns, strict=True):
            _write_line(file, {"name": name, "text": text, "alignment": phones, "words": words})


def _write_line(file: BinaryIO, value: dict[str, Any]) -> None:
    file.write((json.dumps(value, ensure_ascii=False) + "\n").encode())


def _mapped(config: AudioConfig, folder: Path) -> AudioDataset:
    try:
        facts = read_json_object(folder / FACTS)
        splits = {
            name: _mapped_split(config, folder, name, count, length)
            for name, count, length in facts["splits"]
        }
        return AudioDataset(config.name, splits, config.vocabulary(), dict(facts["notes"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, DataError) as error:
        raise DataError(
            f"{folder}: what was prepared there is damaged ({error}). Remove the folder and "
            "prepare again."
        ) from error


def _mapped_split(
    config: AudioConfig, folder: Path, name: str, count: int, length: int
) -> AudioSplit:
    arrays = {
        key: np.load(folder / f"{name}_{key}.npy", allow_pickle=False)
        for key in ("edges", *config.vocabulary())
    }
    samples = np.load(folder / f"{name}_samples.npy", mmap_mode="r", allow_pickle=False)
    if samples.shape != (length,) or len(arrays["edges"]) != count + 1:
        raise ValueError(f"{name}_samples.npy has shape {samples.shape}")
    with (folder / f"{name}_items.jsonl").open(encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    texts = [item["text"] for item in items]
    alignments, words = (
        [[Segment(*segment) for segment in item[key]] for item in items]
        for key in ("alignment", "words")
    )
    return AudioSplit(
        samples,
        arrays.pop("edges"),
        arrays,
        config.sample_rate,
        [item["name"] for item in items],
        texts if any(texts) else None,
        alignments if any(alignments) else None,
        words if any(words) else None,
    )
