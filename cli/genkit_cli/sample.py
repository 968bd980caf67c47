"""`genkit sample`: draws samples from a run into a folder, resumable."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from genkit.errors import DataError, UsageError
from genkit_cli import output
from genkit_cli.options import checkpoint_option, json_option, run_argument, seed_option

MAX_CONDITIONS_BYTES = 2**30


@click.command()
@run_argument
@click.option("-n", "count", type=click.IntRange(min=1), default=None, help="How many samples.")
@click.option("--out", required=True, metavar="DIR|-", help="Folder, or - for an npz on stdout.")
@seed_option
@click.option(
    "--tile",
    type=click.IntRange(1, 65536),
    default=None,
    help="Samples in one compiled batch. Samples depend on it in rounding only.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=None,
    help="Samples in flight: how many tiles are computed at once. Changes no sample.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    default=None,
    help="Divides the logits; 0 takes the most probable value.",
)
@click.option(
    "--top-k",
    type=click.IntRange(min=1),
    default=None,
    help="Draw from the k most probable values.",
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    default=None,
    help="Draw from the most probable values that together hold this probability.",
)
@click.option(
    "--condition",
    "condition",
    multiple=True,
    metavar="KEY=VALUE",
    help="Condition of all samples, such as class=7. May be repeated.",
)
@click.option(
    "--conditions",
    type=click.File("r"),
    default=None,
    metavar="FILE.jsonl|-",
    help="A JSON object a line: conditions of each sample.",
)
@click.option("--prime", default=None, metavar="FILE|SPLIT", help="Items to complete.")
@click.option(
    "--keep",
    default="top",
    show_default=True,
    help="Which part of --prime is kept: top, bottom, left, right or ROWS,COLUMNS "
    "such as 0:14,0:28.",
)
@click.option(
    "--sampler",
    default="incremental",
    show_default=True,
    metavar="NAME",
    help="incremental, or naive: a forward pass per value.",
)
@checkpoint_option
@json_option
def command(
    run: str,
    out: str,
    checkpoint: str | None,
    condition: Sequence[str],
    conditions: Any,
    seed: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Draw samples from RUN (a path or a name) into a folder.

    Sample i depends on weights, settings, seed and i only. Given again, the command goes on
    where it stopped; with other settings or weights it refuses.
    """
    from genkit.run import Run
    from genkit_cli.bars import Bars
    from genkit_cli.signals import Stopper

    if out == "-" and as_json:
        raise UsageError("--out - and --json both need standard output. Give one of them.")
    rows = _conditions(condition, conditions)
    found = Run.open(run)
    wanted = checkpoint or found.recipe.sample.checkpoint
    bars = Bars()
    try:
        with Stopper("sampling", "behind the finished parts") as stop:
            from genkit.opening import open_run
            from genkit.sampling.request import SampleRequest

            opened = open_run(found, wanted, bars)
            request = SampleRequest(seed=seed or 0, conditions=rows, **options)
            result = _draw(opened, request, out, bars, stop)
    finally:
        bars.close()
    files = [str(path) for path in result.files]
    if as_json:
        output.emit(
            {
                "run": str(found.path),
                "step": opened.checkpoint.step,
                "count": result.count,
                "files": files,
                "seconds": result.seconds,
            }
        )
    elif out != "-":
        again = ", all there already" if result.complete_before else ""
        output.say(f"{result.count} samples in {result.seconds:.1f} s{again}")
        for path in files:
            output.show(path)


def _draw(opened: Any, request: Any, out: str, bars: Any, stop: Any) -> Any:
    from genkit.sampling.request import sample_run

    if out != "-":
        return sample_run(opened, request, Path(out), bars, stop)
    with tempfile.TemporaryDirectory() as folder:
        result = sample_run(opened, request, Path(folder), bars, stop)
        archive = next((path for path in result.files if path.suffix == ".npz"), None)
        if archive is None:
            raise UsageError("these samples are no npz; give a folder with --out")
        sys.stdout.buffer.write(archive.read_bytes())
    return result


def _conditions(pairs: Sequence[str], lines: Any) -> list[dict[str, str]]:
    """What the user wrote, one mapping for all samples or one a sample."""
    common: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--condition takes KEY=VALUE, such as class=7. Received: '{pair}'")
        if key in common:
            raise UsageError(f"--condition {key} is given twice")
        common[key] = value
    if lines is None:
        return [common]
    return _from_lines(lines, common)


def _from_lines(lines: Any, common: Mapping[str, str]) -> list[dict[str, str]]:
    import json

    rows = []
    text = lines.read(MAX_CONDITIONS_BYTES)
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{lines.name}:{number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise DataError(f"{lines.name}:{number}: a JSON object is needed. Received: {line!r}")
        rows.append({**common, **{str(key): str(value) for key, value in row.items()}})
    if not rows:
        raise DataError(f"{lines.name}: holds no conditions")
    return rows
