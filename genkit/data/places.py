"""Where data sets lie: below `GENKIT_DATA`, each in a folder of its own, as it was published."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from genkit.errors import DataError, UsageError

VARIABLE = "GENKIT_DATA"
PACKED = ".gz"


def data_root() -> Path:
    """The folder that downloads go to: `GENKIT_DATA`, else `data` in the working directory."""
    return Path(os.environ.get(VARIABLE) or "data")


def roots() -> list[Path]:
    """Folders in which data sets are looked for, the first first.

    Without `GENKIT_DATA`, a checkout also looks into `../shared/data` beside it.
    """
    found = [data_root()]
    if not os.environ.get(VARIABLE):
        checkout = Path(__file__).resolve().parents[2]
        found += [p for p in [checkout.parent / "shared" / "data"] if p.is_dir()]
    return found


def find(dataset: str, name: str, folders: Sequence[str] = ("",)) -> Path | None:
    """The file `name`, packed by gzip or not, of a data set; None where it is not there.

    Args:
        dataset: its folder below a root.
        name: without `.gz`.
        folders: sub-folders to look in, such as the one that an archive unpacks to.
    """
    for root in roots():
        for folder in folders:
            for candidate in (
                root / dataset / folder / name,
                root / dataset / folder / (name + PACKED),
            ):
                if candidate.is_file():
                    return candidate
    return None


def find_folder(folders: Iterable[str], holds: str) -> Path | None:
    """The first of `folders`, paths below a root, that holds a file or folder `holds`."""
    places = (root / folder for root in roots() for folder in folders)
    return next((place for place in places if (place / holds).exists()), None)


def locate(path: str, kind: str) -> Path:
    """The folder or file at `data.path`: from the working directory, or below a data folder.

    Args:
        path: as the recipe says.
        kind: `folder` or `file`.

    Raises:
        DataError: names the places that were looked in.
    """
    places = [Path(path).expanduser()]
    if not places[0].is_absolute():
        places += [root / path for root in roots()]
    for place in places:
        if place.is_dir() if kind == "folder" else place.is_file():
            return place
    searched = ", ".join(str(place) for place in places)
    raise DataError(
        f"data.path: no {kind} '{path}'. Looked at {searched}. Set it with -o data.path=PATH, or "
        f"set {VARIABLE} to the folder that it lies in."
    )


def find_all(dataset: str, names: Iterable[str], folders: Sequence[str] = ("",)) -> dict[str, Path]:
    """All of `names`, as `find` does.

    Raises:
        DataError: names every file that is missing, and where to put it.
    """
    found = {name: find(dataset, name, folders) for name in names}
    absent = [name for name, path in found.items() if path is None]
    if absent:
        raise missing(dataset, absent)
    return {name: path for name, path in found.items() if path is not None}


def given_file(path: str | Path) -> Path:
    """A file that somebody names in place of a split.

    Raises:
        UsageError: if there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file, and no split of the data set")
    return path


def missing(dataset: str, names: Sequence[str]) -> DataError:
    """The error of a data set whose files are not there: says what belongs where."""
    listed = "\n".join(f"    {name}" for name in names)
    searched = " and ".join(str(root / dataset) for root in roots())
    lines = [
        f"data set {dataset}: not found:\n{listed}",
        f"  Looked in {searched}, also for the same names with {PACKED}.",
        f"  With a network: genkit data get {dataset}",
        f"  Without: put the files, as published, into {data_root() / dataset}",
    ]
    if not os.environ.get(VARIABLE):
        lines.append(f"  Or set {VARIABLE} to the folder that holds the folder {dataset}.")
    return DataError("\n".join(lines))
