"""`genkit sample`: draws samples into a folder, whole or in shards; merges shards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from genkit.errors import Problem, UsageError
from genkit_cli import output
from genkit_cli.options import (
    RunType,
    allow_import_option,
    checkpoint_option,
    json_option,
    seed_option,
)

if TYPE_CHECKING:
    from genkit.sampling.job import JobResult

# What goes together with --merge.
MERGE_TAKES = {"run", "merge", "out", "allow_mixed", "animate", "as_json", "debug"}

PARTS = "behind the finished parts"

Result = TypeVar("Result")


@click.command()
@click.argument("run", type=RunType(), nargs=-1, metavar="RUN")
@click.option("-n", "count", type=click.IntRange(min=1), default=None, help="How many samples.")
@click.option(
    "--out",
    default=None,
    metavar="DIR|-|FILE.wav",
    help="Folder; or - for standard output: an npz, of sound a WAV that is heard while it is "
    "drawn; or, for sound, a file that grows in the same way.",
)
@seed_option
@click.option(
    "--tile",
    type=click.IntRange(1, 65536),
    default=None,
    help="Samples in one compiled batch; 1 by default where sound is heard while it is drawn. "
    "Samples depend on it in rounding only.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=None,
    help="Samples in flight: how many tiles are computed at once; by default a tile a core. "
    "Changes no sample.",
)
@click.option(
    "--shard",
    default=None,
    metavar="I/N",
    help="Draw share I of N, counted from 0. Put shares together with --merge.",
)
@click.option(
    "--merge",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR [DIR...]",
    help="Put the shards in these folders together, in the first one or in --out.",
)
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Accept samples that were drawn under different versions or on different machines.",
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
    help="Condition of all samples, such as class=7; embedding=FILE.npz, a vector a row; or "
    "image=FILE, a picture, folder or split, for models that code images. FILE:3 is row 3 alone. "
    "May be repeated.",
)
@click.option(
    "--conditions",
    type=click.File("rb"),
    default=None,
    metavar="FILE.jsonl|-",
    help="A JSON object a line: conditions of each sample.",
)
@click.option(
    "--interpolate",
    multiple=True,
    metavar="KEY=VALUE",
    help="Draw rows of samples on the same noise: the first of a row has --condition, the last one "
    "this, those between lie evenly between them. May be repeated.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    metavar="K",
    help="Samples of each row of --interpolate, both ends included.",
)
@click.option("--prime", default=None, metavar="FILE|SPLIT", help="Items to complete.")
@click.option(
    "--keep",
    default=None,
    metavar="REGION|FILE|SECONDS",
    help="Which part of --prime is kept. Of images top (the default), bottom, left, right, "
    "ROWS,COLUMNS such as 0:14,0:28, or a file with a mask: a picture, white where pixels are "
    "kept, or an npz. Of sound so many seconds from the beginning; by default its end, as far "
    "back as the model hears, and drawing goes on after it.",
)
@click.option(
    "--completions",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="K",
    help="Samples of each item of --prime: K consecutive ones complete the same.",
)
@click.option(
    "--animate",
    is_flag=True,
    help="Images in a folder: write sampling.gif as well, in which the first 16 appear pixel by "
    "pixel, in the order in which they are drawn. Changes no sample, so that it can be added to "
    "the command of a finished job; shards are animated with --merge.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="S",
    help="Sound: length of each recording, what --prime gives included.",
)
@click.option(
    "--fold",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="S",
    help="Sound that follows a text or a melody: cut long recordings into overlapping pieces of "
    "S seconds that are drawn side by side. Faster, and an approximation.",
)
@click.option(
    "--sampler",
    default="incremental",
    show_default=True,
    metavar="NAME",
    help="incremental; fixed-point: many values proposed at once; or naive: a forward pass "
    "per value. All draw the same samples.",
)
@checkpoint_option
@allow_import_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    run: Sequence[str],
    merge: Sequence[Path],
    out: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Draw samples from RUN (a path or a name) into a folder.

    Sound can be heard while it is drawn: genkit sample RUN --out - | play -t wav -

    Sample i depends on weights, settings, seed and i only. Given again, the command goes on
    where it stopped; with other settings or weights it refuses.

    With --merge no RUN is needed: genkit sample --merge DIR.
    """
    if merge:
        _refuse_others(context, out)
        _merge([*merge, *map(Path, run)], out, options["allow_mixed"], options["animate"], as_json)
        return
    if not run:
        raise click.MissingParameter(ctx=context, param=context.command.params[0])
    if out is None:
        param = next(param for param in context.command.params if param.name == "out")
        raise click.MissingParameter(ctx=context, param=param)
    _refuse(_problems(run, out, as_json, options["shard"], options["animate"]))
    _draw(run[0], out, as_json, **options)


def _refuse_others(context: click.Context, out: str | None) -> None:
    """`--merge` takes what a job is from its folder."""
    given = [
        Problem(f"{param.opts[-1]} does not go with --merge, which takes it from the folder")
        for param in context.command.params
        if param.name not in MERGE_TAKES
        and context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
    ]
    if out is not None and _streams(out):
        given.append(Problem(f"--merge puts shards together in a folder. Received: --out {out}"))
    _refuse(given)


def _problems(
    run: Sequence[str], out: str, as_json: bool, shard: str | None, animate: bool
) -> list[Problem]:
    found = []
    if len(run) > 1:
        found.append(Problem(f"one RUN is sampled at a time. Received: {', '.join(run)}"))
    if out == "-":
        if as_json:
            found.append(Problem("--out - and --json both need standard output. Give one of them."))
        if sys.stdout.isatty():
            found.append(Problem("--out - writes an npz or a WAV, which is nothing for a terminal"))
        if animate:
            found.append(Problem("--animate needs a folder for its file. Received: --out -"))
    if shard is not None and _streams(out):
        found.append(Problem(f"--shard needs a folder that keeps its parts. Received: --out {out}"))
    if shard is not None and animate:
        says = f"--animate shows a whole job: give it to --merge. Received: --shard {shard}"
        found.append(Problem(says))
    if shard is not None:
        from genkit.sampling.job import Shard

        try:
            Shard.parse(shard)
        except UsageError as error:
            found.append(Problem(error.message))
    return found


def _streams(out: str) -> bool:
    """Whether nothing is kept to go on with."""
    from genkit.sampling.job import is_wav

    return out == "-" or is_wav(Path(out))


def _refuse(problems: Sequence[Problem]) -> None:
    if len(problems) == 1:
        raise UsageError(problems[0].message)
    if problems:
        raise UsageError("this command contradicts itself", problems)


def _watched(work: str, kept: str, call: Callable[[Any, Any], Result]) -> Result:
    """`call(progress, stop)` with bars, and with signals as a wish to stop, which is granted at
    `kept`."""
    from genkit_cli.bars import Bars
    from genkit_cli.signals import Stopper

    bars = Bars()
    try:
        with Stopper(work, kept) as stop:
            return call(bars, stop)
    finally:
        bars.close()


def _merge(
    folders: Sequence[Path], out: str | None, allow_mixed: bool, animate: bool, as_json: bool
) -> None:
    from genkit.sampling.job import merge_job

    into = Path(out) if out is not None else None
    result = _watched(
        "merging",
        PARTS,
        lambda bars, stop: merge_job(folders, into, bars, stop, allow_mixed, animate),
    )
    _tell(result, {}, as_json)


def _draw(
    run: str,
    out: str,
    as_json: bool,
    *,
    checkpoint: str | None,
    condition: Sequence[str],
    conditions: Any,
    interpolate: Sequence[str],
    seed: int | None,
    shard: str | None,
    **options: Any,
) -> None:
    from genkit.run import Run
    from genkit.sampling.job import Shard

    rows = _conditions(condition, conditions)
    last = _pairs(interpolate, "--interpolate")
    part = Shard.parse(shard) if shard is not None else None
    found = Run.open(run)
    wanted = checkpoint or found.recipe.sample.checkpoint
    target: Path | IO[bytes] = sys.stdout.buffer if out == "-" else Path(out)

    def call(bars: Any, stop: Any) -> tuple[int, JobResult]:
        from genkit.opening import open_run
        from genkit.sampling.request import SampleRequest, sample_run

        opened = open_run(found, wanted, bars)
        request = SampleRequest(
            seed=seed or 0, conditions=rows, shard=part, interpolate=last, **options
        )
        return opened.checkpoint.step, sample_run(opened, request, target, bars, stop)

    kept = "behind what is drawn" if _streams(out) else PARTS
    step, result = _watched("sampling", kept, call)
    if out == "-":
        return
    facts: dict[str, Any] = {"run": str(found.path), "step": step}
    if part is not None:
        facts["shard"] = str(part)
    _tell(result, facts, as_json)
    if part is not None and not as_json:
        output.say(f"when all {part.of} shards are there: genkit sample --merge {out}")


def _tell(result: JobResult, facts: Mapping[str, Any], as_json: bool) -> None:
    files = [str(path) for path in result.files]
    if as_json:
        output.emit({**facts, "count": result.count, "files": files, "seconds": result.seconds})
        return
    again = ", all there already" if result.complete_before else ""
    whose = f" of shard {facts['shard']}" if "shard" in facts else ""
    output.say(f"{result.count} samples{whose} in {result.seconds:.1f} s{again}")
    for path in files:
        output.show(path)


def _conditions(pairs: Sequence[str], lines: Any) -> Sequence[Mapping[str, str]]:
    """What the user wrote, one mapping for all samples or one a sample."""
    common = _pairs(pairs, "--condition")
    if lines is None:
        return [common]
    from genkit.sampling.conditions import read_conditions

    return read_conditions(lines, lines.name, common)


def _pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """KEY=VALUE of an option that may be repeated."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} takes KEY=VALUE, such as class=7. Received: '{pair}'")
        if key in found:
            raise UsageError(f"{option} {key} is given twice")
        found[key] = value
    return found
