"""`genkit data list|get|prepare|verify`: data sets on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from genkit import registry
from genkit.errors import DataError, UsageError
from genkit_cli import output
from genkit_cli.options import json_option, overrides_option

if TYPE_CHECKING:
    from genkit.data.catalogue import DatasetEntry


class _TargetType(click.ParamType):
    """The name of a data set; or a recipe, for its `data` section."""

    name = "target"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        names = registry.datasets.names()
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.group()
def command() -> None:
    """List, get, prepare and verify data sets.

    They lie below the folder GENKIT_DATA, each in a folder of its own, as it was published.
    """


@command.command("list")
@json_option
def list_datasets(as_json: bool) -> None:
    """List data sets: what is there, and under which licence."""
    from genkit.data.places import data_root
    from genkit.data.stock import state

    entries = [registry.datasets.get(name) for name in registry.datasets.names()]
    rows = [
        {
            "name": entry.name,
            "kind": entry.kind,
            "state": state(entry),
            "licence": entry.licence,
            "summary": entry.summary,
        }
        for entry in entries
    ]
    if as_json:
        output.emit({"folder": str(data_root()), "datasets": rows})
        return
    output.show(output.table([(row["name"], row["state"], row["licence"]) for row in rows], ""))
    output.say(f"Downloads go to {data_root()}; GENKIT_DATA names another folder.")


@command.command()
@click.argument("name", type=_TargetType())
@click.option(
    "--from", "mirror", metavar="URL", default=None, help="A place that has the same files."
)
@json_option
def get(name: str, mirror: str | None, as_json: bool) -> None:
    """Download the data set NAME as it was published; goes on where it stopped."""
    from genkit.data.places import data_root
    from genkit.data.stock import get as fetch
    from genkit_cli.bars import Bars

    entry = registry.datasets.get(name)
    _tell_licence(entry)
    bars = Bars()
    try:
        paths = [] if entry.builtin else fetch(entry, mirror, bars)
    finally:
        bars.close()
    if as_json:
        folder = None if entry.builtin else str(data_root() / name)
        files = [str(path) for path in paths]
        output.emit({"dataset": name, "licence": entry.licence, "folder": folder, "files": files})
    elif entry.builtin:
        output.say(f"{name} is built in: there is nothing to get")
    else:
        output.show(str(data_root() / name))


@command.command()
@click.argument("target", type=_TargetType())
@overrides_option
@json_option
def prepare(target: str, overrides: Sequence[str], as_json: bool) -> None:
    """Make data ready for training: TARGET is a data set or a recipe.

    Unpacks archives, reads everything once, and writes data that does not fit into memory in a
    form that training maps from the disk.
    """
    from genkit.data import load
    from genkit.data.stock import prepare as make_ready
    from genkit.data.stock import seconds_of
    from genkit_cli.bars import Bars

    (config,) = _sections(target, overrides)
    entry = registry.datasets.get(config.name)
    _tell_licence(entry)
    bars = Bars()
    try:
        folder = make_ready(config, bars)
    finally:
        bars.close()
    if as_json:
        facts: dict[str, Any] = {"dataset": config.name, "folder": None}
        if folder is not None:
            dataset = load(config)
            splits = {name: len(split) for name, split in dataset.splits.items()}
            facts.update(folder=str(folder), splits=splits, notes=dict(dataset.notes))
            facts["seconds"] = seconds_of(dataset)
        output.emit(facts)
    elif folder is None:
        output.say(f"{config.name}: ready; it is read as it was published")
    else:
        output.show(str(folder))


@command.command()
@click.argument("targets", type=_TargetType(), nargs=-1, metavar="[TARGET]...")
@overrides_option
@json_option
def verify(targets: Sequence[str], overrides: Sequence[str], as_json: bool) -> None:
    """Check files against their checksums and read them: data sets or recipes.

    Without TARGET all published data sets that are there. Exits 1 when something is wrong.
    """
    from genkit.data.stock import verify as check
    from genkit_cli.bars import Bars

    bars = Bars()
    try:
        sections = [found for name in targets or _there() for found in _sections(name, overrides)]
        results = [check(config, bars) for config in sections]
    finally:
        bars.close()
    if as_json:
        rows = [
            {
                "name": found.name,
                "fine": found.fine,
                "files": found.files,
                "splits": found.splits,
                "seconds": found.seconds,
                "notes": found.notes,
                "problem": found.problem,
            }
            for found in results
        ]
        output.emit({"datasets": rows})
    else:
        for found in results:
            _show(found)
    wrong = [found.name for found in results if not found.fine]
    if wrong:
        raise click.exceptions.Exit(1)


def _tell_licence(entry: DatasetEntry) -> None:
    output.say(f"{entry.name}: {entry.licence}")
    if entry.citation != "none":
        output.say(f"  cite: {entry.citation}")


def _show(found: Any) -> None:
    counts = ", ".join(
        f"{name} {count:,}" + (f" of {found.seconds[name]:,.1f} s" if found.seconds else "")
        for name, count in found.splits.items()
    )
    output.show(f"{found.name}: {'fine' if found.fine else 'wrong'} ({counts or 'not read'})")
    for name, result in found.files.items():
        if len(found.files) <= 20 or result not in ("ok", "read"):
            word = "no checksum known, readable" if result == "read" else result
            output.show(f"  {name}: {word}")
    for key, note in found.notes.items():
        if key != "data":
            output.show(f"  {key}: {note}")
    if found.problem:
        output.show(f"  {found.problem}")


def _there() -> list[str]:
    """Published data sets that are there."""
    from genkit.data.stock import state

    entries = (registry.datasets.get(name) for name in registry.datasets.names())
    found = [e.name for e in entries if not (e.builtin or e.own) and state(e) != "missing"]
    if not found:
        raise DataError("no published data set is there. Get one with: genkit data get NAME")
    return found


def _sections(target: str, overrides: Sequence[str]) -> list[Any]:
    """The `data` section of a recipe, or the one that a data set's name stands for."""
    if target not in registry.datasets.names():
        return [_of_recipe(target, overrides)]
    entry = registry.datasets.get(target)
    if overrides:
        raise UsageError("-o goes with a recipe, such as: gated_pixelcnn/mnist -o data.levels=16")
    if entry.own:
        raise UsageError(f"'{target}' is data of your own: name a recipe that says where it lies")
    return [_that_is_there(entry)]


def _of_recipe(target: str, overrides: Sequence[str]) -> Any:
    from genkit.errors import unknown
    from genkit.recipe import catalogue, load_recipe

    if "/" not in target and not target.endswith(catalogue.SUFFIXES):
        raise UsageError(unknown("data set", target, registry.datasets.names()))
    return load_recipe(target, overrides).data


def _that_is_there(entry: DatasetEntry) -> Any:
    """The section of the part that is there; with defaults where none is."""
    from genkit.data.stock import config_of, variants

    if entry.files is None:
        return config_of(entry)
    for config in variants(entry):
        try:
            registry.resolve(entry.files)(config)
        except DataError:
            continue
        return config
    return config_of(entry)
