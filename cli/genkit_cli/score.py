"""`genkit score`: what a run says of each item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from genkit_cli import output
from genkit_cli.options import checkpoint_option, json_option, run_argument

if TYPE_CHECKING:
    from genkit.artifacts import Artifact

Thing = TypeVar("Thing")


@click.command()
@run_argument
@click.option(
    "--data",
    required=True,
    metavar="PATH|SPLIT",
    help="A split of the recipe's data set, or your own items.",
)
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=None, help="Only the first N items."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="A .csv or .jsonl file. Default: lines of JSON on stdout.",
)
@click.option(
    "--files",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="DIR",
    help="Write what else there is to see of each item there, such as a picture with boxes.",
)
@checkpoint_option
@json_option
def command(
    run: str,
    data: str,
    limit: int | None,
    out: Path | None,
    files: Path | None,
    checkpoint: str | None,
    as_json: bool,
) -> None:
    """Score items one by one with RUN: a row an item."""
    from genkit.errors import UsageError
    from genkit.run import Run
    from genkit_cli.bars import Bars
    from genkit_cli.signals import Stopper

    if out is not None and out.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"--out takes a .csv or a .jsonl file. Received: '{out}'")
    found = Run.open(run)
    wanted = checkpoint or found.recipe.eval.checkpoint
    bars = Bars()
    try:
        with Stopper("scoring", "after this batch") as stop:
            from genkit.opening import open_run

            opened = open_run(found, wanted, bars)
            learner = opened.learner
            made = learner.item_files(data, limit, bars) if files is not None else iter(())
            count = _write(_watched(learner.score(data, limit, bars), stop), out, quiet=as_json)
            written = [] if out is None else [out]
            if files is not None:
                written += _save(_watched(made, stop), files)
    finally:
        bars.close()
    if as_json:
        output.emit(
            {
                "run": str(found.path),
                "data": data,
                "count": count,
                "files": [str(path) for path in written],
            }
        )
    elif out is not None:
        output.say(f"{count} items")
        output.show(str(out))
    if files is not None and not as_json:
        output.say(f"{len(written) - (out is not None)} files in {files}")


def _watched(rows: Iterator[Thing], stop: Any) -> Iterator[Thing]:
    from genkit.errors import StoppedError

    for row in rows:
        if (number := stop()) is not None:
            raise StoppedError("stopped before all items were scored", number)
        yield row


def _save(made: Iterator[Artifact], folder: Path) -> list[Path]:
    """The files of every item, each as soon as it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return [path for artifact in made for path in artifact.save(folder)]


def _write(rows: Iterator[Mapping[str, Any]], out: Path | None, quiet: bool) -> int:
    """Rows to the file, which appears when it is whole, or to standard output as they come."""
    from genkit.artifacts import Table
    from genkit.files import write_bytes

    if out is None:
        count = 0
        for row in rows:
            count += 1
            if not quiet:
                output.show(json.dumps(row))
        return count
    kept = list(rows)
    if out.suffix == ".csv":
        text = Table(out.stem, kept).csv()
    else:
        text = "".join(json.dumps(row) + "\n" for row in kept)
    write_bytes(out, text.encode())
    return len(kept)
