"""Studies whose runs nobody trains: their records and figures are made up."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from genkit.recipe import load
from genkit.run.metrics import MetricsLog
from tests import learners

Points = Sequence[tuple[int, float]]


def written(folder: Path, steps: int, **values: Any) -> str:
    """The path of a study of `line`, whose document has these values, without those of None."""
    recipe = learners.mapping("line", steps=steps, log_every=1)
    (folder / "line.yaml").write_text(json.dumps(recipe))
    document = {"kind": "study", "recipe": "./line.yaml", **values}
    path = folder / "sweep.yaml"
    path.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))
    return str(path)


def study(folder: Path, **values: Any) -> Any:
    """A study of `line` with the curve `score`, more of which is better."""
    made = {"metric": "end", "mode": "max", "curve": "score", **values}
    return load(written(folder, 4, **made))


def record(folder: Path, curves: Mapping[str, Points], **more: Any) -> dict[str, Any]:
    """Writes curves of cells, as (agent steps, score); returns results, whose metric is the end.

    Args:
        more: further values of every record.
    """
    for name, points in curves.items():
        log = MetricsLog(folder / "cells" / name / "metrics.jsonl")
        log.path.parent.mkdir(parents=True)
        for number, (steps, score) in enumerate(points, 1):
            log.append(number, "train", {"agent_steps": steps, "score": score, **more})
    return {name: {"metrics": {"end": points[-1][1]}} for name, points in curves.items()}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def picture_size(path: Path) -> tuple[int, int]:
    """Of a picture that can be decoded."""
    with Image.open(path) as image:
        image.load()
        return image.size
