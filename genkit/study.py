"""A study: many runs as resumable cells, and one table.

The folder of a study holds `cells/<cell>/`, each an ordinary run directory, `results.json`,
`table.csv` and `table.md`. Running it again does what is missing or has failed.
"""

from __future__ import annotations

import gc
import hashlib
import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.errors import GenkitError, Problem, RunError, StoppedError, unknown
from genkit.files import read_json_object, write_atomically, write_json
from genkit.progress import SILENT, Progress
from genkit.run import Run, runs_root
from genkit.run.directory import default_folder, set_aside
from genkit.run.lock import RunLock

if TYPE_CHECKING:
    from genkit.recipe import Cell, Study
    from genkit.recipe.schema import Recipe

RESULTS = "results.json"
Stop = Callable[[], int | None]
Row = dict[str, Any]


@dataclass(frozen=True)
class StudyResult:
    """What a study ended with.

    Args:
        path: its folder.
        rows: one a grid point: what was varied, then the figures over its seeds.
        cells: name -> what is stored about it in results.json.
        failed: name -> message of each cell that failed.
    """

    path: Path
    rows: list[Row]
    cells: dict[str, Row]
    failed: dict[str, str]


def study_folder(study: Study) -> Path:
    """Default folder: named after the study and what its cells have in common, so that more
    seeds or values join the cells that are there."""
    from genkit.recipe.signing import signed_values

    cell = study.cells()[0]
    common = signed_values(cell.recipe)
    for key in (*cell.overrides, "train.seed"):
        _forget(common, key.split("."))
    text = json.dumps(common, sort_keys=True)
    return runs_root() / default_folder(study.name, hashlib.sha256(text.encode()).hexdigest())


def _forget(values: Any, path: Sequence[str]) -> None:
    for key in path[:-1]:
        values = values.get(key) if isinstance(values, dict) else None
    if isinstance(values, dict):
        values.pop(path[-1], None)


def run_study(
    study: Study,
    path: Path | None = None,
    *,
    restart: bool = False,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> StudyResult:
    """Train and evaluate every cell that is not done, then write the table.

    A cell that fails is recorded with its error and the others go on.

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
    _check_folder(path)
    lock = _lock(path)
    if restart and (path / RESULTS).exists():
        set_aside(path)
        lock.release()
        lock = _lock(path)
    with lock:
        return _Cells(study, path, progress, stop).run_through()


def _check_folder(path: Path) -> None:
    if path.is_file() or (path / "metadata.json").exists():
        what = "a file" if path.is_file() else "a run of one recipe"
        raise RunError(f"{path} is {what}. A study needs a folder of its own: --run DIR.")
    if path.is_dir() and not (path / RESULTS).exists():
        foreign = sorted({entry.name for entry in path.iterdir()} - {"lock", "cells"})
        if foreign:
            raise RunError(f"{path} is no study and not empty (it holds {foreign[0]}).")


def _lock(path: Path) -> RunLock:
    path.mkdir(parents=True, exist_ok=True)
    lock = RunLock(path / "lock")
    lock.acquire()
    return lock


class _Cells:
    """State of one call of `run_study`."""

    def __init__(self, study: Study, path: Path, progress: Progress, stop: Stop) -> None:
        self.study = study
        self.path = path
        self.progress = progress
        self.stop = stop
        self.cells = study.cells()
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
        return StudyResult(self.path, self.rows(), self.results, failed)

    def _check_stop(self) -> None:
        signal_number = self.stop()
        if signal_number is not None:
            raise StoppedError(
                f"stopped between two cells of {self.path}. The same command goes on there.",
                signal_number,
            )

    def _done(self, cell: Cell) -> bool:
        row = self.results.get(cell.name, {})
        return "error" not in row and row.get("key") == self._key(cell)

    def _key(self, cell: Cell) -> str:
        """What a cell's result depends on: recipe, inputs, steps and evaluation."""
        from genkit.building import run_signature

        evaluation = cell.recipe.eval.model_dump(mode="json")
        parts = [run_signature(cell.recipe), cell.recipe.train.steps, self.study.split, evaluation]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _attempt(self, cell: Cell) -> Row:
        row: Row = {"overrides": dict(cell.overrides), "seed": cell.seed}
        self.progress.message(f"cell {cell.name}")
        try:
            row["key"] = self._key(cell)
            row.update(self._train_and_evaluate(cell))
        except StoppedError:
            raise
        except Exception as error:  # any failure of one cell must not end the others
            row["error"] = error.message if isinstance(error, GenkitError) else _named(error)
            self.progress.warn(f"cell {cell.name} failed: {row['error']}")
        return row

    def _train_and_evaluate(self, cell: Cell) -> Row:
        from genkit.training import train_recipe

        run, result = train_recipe(
            cell.recipe, self.path / "cells" / cell.name, progress=self.progress, stop=self.stop
        )
        evaluation = evaluate(run, cell.recipe, self.study.split, self.progress)
        if self.study.metric not in evaluation.metrics:
            raise RunError(unknown("metric", self.study.metric, evaluation.metrics))
        value = evaluation.metrics[self.study.metric]
        if not math.isfinite(value):
            raise RunError(f"{self.study.metric} is {value}")
        return {"step": result.step, "count": evaluation.count, "metrics": evaluation.metrics}

    def rows(self) -> list[Row]:
        """The table: one row a grid point, in the order of the cells."""
        points: dict[str, list[Cell]] = {}
        for cell in self.cells:
            points.setdefault(json.dumps(dict(cell.overrides), sort_keys=True), []).append(cell)
        return [self._row(cells) for cells in points.values()]

    def _row(self, cells: list[Cell]) -> Row:
        metric, success = self.study.metric, self.study.success
        done = [self.results[c.name] for c in cells if "metrics" in self.results.get(c.name, {})]
        values = [float(row["metrics"][metric]) for row in done if metric in row["metrics"]]
        row: Row = {key: _plain(value) for key, value in cells[0].overrides.items()}
        row["runs"] = f"{len(values)}/{len(cells)}"
        row[f"{metric}_mean"] = statistics.fmean(values) if values else ""
        row[f"{metric}_std"] = statistics.stdev(values) if len(values) > 1 else ""
        row[f"{metric}_min"] = min(values, default="")
        row[f"{metric}_max"] = max(values, default="")
        if success is not None:
            row["success_rate"] = sum(map(success.reached, values)) / len(cells)
        return row

    def _write(self) -> None:
        from genkit.artifacts import Table

        rows = self.rows()
        write_json(
            self.path / RESULTS,
            {
                "study": self.study.as_dict(),
                "cells": self.results,
                "table": rows,
            },
        )
        Table("table", rows).save(self.path)
        write_atomically(self.path / "table.md", self._markdown(rows).encode())

    def _markdown(self, rows: list[Row]) -> str:
        from genkit.artifacts import Table

        study = self.study
        better = "less" if study.mode == "min" else "more"
        text = f"# {study.name}\n\n{study.description}\n\n" if study.description else ""
        text += f"{study.metric} on {study.split}, {better} is better.\n\n"
        text += Table("table", rows).markdown()
        best = self._best(rows)
        if best is not None:
            text += f"\nBest mean: {best}\n"
        failed = [f"- {n}: {row['error']}\n" for n, row in self.results.items() if "error" in row]
        return text + ("\nFailed:\n\n" + "".join(failed) if failed else "")

    def _best(self, rows: list[Row]) -> str | None:
        column = f"{self.study.metric}_mean"
        measured = [row for row in rows if row[column] != ""]
        if not measured:
            return None
        choose = min if self.study.mode == "min" else max
        row = choose(measured, key=lambda row: row[column])
        varied = [key for key in self.cells[0].overrides if key in row]
        where = ", ".join(f"{key}={row[key]}" for key in varied)
        return f"{row[column]:.6g}" + (f" at {where}" if where else "")


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


def _named(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else json.dumps(value)
