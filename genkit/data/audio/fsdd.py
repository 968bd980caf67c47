"""Free Spoken Digit Dataset: `recordings/{digit}_{speaker}_{index}.wav`."""

from __future__ import annotations

from pathlib import Path

from genkit.data.audio import corpus, report
from genkit.data.audio.config import FSDD_SPEAKERS, FSDD_TAKES, FSDD_TEST, FsddConfig
from genkit.data.audio.dataset import AudioDataset
from genkit.data.audio.listing import Item, Listing
from genkit.data.audio.report import Remark
from genkit.data.places import find_folder, missing
from genkit.errors import DataError

DATASET = "fsdd"
FOLDERS = (
    "fsdd/recordings",
    "fsdd/free-spoken-digit-dataset-1.0.10/recordings",
    "fsdd/free-spoken-digit-dataset-master/recordings",
)
_FIRST = f"0_{FSDD_SPEAKERS[0]}_0.wav"


def load(config: FsddConfig) -> AudioDataset:
    """Split by the number of the recording: the first are for testing, the next for validation.

    Each split goes through digits and speakers first, so that its beginning has all of them.
    """
    return corpus.load(config, listing)


def files(config: FsddConfig) -> dict[str, Path]:
    """The 3,000 recordings by name.

    Raises:
        DataError: if some are missing.
    """
    del config
    folder = find_folder(FOLDERS, _FIRST)
    if folder is None:
        raise missing(DATASET, ["recordings/{digit}_{speaker}_{index}.wav"])
    found = {f"recordings/{_name(*place)}": folder / _name(*place) for place in _places()}
    there = {path.name for path in folder.iterdir()}
    absent = [path.name for path in found.values() if path.name not in there]
    if absent:
        raise DataError(
            f"{folder}: {len(absent)} of the {len(found):,} recordings are missing, such as "
            f"{absent[0]}. Fetch the data set again."
        )
    return found


def listing(config: FsddConfig) -> Listing:
    """The recordings by split."""
    found = files(config)
    first_of_train = FSDD_TEST + config.validation_count
    takes = {
        "train": range(first_of_train, FSDD_TAKES),
        "validation": range(FSDD_TEST, first_of_train),
        "test": range(FSDD_TEST),
    }
    splits: dict[str, list[Item]] = {split: [] for split in takes}
    for digit, speaker, take in _places():
        name = f"recordings/{_name(digit, speaker, take)}"
        labels = {"speaker": speaker, "digit": str(digit)}
        split = next(split for split, numbers in takes.items() if take in numbers)
        splits[split].append(Item(found[name], name, labels=labels))
    folder = next(iter(found.values())).parent
    known = {path.name for path in found.values()}
    others = sorted({path.name for path in folder.iterdir()} - known)
    return Listing(splits, [Remark(name, report.OTHER, dropped=True) for name in others])


def _places() -> list[tuple[int, str, int]]:
    return [
        (digit, speaker, take)
        for take in range(FSDD_TAKES)
        for digit in range(10)
        for speaker in FSDD_SPEAKERS
    ]


def _name(digit: int, speaker: str, take: int) -> str:
    return f"{digit}_{speaker}_{take}.wav"
