"""`genkit eval`: metrics of a run on a split, kept in its folder."""

from __future__ import annotations

from typing import Any

import click

from genkit_cli import output
from genkit_cli.options import checkpoint_option, json_option, run_argument, seed_option


@click.command()
@run_argument
@click.option("--split", default=None, help="Which split. Default: what the recipe says.")
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=None, help="Only the first N items."
)
@seed_option
@checkpoint_option
@json_option
def command(
    run: str,
    split: str | None,
    limit: int | None,
    seed: int | None,
    checkpoint: str | None,
    as_json: bool,
) -> None:
    """Evaluate RUN (a path or a name) on a split.

    Metrics, tables and pictures are written to the run's folder `evaluation`.
    """
    from genkit.errors import StoppedError
    from genkit_cli.bars import Bars
    from genkit_cli.opening import trained
    from genkit_cli.signals import Stopper

    bars = Bars()
    try:
        with Stopper("evaluation", "as soon as possible") as stop:
            opened = trained(run, checkpoint, "eval", bars)
            found = _evaluate(opened, split, limit, seed or 0, bars)
            if (number := stop()) is not None:
                raise StoppedError("stopped; evaluation starts anew next time", number)
    finally:
        bars.close()
    name, evaluation = found
    if as_json:
        output.emit(
            {
                "run": str(opened.run.path),
                "split": name,
                "count": evaluation.count,
                "step": opened.checkpoint.step,
                "metrics": evaluation.metrics,
            }
        )
        return
    output.say(
        f"{opened.run.name}, step {opened.checkpoint.step}, {name}, {evaluation.count} items"
    )
    output.show(output.table([(key, f"{value:.5g}") for key, value in evaluation.metrics.items()]))


def _evaluate(
    opened: Any, split: str | None, limit: int | None, seed: int, bars: Any
) -> tuple[str, Any]:
    from genkit.artifacts import Table
    from genkit.family import EvaluationRequest
    from genkit.files import write_json

    name = split or opened.recipe.eval.split
    evaluation = opened.learner.evaluate(EvaluationRequest(name, limit, seed), bars)
    # A part of a split must not pass for the whole of it.
    stem = name if limit is None else f"{name}-first-{evaluation.count}"
    folder = opened.run.evaluation
    folder.mkdir(parents=True, exist_ok=True)
    for key, rows in evaluation.tables.items():
        Table(f"{stem}-{key}", rows).save(folder)
    for artifact in evaluation.artifacts:
        artifact.save(folder)
    write_json(
        folder / f"{stem}.json",
        {
            "split": name,
            "count": evaluation.count,
            "limit": limit,
            "seed": seed,
            "step": opened.checkpoint.step,
            "metrics": evaluation.metrics,
            "tables": evaluation.tables,
        },
    )
    return name, evaluation
