"""Evaluation of a run, kept in its folder."""

from __future__ import annotations

from dataclasses import replace

from genkit.artifacts import Table
from genkit.family import Evaluation, EvaluationRequest
from genkit.files import write_json
from genkit.growth import training_films
from genkit.opening import Opened
from genkit.progress import SILENT, Progress


def evaluate_run(
    opened: Opened,
    split: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> tuple[str, Evaluation]:
    """Evaluate a run; `evaluation/<split>.json`, its tables and pictures are written, and how the
    pictures of its training changed.

    Args:
        opened: the run with weights.
        split: by default what the recipe says.
        limit: the first items only. The files then say so in their names, so that a part of a
            split never passes for the whole of it.
        seed: of what is drawn on the way.

    Returns:
        The split's name and the evaluation.
    """
    name = split or opened.recipe.eval.split
    evaluation = opened.learner.evaluate(EvaluationRequest(name, limit, seed), progress)
    stem = name if limit is None else f"{name}-first-{evaluation.count}"
    folder = opened.run.evaluation
    folder.mkdir(parents=True, exist_ok=True)
    for key, rows in evaluation.tables.items():
        Table(f"{stem}-{key}", rows).save(folder)
    films = training_films(opened.run.samples) if limit is None else []
    for artifact in evaluation.artifacts:
        # As tables are: those of another split stay beside them.
        replace(artifact, name=f"{stem}-{artifact.name}").save(folder)
    for film in films:
        film.save(folder)
    summary = {
        "split": name,
        "count": evaluation.count,
        "limit": limit,
        "seed": seed,
        "step": opened.checkpoint.step,
        "metrics": evaluation.metrics,
        "notes": dict(evaluation.notes),
        "tables": evaluation.tables,
    }
    write_json(folder / f"{stem}.json", summary)
    return name, evaluation
