"""LJ Speech: `wavs/LJ001-0001.wav` and `metadata.csv` of lines `id|text|normalised text`."""

from __future__ import annotations

from pathlib import Path

from genkit.data.audio import corpus
from genkit.data.audio.config import LjSpeechConfig
from genkit.data.audio.dataset import AudioDataset
from genkit.data.audio.listing import Item, Listing
from genkit.data.places import find_folder, missing
from genkit.data.splitting import split_by_permutation
from genkit.errors import DataError

DATASET = "ljspeech"
FOLDERS = ("ljspeech", "ljspeech/LJSpeech-1.1", "LJSpeech-1.1", "ljspeech_sample")
TEXTS = "metadata.csv"
RECORDINGS = 13_100
ALIGNED = (".textgrid", ".phn", ".lab", ".txt")  # the first one is preferred
SOUND = ".wav"


def load(config: LjSpeechConfig) -> AudioDataset:
    """Split by a fixed permutation of the recordings."""
    return corpus.load(config, listing)


def files(config: LjSpeechConfig) -> dict[str, Path]:
    """`metadata.csv`, the recordings and their alignments, where the section asks for them, by
    name.

    Raises:
        DataError: if there are none.
    """
    folder = find_folder(FOLDERS, TEXTS)
    if folder is None:
        raise missing(DATASET, [TEXTS, "wavs/LJ001-0001.wav, ..."])
    wavs = sorted((folder / "wavs").glob("*.wav"))
    if not wavs:
        raise DataError(f"{folder / 'wavs'}: no recordings (looked for *.wav)")
    found = {TEXTS: folder / TEXTS, **{f"wavs/{path.name}": path for path in wavs}}
    return found if config.alignments is None else {**found, **_aligned(folder, config, wavs)}


def _aligned(folder: Path, config: LjSpeechConfig, wavs: list[Path]) -> dict[str, Path]:
    """The alignment of each recording, by name."""
    place = folder / str(config.alignments)
    kinds = {suffix: number for number, suffix in enumerate(ALIGNED)}
    files = [path for path in place.glob("*") if path.suffix.lower() in kinds]
    # Transcripts lie beside TextGrids under the other names: the first kind is taken.
    files.sort(key=lambda path: (-kinds[path.suffix.lower()], path.name))
    there = {path.stem: path for path in files}
    absent = [path.stem for path in wavs if path.stem not in there]
    if absent:
        raise DataError(
            f"data.alignments: {place} lacks {len(absent)} of {len(wavs)} alignments, such as "
            f"{absent[0]}.TextGrid. The Montreal Forced Aligner writes them"
        )
    chosen = [there[path.stem] for path in wavs]
    return {f"{place.name}/{path.name}": path for path in chosen}


def listing(config: LjSpeechConfig) -> Listing:
    """The recordings by split, in the order of their names."""
    found = files(config)
    texts = read_texts(found.pop(TEXTS))
    absent = [name for name in texts if f"wavs/{name}.wav" not in found]
    if absent:
        raise DataError(
            f"{TEXTS} names {len(absent)} recordings that are not in wavs/, such as {absent[0]}"
        )
    aligned = {path.stem: path for path in found.values() if path.suffix != SOUND}
    items = [
        Item(path, name, text=texts.get(path.stem, ""), alignment=aligned.get(path.stem))
        for name, path in found.items()
        if path.suffix == SOUND
    ]
    shares = {"validation": config.validation_share, "test": config.test_share}
    notes = {}
    if len(items) != RECORDINGS:
        notes["part"] = f"{len(items):,} of the {RECORDINGS:,} recordings: a part of the data set"
    return Listing(split_by_permutation(items, shares, DATASET, "recordings"), notes=notes)


def read_texts(path: Path) -> dict[str, str]:
    """Recording -> what is said, numbers written out where that is given.

    Raises:
        DataError: names the line that is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        parts = line.split("|")
        if len(parts) not in (2, 3) or not parts[0] or parts[0] in found:
            raise DataError(
                f"{path}, line {number}: needs a new id|text|normalised text. "
                f"Received: {line[:80]!r}"
            )
        found[parts[0]] = parts[-1].strip() or parts[1].strip()
    return found
