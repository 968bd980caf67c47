"""A folder of recordings: your own audio, without code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genkit.data.audio import corpus, report
from genkit.data.audio.config import AudioFolderConfig
from genkit.data.audio.dataset import AudioDataset
from genkit.data.audio.listing import Item, Listing, in_turn
from genkit.data.audio.manifest import Row, read_manifest
from genkit.data.audio.report import Remark
from genkit.data.audio.sound import SUFFIXES
from genkit.data.places import locate
from genkit.data.splitting import split_by_permutation
from genkit.data.walking import files_below
from genkit.errors import DataError

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class _Found:
    """Rows of the manifest, or as many for the files; and files that are passed over."""

    root: Path
    manifest: Path | None
    rows: Sequence[Row]
    remarks: Sequence[Remark] = ()
    unused: Sequence[str] = ()


def load(config: AudioFolderConfig) -> AudioDataset:
    """Split by the manifest, by a fixed permutation of files, or each recording by time."""
    return corpus.load(config, listing)


def files(config: AudioFolderConfig) -> dict[str, Path]:
    """Manifest, recordings and alignments by name."""
    found = _find(config)
    paths = [row.item.path for row in found.rows]
    paths += [row.item.alignment for row in found.rows if row.item.alignment is not None]
    if found.manifest is not None:
        paths.append(found.manifest)
    return {path.relative_to(found.root).as_posix(): path for path in paths}


def listing(config: AudioFolderConfig) -> Listing:
    """The recordings by split."""
    found = _find(config)
    notes = {}
    if found.unused:
        names = ", ".join(found.unused)
        notes["columns not used"] = f"{names}: data.speakers and data.tags list what is used"
    remarks = list(found.remarks)
    if any(row.split for row in found.rows):
        splits = _as_given(found, config)
    elif config.split_by == "time":
        splits = _by_time([row.item for row in found.rows], config, remarks)
    else:
        splits = _by_file([row.item for row in found.rows], config, _shares(config))
    if config.speakers:
        splits = {split: in_turn(items, "speaker") for split, items in splits.items()}
    return Listing(splits, remarks, tolerant=True, notes=notes)


def _find(config: AudioFolderConfig) -> _Found:
    root = locate(config.path, "folder")
    manifest = root / (config.manifest or MANIFEST)
    if config.manifest is not None and not manifest.is_file():
        raise DataError(f"data.manifest: {root} has no file '{config.manifest}'")
    if not manifest.resolve().is_relative_to(root.resolve()):
        raise DataError(f"data.manifest: {manifest} must lie in the folder {root}")
    if manifest.is_file():
        return _from_manifest(root, manifest, config)
    if config.tags:
        raise DataError(f"data.tags: only a manifest has tags, and {root} has no {MANIFEST}")
    return _from_folder(root, config)


def _from_manifest(root: Path, manifest: Path, config: AudioFolderConfig) -> _Found:
    rows, columns = read_manifest(manifest)
    unused = [name for name, key in (("speaker", config.speakers), ("tags", config.tags))
              if name in columns and not key]  # fmt: skip
    if config.speakers:
        without = [row.item.title for row in rows if "speaker" not in row.item.labels]
        if without:
            raise DataError(
                f"{manifest}: {len(without)} rows have no speaker, such as {without[0]}; with "
                "data.speakers every row needs one"
            )
        _check_listed(manifest, "speakers", config.speakers,
                      {row.item.labels["speaker"] for row in rows})  # fmt: skip
    if config.tags:
        used = {tag for row in rows for tag in row.item.tags}
        _check_listed(manifest, "tags", config.tags, used)
    return _Found(root, manifest, rows, unused=unused)


def _from_folder(root: Path, config: AudioFolderConfig) -> _Found:
    """All recordings of a folder; with `speakers`, its sub-folders are theirs."""
    names = files_below(root)
    sounds = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not sounds:
        raise DataError(f"{root}: no recordings in this folder (looked for {', '.join(SUFFIXES)})")
    if config.speakers:
        astray = next((name for name in sounds if "/" not in name), None)
        if astray:
            raise DataError(
                f"{root}: with data.speakers every recording lies in the sub-folder of its "
                f"speaker, or a manifest names it. Received: {astray}"
            )
        _check_listed(root, "speakers", config.speakers, {name.split("/")[0] for name in sounds})
    rows = []
    for name in sounds:
        labels = {"speaker": name.split("/")[0]} if config.speakers else {}
        rows.append(Row(Item(root / name, name, labels=labels), ""))
    others = [name for name in names if not name.lower().endswith(SUFFIXES)]
    remarks = [Remark(name, report.OTHER, dropped=True) for name in others]
    return _Found(root, None, rows, remarks)


def _check_listed(place: Path, key: str, listed: Sequence[str], used: set[str]) -> None:
    """Refuses values that the recipe does not list, and gives the list to paste."""
    missing = sorted(used - set(listed))
    if missing:
        pasted = ", ".join([*listed, *missing])
        raise DataError(
            f"{place}: data.{key} does not list {', '.join(missing[:5])}"
            f"{', ...' if len(missing) > 5 else ''}. All of them:\n  {key}: [{pasted}]"
        )


def _shares(config: AudioFolderConfig) -> dict[str, float]:
    return {"validation": config.validation_share, "test": config.test_share}


def _by_file(
    items: Sequence[Item], config: AudioFolderConfig, shares: dict[str, float]
) -> dict[str, list[Item]]:
    """Whole files in one split each."""
    paths = sorted({item.path for item in items})
    if len(paths) <= len(shares):
        raise DataError(
            f"data set {config.name}: {len(paths)} files are too few for {len(shares) + 1} "
            "splits. data.split_by=time holds out the last part of each."
        )
    splits = split_by_permutation(paths, shares, config.name, "files")
    place = {path: split for split, chosen in splits.items() for path in chosen}
    return {split: [item for item in items if place[item.path] == split] for split in splits}


def _by_time(
    items: Sequence[Item], config: AudioFolderConfig, remarks: list[Remark]
) -> dict[str, list[Item]]:
    """The end of every recording for testing, what lies before it for validation."""
    import soundfile

    splits: dict[str, list[Item]] = {"train": [], "validation": [], "test": []}
    for item in items:
        try:
            end = item.end or soundfile.info(item.path).duration
        except soundfile.SoundFileError as error:
            remarks.append(Remark(item.title, report.UNREADABLE, str(error), dropped=True))
            continue
        length = end - item.start
        test = end - config.test_share * length
        cuts = [item.start, test - config.validation_share * length, test]
        for split, first, last in zip(splits, cuts, [*cuts[1:], item.end], strict=True):
            splits[split].append(replace(item, start=first, end=last))
    return splits


def _as_given(found: _Found, config: AudioFolderConfig) -> dict[str, list[Item]]:
    """The splits of the manifest; without `validation`, a share of the training files."""
    splits = {
        split: [row.item for row in found.rows if row.split == split]
        for split in ("train", "validation", "test")
    }
    without = [row.item.title for row in found.rows if not row.split]
    if without:
        raise DataError(
            f"{found.manifest}: {len(without)} rows have no split, such as {without[0]}; give all "
            "rows one, or none"
        )
    absent = [split for split in ("train", "test") if not splits[split]]
    if absent:
        raise DataError(f"{found.manifest}: no row has split {' or '.join(absent)}")
    if not splits["validation"]:
        share = {"validation": config.validation_share}
        splits.update(_by_file(splits["train"], config, share))
    return splits
