"""What tests of jobs share."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genkit.progress import Progress
from genkit.sampling.job import Job, run_job
from tests.sampling.fake import FakeGenerator

ROOT = Path(__file__).resolve().parents[2]

# Files that say how a job went: seconds, who holds a lock.
UNSTEADY = ("job.json", "lock")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that must not depend on how a job went."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in UNSTEADY)
    names = {str(path.relative_to(folder)): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if "shards/" not in name}


def do(
    folder: Path, count: int = 10, generator: Any = None, progress: Any = None, **settings: Any
) -> Any:
    """A job of fake samples; `allow_mixed` and `stop` go to `run_job`."""
    options = {k: settings.pop(k) for k in ("allow_mixed", "stop") if k in settings}
    job = Job(count, **{"seed": 3, **settings})
    return run_job(job, folder, generator or FakeGenerator(), progress or Heard(), **options)


class Heard(Progress):
    """Remembers what was said, and how far the drawing went."""

    def __init__(self) -> None:
        self.initial = self.total = 0
        self.done = 0.0
        self.steps: list[float] = []
        self.values: list[float] = []
        self.warnings: list[str] = []
        self.messages: list[str] = []
        self._drawing = False

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        self._drawing = label == "sample"
        if self._drawing:
            self.total, self.initial = total, initial

    def advance(self, count: float = 1, values: Any = None) -> None:
        if self._drawing:
            self.done += count
            self.steps.append(count)
            self.values.extend((values or {}).values())

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def message(self, text: str) -> None:
        self.messages.append(text)


@contextlib.contextmanager
def worker(folder: Path, *arguments: object, count: int = 60) -> Iterator[subprocess.Popen[str]]:
    """A process that draws fake samples."""
    command = [sys.executable, "-m", "tests.sampling.fake", str(folder), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
