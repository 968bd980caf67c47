"""The JSON files of a job's folder: what it is, what its shards finished, what the whole holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from genkit.errors import Problem, UsageError
from genkit.files import file_sha256, read_json_object, write_json
from genkit.sampling.fingerprint import differences, digest
from genkit.sampling.job.description import Shard
from genkit.sampling.job.parts import FOLDER, BadPartError, read_part

SETTINGS = "settings.json"
MANIFEST = "job.json"
CHECKSUMS = "parts.sha256"
SHARDS = "shards"
LIST_SUFFIX = ".sha256"

_PART = re.compile(r"(\d{9,})-(\d{9,})\.npz", re.ASCII)
_SHARD_FILE = re.compile(r"(\d+)-of-(\d+)\.(?:json|lock)", re.ASCII)
_OTHER = "Give another folder with --out, or the settings of the job that is there."


def manifest(folder: Path) -> dict[str, Any] | None:
    """What `job.json` says, or None where it is missing or damaged."""
    found = _object(folder / MANIFEST)
    kinds = {"settings": dict, "outputs": list, "files": dict}
    whole = found is not None and all(isinstance(found.get(k), kind) for k, kind in kinds.items())
    return found if whole else None


def settings_of(folder: Path) -> dict[str, Any] | None:
    """The settings of the job in `folder`, or None where none can be read."""
    finished = manifest(folder)
    return dict(finished["settings"]) if finished is not None else _object(folder / SETTINGS)


def _object(path: Path) -> dict[str, Any] | None:
    try:
        return read_json_object(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def refuse_other_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    """A folder belongs to one job.

    Raises:
        UsageError: if it holds another one; says what differs, as far as that can be read.
    """
    there = settings_of(folder)
    if there is not None:
        if problems := differences(there, settings):
            raise UsageError(f"{folder} holds samples of another job. {_OTHER}", problems)
        return
    for path in some_parts(folder):
        try:
            stamp = read_part(folder, path).stamp
        except BadPartError:
            continue
        if stamp.settings != digest(settings):
            raise UsageError(
                f"{folder} holds an unfinished job of other settings or weights. {_OTHER}"
            )
        return


def some_parts(folder: Path) -> Iterator[range]:
    """The samples of parts that are there, in no order."""
    try:
        entries = os.scandir(folder / FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if found := _PART.fullmatch(entry.name):
                yield range(int(found[1]), int(found[2]))


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write `settings.json` where there is none. Shards may do so at the same time: the first
    one wins, and the others see whether they are of the same job.

    Raises:
        UsageError: if the folder belongs to another job.
    """
    refuse_other_settings(folder, settings)
    if _object(folder / SETTINGS) is not None:
        return
    own = folder / f".{SETTINGS}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        write_json(own, dict(settings))
        try:
            os.link(own, folder / SETTINGS)
        except FileExistsError:
            if _object(folder / SETTINGS) is None:  # damaged
                os.replace(own, folder / SETTINGS)
            else:
                refuse_other_settings(folder, settings)
        except OSError:  # a file system without links
            os.replace(own, folder / SETTINGS)
    finally:
        own.unlink(missing_ok=True)


def shard_record(shard: Shard) -> str:
    """Such as `shards/0-of-4.json`."""
    return f"{SHARDS}/{shard.stem}.json"


def shard_lock(shard: Shard) -> str:
    return f"{SHARDS}/{shard.stem}.lock"


def known_shards(folder: Path) -> list[Shard]:
    """Shards that were begun in `folder`, by their files."""
    try:
        names = os.listdir(folder / SHARDS)
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (_SHARD_FILE.fullmatch(name) for name in names)
    shards = {Shard(int(match[1]), int(match[2])) for match in found if match}
    return sorted(shards, key=lambda shard: (shard.of, shard.number))


def refuse_other_counts(folder: Path, shard: Shard) -> None:
    """All shards of a folder are shares of the same number of shards.

    Raises:
        UsageError: if one of another number was begun there.
    """
    other = next((known for known in known_shards(folder) if known.of != shard.of), None)
    if other is not None:
        raise UsageError(
            f"{folder} is drawn in {other.of} shards ({shard_record(other)}). Received: "
            f"--shard {shard}. Give --shard I/{other.of}, or leave --shard out to draw all that "
            f"is missing; to deal the tiles anew, remove {folder / SHARDS} while no shard runs."
        )


def other_fingerprint(folder: Path, fingerprint: Mapping[str, Any]) -> list[Problem]:
    """How a shard that is finished in `folder` was drawn otherwise; empty where none was."""
    for shard in known_shards(folder):
        there = (_object(folder / shard_record(shard)) or {}).get("fingerprint", fingerprint)
        if isinstance(there, Mapping) and (found := differences(there, fingerprint)):
            return found
    return []


def write_shard_record(folder: Path, shard: Shard, facts: Mapping[str, Any]) -> Path:
    path = folder / shard_record(shard)
    write_json(path, {"shard": shard.number, "shards": shard.of, **facts})
    return path


def outputs_match(folder: Path, found: Mapping[str, Any]) -> bool:
    """Whether the files that a manifest names have their checksums, and those that these list."""
    matching = all(_matches(folder / name, value) for name, value in found["files"].items())
    lists = (folder / name for name in found["outputs"] if name.endswith(LIST_SUFFIX))
    return matching and all(map(_listed_match, lists))


def _matches(path: Path, checksum: str) -> bool:
    return path.is_file() and file_sha256(path) == checksum


def _listed_match(listing: Path) -> bool:
    with listing.open() as lines:
        pairs = (line.rstrip("\n").split("  ", 1) for line in lines)
        return all(_matches(listing.parent / name, checksum) for checksum, name in pairs)
