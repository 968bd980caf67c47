"""VCTK: version 0.92, `wav48_silence_trimmed/p225/p225_001_mic1.flac`, or version 0.80,
`wav48/p225/p225_001.wav`; texts in `txt/p225/p225_001.txt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genkit.data.audio import corpus
from genkit.data.audio.config import VctkConfig
from genkit.data.audio.dataset import AudioDataset
from genkit.data.audio.listing import Item, Listing, in_turn
from genkit.data.places import find_folder, missing
from genkit.data.splitting import split_by_permutation
from genkit.errors import DataError

DATASET = "vctk"
FOLDERS = ("vctk", "vctk/VCTK-Corpus-0.92", "vctk/VCTK-Corpus", "VCTK-Corpus-0.92", "VCTK-Corpus")
NEW, OLD, TEXTS = "wav48_silence_trimmed", "wav48", "txt"


@dataclass(frozen=True)
class _Recording:
    speaker: str
    name: str
    path: Path
    text: Path | None


def load(config: VctkConfig) -> AudioDataset:
    """Split by a fixed permutation of each speaker's recordings."""
    return corpus.load(config, listing)


def files(config: VctkConfig) -> dict[str, Path]:
    """Recordings and texts of the chosen speakers by name.

    Raises:
        DataError: if there are none.
    """
    found: dict[str, Path] = {}
    for each in _recordings(config):
        found[each.name] = each.path
        if each.text is not None:
            found[f"{TEXTS}/{each.speaker}/{each.text.name}"] = each.text
    return found


def listing(config: VctkConfig) -> Listing:
    """The recordings by split; each goes through the speakers first."""
    shares = {"validation": config.validation_share, "test": config.test_share}
    by_speaker: dict[str, list[_Recording]] = {}
    for each in _recordings(config):
        by_speaker.setdefault(each.speaker, []).append(each)
    found: dict[str, list[Item]] = {}
    for speaker, own in by_speaker.items():
        parts = split_by_permutation(own, shares, DATASET, f"recordings of {speaker}")
        for split, chosen in parts.items():
            found.setdefault(split, []).extend(_item(each) for each in chosen)
    splits = {split: in_turn(items, "speaker") for split, items in found.items()}
    absent = [name for name in config.vocabulary()["speaker"] if name not in by_speaker]
    notes = {"speakers without recordings": ", ".join(absent)} if absent else {}
    return Listing(splits, notes=notes)


def _recordings(config: VctkConfig) -> list[_Recording]:
    root = find_folder(FOLDERS, NEW) or find_folder(FOLDERS, OLD)
    if root is None:
        raise missing(DATASET, [f"{NEW}/p225/p225_001_mic1.flac, ...", f"{TEXTS}/p225/..."])
    new = (root / NEW).is_dir()
    sounds = root / (NEW if new else OLD)
    ending = f"_{config.microphone}.flac" if new else ".wav"
    found = []
    for speaker in config.vocabulary()["speaker"]:
        texts = {path.stem: path for path in (root / TEXTS / speaker).glob("*.txt")}
        for path in sorted((sounds / speaker).glob(f"*{ending}")):
            stem = path.name.removesuffix(ending)
            name = path.relative_to(root).as_posix()
            found.append(_Recording(speaker, name, path, texts.get(stem)))
    if not found:
        raise DataError(f"{sounds}: no recordings of the speakers (looked for p225/*{ending})")
    return found


def _item(each: _Recording) -> Item:
    try:
        text = "" if each.text is None else each.text.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{each.text}: cannot be read ({error})") from error
    return Item(each.path, each.name, labels={"speaker": each.speaker}, text=text)
