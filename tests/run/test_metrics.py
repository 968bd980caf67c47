"""metrics.jsonl and TensorBoard files."""

from __future__ import annotations

import io
import json
import math
import time
from pathlib import Path

import pytest
from PIL import Image

from genkit.run.metrics import MetricsLog
from genkit.run.tensorboard import Board


def test_records_come_back(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    assert log.read() == []
    assert log.last("train") is None
    log.append(5, "train", {"loss": 1.25, "count": 3})
    log.append(5, "validation", {"bits_per_dim": math.inf})
    log.append(10, "train", {"loss": 0.5})
    assert [record["step"] for record in log.read("train")] == [5, 10]
    assert log.last("validation") == {"step": 5, "kind": "validation", "bits_per_dim": None}
    for line in log.path.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_cutting_back_drops_later_records_and_a_torn_line(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    for step in (5, 10, 15):
        log.append(step, "train", {"loss": 1.0})
    with log.path.open("a") as file:
        file.write('{"step": 20, "ki')
    assert [record["step"] for record in log.read()] == [5, 10, 15]
    log.cut_back(10)
    assert [record["step"] for record in log.read()] == [5, 10]
    log.append(11, "train", {})
    assert len(log.path.read_text().splitlines()) == 3


def test_garbage_lines_are_dropped(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    log.path.write_bytes(b'\xff\xfe\n[1]\n{"step": "x"}\n{"step": 3, "kind": "train"}\n')
    assert log.read() == [{"step": 3, "kind": "train"}]
    log.cut_back(0)
    assert log.path.read_bytes() == b""


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 3)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_resumed_board_purges_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    first = Board(tmp_path, 0)
    for step in (5, 10, 15):
        first.scalars(step, "train", {"loss": float(step)})
    first.picture(10, "samples", _png())
    first.close()
    time.sleep(1 - time.time() % 1)  # files are read in the order of their names: seconds first
    second = Board(tmp_path, 10)
    second.scalars(15, "train", {"loss": 99.0})
    second.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("train/loss")]
    assert found == [(5, 5.0), (10, 10.0), (15, 99.0)]
    picture = events.Images("samples")[0]
    assert (picture.width, picture.height) == (5, 3)
