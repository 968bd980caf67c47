"""Trains and evaluates the cells of a study, and the runs they depend on."""

from __future__ import annotations

import gc
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.errors import GenkitError, Problem, RunError, StoppedError, unknown
from genkit.files import read_json_object, write_atomically, write_json
from genkit.progress import SILENT, Progress
from genkit.run import Run
from genkit.run.directory import set_aside
from genkit.study import table
from genkit.study.curves import save_curves
from genkit.study.folder import RESULTS, check_folder, locked, study_folder
from genkit.study.inputs import cell_recipe, cell_signature, check_inputs
from genkit.study.robustness import save_robustness
from genkit.study.speedups import save_speedups
from genkit.study.table import Row

if TYPE_CHECKING:
    from genkit.recipe import Cell, Study, StudyInput
    from genkit.recipe.schema import Recipe

Stop = Callable[[], int | None]


@dataclass(frozen=True)
class StudyResult:
    """What a study ended with.

    Args:
        path: its folder.
        rows: of the table: what was varied, then the figures over the runs of each row.
        cells: name -> what is stored about it in results.json.
        failed: name -> message of each cell that failed.
    """

    path: Path
    rows: list[Row]
    cells: dict[str, Row]
    failed: dict[str, str]


def run_study(
    study: Study,
    path: Path | None = None,
    *,
    restart: bool = False,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> StudyResult:
    """Train and evaluate every cell that is not done, then write the table.

    Before a cell the runs that it depends on are trained, each once. A cell that fails, or
    whose inputs fail, is recorded with its error and the others go on.

    Args:
        study: checked.
        path: the study's folder.
        restart: set an existing folder aside and begin anew.
        progress: told of cells, and of the steps within each.
        stop: as for `genkit.training.train`.

    Raises:
        RunError: if another process runs the study, or the folder holds something else.
        StoppedError: `stop` asked for it; what was done is kept.
    """
    path = path or study_folder(study)
    check_folder(path)
    lock = locked(path)
    if restart and (path / RESULTS).exists():
        set_aside(path)
        lock.release()
        lock = locked(path)
    with lock:
        return _Cells(study, path, progress, stop).run_through()


class _Cells:
    """State of one call of `run_study`."""

    def __init__(self, study: Study, path: Path, progress: Progress, stop: Stop) -> None:
        self.study = study
        self.path = path
        self.progress = progress
        self.stop = stop
        self.cells = study.cells()
        self.inputs: dict[str, str] = {}  # path of each tried here -> why it failed, or nothing
        self.results = self._stored()

    def _stored(self) -> dict[str, Row]:
        """What an earlier call stored about the cells; damaged results are made again."""
        try:
            stored = read_json_object(self.path / RESULTS).get("cells", {})
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.progress.warn(f"{self.path / RESULTS} cannot be read ({error}) and is made again")
            return {}
        names = {cell.name for cell in self.cells}
        return {n: row for n, row in stored.items() if n in names and isinstance(row, dict)}

    def run_through(self) -> StudyResult:
        self._write()
        self.progress.start(self.study.name, len(self.cells), "cell")
        try:
            for cell in self.cells:
                if not self._done(cell):
                    self._check_stop()
                    self.results[cell.name] = self._attempt(cell)
                    self._write()
                    gc.collect()  # the networks of a cell are large and hold each other
                self.progress.advance()
        finally:
            self.progress.finish()
        failed = {n: str(row["error"]) for n, row in self.results.items() if "error" in row}
        rows = table.rows(self.study, self.results)
        return StudyResult(self.path, rows, self.results, failed)

    def _check_stop(self) -> None:
        signal_number = self.stop()
        if signal_number is not None:
            raise StoppedError(
                f"stopped between two runs of {self.path}. The same command goes on there.",
                signal_number,
            )

    def _done(self, cell: Cell) -> bool:
        row = self.results.get(cell.name, {})
        if "error" in row or not set(self.study.metrics()) <= set(row.get("metrics", {})):
            return False
        return bool(row.get("key") == self._key(cell))

    def _key(self, cell: Cell) -> str:
        """What a cell's result depends on: recipe, inputs, steps and evaluation."""
        evaluation = cell.recipe.eval.model_dump(mode="json")
        parts = [cell_signature(cell), cell.recipe.train.steps, self.study.split, evaluation]
        parts += [item.path for item in cell.inputs.values()]  # names the steps of each
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _attempt(self, cell: Cell) -> Row:
        row: Row = {"overrides": dict(cell.overrides), "seed": cell.seed}
        if cell.inputs:
            row["inputs"] = {name: item.path for name, item in cell.inputs.items()}
        self.progress.message(f"cell {cell.name}")
        try:
            for item in cell.inputs.values():
                self._train_input(item)
            row["key"] = self._key(cell)
            row.update(self._train_and_evaluate(cell))
        except StoppedError:
            raise
        except Exception as error:  # any failure of one cell must not end the others
            row["error"] = _told(error)
            self.progress.warn(f"cell {cell.name} failed: {row['error']}")
        return row

    def _train_input(self, item: StudyInput) -> None:
        """Train a run that cells depend on, unless this call did, or tried, before.

        Raises:
            RunError: it failed, now or before.
        """
        if item.path not in self.inputs:
            self.inputs[item.path] = self._attempt_input(item)
            gc.collect()
            self._check_stop()
        if self.inputs[item.path]:
            raise RunError(f"{item.path} failed: {self.inputs[item.path]}")

    def _attempt_input(self, item: StudyInput) -> str:
        """Why an input failed; empty where it is trained."""
        from genkit.training import train_recipe

        self.progress.message(f"{item.path} ({item.recipe.name})")
        try:
            train_recipe(item.recipe, self.path / item.path, progress=self.progress, stop=self.stop)
        except StoppedError:
            raise
        except Exception as error:  # other cells may need other inputs, or none
            return _told(error)
        return ""

    def _train_and_evaluate(self, cell: Cell) -> Row:
        from genkit.training import train_recipe

        folder = self.path / "cells" / cell.name
        check_inputs(cell, folder)
        recipe = cell_recipe(cell, self.path)
        run, result = train_recipe(recipe, folder, progress=self.progress, stop=self.stop)
        evaluation = evaluate(run, recipe, self.study.split, self.progress)
        # Figures of training too, such as the area under a curve.
        last = {name: value for name, value in result.metrics.items() if value is not None}
        metrics = {**last, **evaluation.metrics}
        for metric in self.study.metrics():
            if metric not in metrics:
                raise RunError(unknown("metric", metric, metrics))
            if not math.isfinite(metrics[metric]):
                raise RunError(f"{metric} is {metrics[metric]}")
        return {"step": result.step, "count": evaluation.count, "metrics": metrics}

    def _write(self) -> None:
        from genkit.artifacts import Table

        rows = table.rows(self.study, self.results)
        write_json(
            self.path / RESULTS,
            {
                "study": self.study.as_dict(),
                "cells": self.results,
                "table": rows,
            },
        )
        Table("table", rows).save(self.path)
        text = table.markdown(self.study, rows, self.results)
        write_atomically(self.path / "table.md", text.encode())
        for save in (save_curves, save_speedups, save_robustness):
            save(self.study, self.path, self.results)


def evaluate(run: Run, recipe: Recipe, split: str, progress: Progress) -> Any:
    """The evaluation of a trained run on `split`, from the checkpoint its recipe names."""
    from genkit.evaluating import evaluate_run
    from genkit.opening import open_run

    opened = open_run(run, recipe.eval.checkpoint, progress)
    return evaluate_run(opened, split, progress=progress)[1]


def raise_for_failures(result: StudyResult) -> None:
    """RunError with a problem for each cell that failed."""
    if result.failed:
        problems = [Problem(message, name) for name, message in result.failed.items()]
        raise RunError(
            f"{len(result.failed)} of {len(result.cells)} cells of {result.path} failed. "
            "The same command tries them again.",
            problems,
        )


def _told(error: Exception) -> str:
    if isinstance(error, GenkitError):
        return "; ".join([error.message, *map(str, error.problems)])
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
