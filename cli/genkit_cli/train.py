"""`genkit train`: trains a recipe or the cells of a study, or goes on where they stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genkit_cli import output
from genkit_cli.options import (
    allow_import_option,
    json_option,
    overrides_option,
    recipe_argument,
    seed_option,
    steps_option,
)

if TYPE_CHECKING:
    from genkit.recipe import Cell, Recipe, Study


@click.command()
@recipe_argument
@overrides_option
@click.option(
    "--run", "folder", type=click.Path(path_type=Path), help="The run directory to write to."
)
@steps_option
@seed_option
@click.option("--restart", is_flag=True, help="Set an existing run aside and begin anew.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@allow_import_option
@json_option
def command(
    recipe: str,
    overrides: Sequence[str],
    folder: Path | None,
    steps: int | None,
    seed: int | None,
    restart: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train RECIPE (a name or a path), or go on with its run.

    An existing run of the same recipe and seed goes on from its last checkpoint; one that has
    its steps is left as it is. Ctrl-C and SIGTERM stop behind a checkpoint. A study trains
    and evaluates all its cells and writes one table.
    """
    from genkit.recipe import Study, load

    found = load(recipe, overrides, seed, steps)
    if dry_run:
        facts = _plan_study(found, folder) if isinstance(found, Study) else _plan(found, folder)
        if restart and facts["state"] != "new":
            facts["state"] = f"{facts['state']}, would be set aside"
        _tell_plan(facts, as_json)
    elif isinstance(found, Study):
        _train_study(found, folder, restart, as_json)
    else:
        _train(found, folder, restart, as_json)


def _train(recipe: Recipe, folder: Path | None, restart: bool, as_json: bool) -> None:
    from genkit.training import train_recipe
    from genkit_cli.bars import Bars
    from genkit_cli.signals import Stopper

    bars = Bars()
    try:
        with Stopper() as stop:
            run, result = train_recipe(recipe, folder, restart=restart, progress=bars, stop=stop)
    finally:
        bars.close()
    if as_json:
        output.emit({"run": str(run.path), "step": result.step, "metrics": result.metrics})
        return
    shown = ", ".join(f"{k} {v:.4g}" for k, v in result.metrics.items() if v is not None)
    output.say(f"{run.name}: step {result.step}" + (f", {shown}" if shown else ""))
    output.show(str(run.path))


def _train_study(study: Study, folder: Path | None, restart: bool, as_json: bool) -> None:
    from genkit.study import raise_for_failures, run_study
    from genkit_cli.bars import Bars
    from genkit_cli.signals import Stopper

    bars = Bars()
    try:
        with Stopper() as stop:
            result = run_study(study, folder, restart=restart, progress=bars, stop=stop)
    finally:
        bars.close()
    if not as_json:
        output.say((result.path / "table.md").read_text(encoding="utf-8").rstrip())
    raise_for_failures(result)
    if as_json:
        cells = result.cells.values()
        means = {f"{study.metric}_mean": row[f"{study.metric}_mean"] for row in result.rows[:1]}
        output.emit(
            {
                "run": str(result.path),
                "step": max(int(cell["step"]) for cell in cells),
                "metrics": means if len(result.rows) == 1 else {},
                "table": result.rows,
            }
        )
    else:
        output.show(str(result.path))


def _plan(recipe: Recipe, folder: Path | None) -> dict[str, Any]:
    """What training `recipe` would do; imports no backend."""
    from genkit import registry
    from genkit.building import input_runs, run_signature
    from genkit.run import runs_root
    from genkit.run.directory import default_folder

    signature = run_signature(recipe, input_runs(recipe))
    path = folder or runs_root() / default_folder(recipe.name, signature)
    outlook = registry.families.get(recipe.family).outlook
    estimates = dict(registry.resolve(outlook)(recipe)) if outlook else {}
    return {
        "recipe": recipe.name,
        "run": str(path),
        "state": _state(path, recipe.train.steps, signature),
        "signature": signature,
        "steps": recipe.train.steps,
        "batch_size": recipe.train.batch_size,
        "seed": recipe.seed,
        **{key: value for key, value in estimates.items() if value is not None},
    }


def _state(path: Path, steps: int, signature: str) -> str:
    from genkit.errors import RunError
    from genkit.run import Run

    if not (path / "metadata.json").exists():
        return "new"
    run = Run.open(path)
    if run.signature != signature:
        raise RunError(
            f"{path} holds a run of another recipe or seed (signature {run.signature[:8]}, this "
            f"one is {signature[:8]}). Choose another folder with --run."
        )
    if run.step >= steps:
        return f"complete at step {run.step}"
    return f"goes on after step {run.step}"


def _plan_study(study: Study, folder: Path | None) -> dict[str, Any]:
    """What training `study` would do, also before the runs that its cells depend on exist;
    imports no backend."""
    from genkit.building import run_signature
    from genkit.study import study_folder

    path = folder or study_folder(study)
    return {
        "study": study.name,
        "run": str(path),
        "state": "exists" if (path / "results.json").exists() else "new",
        "inputs": {
            item.path: _state(path / item.path, item.recipe.train.steps, run_signature(item.recipe))
            for item in study.inputs()
        },
        "cells": {
            cell.name: _cell_state(cell, path / "cells" / cell.name) for cell in study.cells()
        },
    }


def _cell_state(cell: Cell, path: Path) -> str:
    from genkit.study import cell_signature, check_inputs

    check_inputs(cell, path)
    return _state(path, cell.recipe.train.steps, cell_signature(cell))


def _tell_plan(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.emit({"dry_run": True, **facts})
        return
    parts = list(facts.pop("inputs", {}).items())
    parts += [(f"cell {name}", state) for name, state in facts.pop("cells", {}).items()]
    rows = [(key.replace("_", " "), str(value)) for key, value in facts.items()]
    output.show(output.table([*rows, *parts]))
