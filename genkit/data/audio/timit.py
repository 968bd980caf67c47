"""TIMIT: `TRAIN/DR1/FCJF0/SA1.WAV` with `.PHN`, `.WRD` and `.TXT`, in upper or lower case.

Its public sample has `dr1-fvmh0/sa1.wav` instead, without folders for the splits. The recordings
are NIST SPHERE files, or WAV in copies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genkit.data.audio import corpus
from genkit.data.audio.config import TimitConfig
from genkit.data.audio.dataset import AudioDataset
from genkit.data.audio.listing import Item, Listing
from genkit.data.places import missing, roots
from genkit.data.splitting import split_by_permutation
from genkit.data.walking import files_below
from genkit.errors import DataError

DATASET = "timit"
FOLDERS = ("timit", "TIMIT", "timit_sample")
UTTERANCES = 6_300
_PUBLISHED = re.compile(r"(?:.*/)?(train|test)/(dr[1-8])/([fm]\w+)/(\w+)\.(wav|sph|phn|txt)")
_SAMPLE = re.compile(r"()(dr[1-8])-([fm]\w+)/(\w+)\.(wav|sph|phn|txt)")
_SOUND = ("wav", "sph")


@dataclass
class _Utterance:
    """Files of an utterance by kind, and who says it; `split` is empty in the sample."""

    split: str
    dialect: str
    speaker: str
    files: dict[str, str]


def load(config: TimitConfig) -> AudioDataset:
    """Split by speakers: no speaker is in two splits."""
    return corpus.load(config, listing)


def files(config: TimitConfig) -> dict[str, Path]:
    """Recordings, phones and texts by their path.

    Raises:
        DataError: if there are none.
    """
    root, found = _utterances(config)
    return {name: root / name for each in found for name in each.files.values()}


def listing(config: TimitConfig) -> Listing:
    """The utterances by split, each split sorted by sentence, then speaker."""
    root, found = _utterances(config)
    splits = {
        split: [_item(root, each) for each in found if each.speaker in speakers]
        for split, speakers in _speakers(config, found).items()
    }
    whole = UTTERANCES if config.sa_sentences else UTTERANCES * 8 // 10
    notes = {}
    if len(found) != whole:
        notes["part"] = f"{len(found):,} of the {whole:,} utterances: a part of the data set"
    return Listing(splits, notes=notes)


def _utterances(config: TimitConfig) -> tuple[Path, list[_Utterance]]:
    for root in (root / folder for root in roots() for folder in FOLDERS):
        found = _found(root) if root.is_dir() else {}
        kept = {
            key: each
            for key, each in found.items()
            if config.sa_sentences or not key[1].startswith("sa")
        }
        if kept:
            return root, [kept[key] for key in sorted(kept, key=lambda key: (key[1], key[0]))]
    raise missing(DATASET, ["TRAIN/DR1/FCJF0/SA1.WAV, ... TEST/..., as published"])


def _found(root: Path) -> dict[tuple[str, str], _Utterance]:
    """Speaker and sentence -> files."""
    found: dict[tuple[str, str], _Utterance] = {}
    for name, parts in _matches(root):
        split, dialect, speaker, sentence, kind = parts
        each = found.setdefault((speaker, sentence), _Utterance(split, dialect, speaker, {}))
        each.files.setdefault("wav" if kind in _SOUND else kind, name)
    for (speaker, sentence), each in found.items():
        if "wav" not in each.files:
            raise DataError(f"{root}: {speaker}/{sentence} has {', '.join(each.files)}, no .wav")
    return found


def _matches(root: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in files_below(root):
        lower = name.lower()
        match = _PUBLISHED.fullmatch(lower) or _SAMPLE.fullmatch(lower)
        if match is not None:
            yield name, match.groups()


def _item(root: Path, each: _Utterance) -> Item:
    path = root / each.files["wav"]
    text = root / each.files["txt"] if "txt" in each.files else None
    alignment = root / each.files["phn"] if "phn" in each.files else None
    labels = {"dialect": each.dialect, "sex": each.speaker[0]}
    said = "" if text is None else _text(text)
    return Item(path, each.files["wav"], labels=labels, text=said, alignment=alignment)


def _text(path: Path) -> str:
    """What is said, without the two numbers in front."""
    try:
        words = path.read_text(encoding="utf-8").split(maxsplit=2)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    return words[2].strip() if len(words) == 3 else ""


def _speakers(config: TimitConfig, found: list[_Utterance]) -> dict[str, set[str]]:
    """The speakers of each split."""
    shares = {"validation": config.validation_share, "test": config.test_share}
    test = {each.speaker for each in found if each.split == "test"}
    if test:
        del shares["test"]
    rest = sorted({each.speaker for each in found} - test)
    splits = split_by_permutation(rest, shares, DATASET, "speakers")
    chosen = {split: set(names) for split, names in splits.items()}
    return {**chosen, "test": test} if test else chosen
