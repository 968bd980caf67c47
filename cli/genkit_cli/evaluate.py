"""`genkit eval`: metrics of a run on a split, kept in its folder."""

from __future__ import annotations

import click

from genkit_cli import output
from genkit_cli.options import (
    allow_import_option,
    checkpoint_option,
    json_option,
    run_argument,
    seed_option,
)


@click.command()
@run_argument
@click.option("--split", default=None, help="Which split. Default: what the recipe says.")
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=None, help="Only the first N items."
)
@click.option(
    "-o",
    "--override",
    "overrides",
    multiple=True,
    metavar="eval.KEY=VALUE",
    help="Set a value of the recipe's section eval. May be repeated.",
)
@seed_option
@checkpoint_option
@allow_import_option
@json_option
def command(
    run: str,
    split: str | None,
    limit: int | None,
    overrides: tuple[str, ...],
    seed: int | None,
    checkpoint: str | None,
    as_json: bool,
) -> None:
    """Evaluate RUN (a path or a name) on a split.

    Metrics, tables and pictures are written to the run's folder `evaluation`.
    """
    from genkit.run import Run
    from genkit_cli.bars import Bars

    found = Run.open(run)
    wanted = checkpoint or found.recipe_with(overrides).eval.checkpoint
    bars = Bars()
    try:
        from genkit.evaluating import evaluate_run
        from genkit.opening import open_run

        opened = open_run(found, wanted, bars, overrides)
        name, evaluation = evaluate_run(opened, split, limit, seed or 0, bars)
    finally:
        bars.close()
    step, metrics = opened.checkpoint.step, evaluation.metrics
    if as_json:
        output.emit(
            {
                "run": str(found.path),
                "split": name,
                "count": evaluation.count,
                "step": step,
                "metrics": metrics,
                "notes": dict(evaluation.notes),
            }
        )
        return
    output.say(f"{found.name}, step {step}, {name}, {evaluation.count} items")
    for key, note in evaluation.notes.items():
        output.say(f"  {key}: {note}")
    output.show(output.table([(key, f"{value:.5g}") for key, value in metrics.items()]))
