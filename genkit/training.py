"""The one training loop. It works on any learner and can be stopped at any moment.

Update k computes `learner.update(feed.batch(k), Noise(seed, k))`, so a run is a function of its
recipe; with the variables, the state of the feed and the loop's own few numbers in a
checkpoint, a run that was killed and goes on ends with the same weights bit for bit. Step n in
logs and names means: n updates are done.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.errors import NonFiniteError, RunError, StoppedError, UsageError, unknown
from genkit.family import Arrays, EvaluationRequest, Feed, Learner
from genkit.feeding import Batches
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.run import Run, checkpoint
from genkit.run.metadata import data_line
from genkit.run.tensorboard import Board
from genkit.state import FEED, LEARNER, averaged, part, put_back, restore, snapshot
from genkit.tracking import Best, Plateau, Speed, Window

if TYPE_CHECKING:
    from pathlib import Path

    from genkit.recipe.schema import Recipe, TrainConfig

__all__ = ["TrainResult", "averaged", "completed", "restore", "train", "train_recipe"]

Stop = Callable[[], int | None]


@dataclass(frozen=True)
class TrainResult:
    """What training ended with.

    Args:
        step: updates done.
        metrics: the last training record and the last validation; where both have a name, the
            validation's value.
        best_step: step of the best checkpoint, or None.
        seconds: time spent in this session.
    """

    step: int
    metrics: dict[str, float | None]
    best_step: int | None = None
    seconds: float = 0.0


def completed(
    run: Run, steps: int, warn: Callable[[str], None] = lambda text: None
) -> TrainResult | None:
    """The result of a run that has its `steps` already, else None. Imports no backend."""
    if run.step < steps or not checkpoint.exists(run.checkpoints):
        return None
    loaded = run.load_checkpoint("last", warn)
    if loaded.step < steps:
        return None
    return TrainResult(
        loaded.step, _last_metrics(run), checkpoint.pointed(run.checkpoints, checkpoint.BEST)
    )


def train(
    run: Run,
    learner: Learner,
    settings: TrainConfig,
    *,
    steps: int | None = None,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> TrainResult:
    """Train until `steps` updates are done in all, from the newest usable checkpoint.

    Args:
        run: where everything is written; locked for as long as this takes.
        learner: freshly built from the run's recipe.
        settings: the recipe's training section.
        steps: total number of updates; by default that of `settings`.
        progress: told of each step.
        stop: asked after each step; a signal number ends training behind a checkpoint.

    Returns:
        The result; at once where the run has its steps already.

    Raises:
        NonFiniteError: a loss or gradient is not finite; the last good checkpoint stays.
        StoppedError: `stop` asked for it; the run can go on from here.
        RunError: another process writes the run, or a checkpoint does not fit.
    """
    steps = settings.steps if steps is None else steps
    had_lock = run.locked
    run.acquire()
    try:
        done = completed(run, steps, progress.warn)
        if done is not None:
            return done
        return _Loop(run, learner, settings, steps, progress, stop).run_through()
    finally:
        if not had_lock:
            run.close()


def train_recipe(
    recipe: Recipe,
    path: Path | None = None,
    *,
    restart: bool = False,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> tuple[Run, TrainResult]:
    """Train a recipe in its run directory, or go on there; a complete run builds nothing.

    Args:
        recipe: resolved; its `train.steps` is the total.
        path: the run directory; by default one named after recipe and signature.
        restart: set an existing run aside first.
        progress, stop: as for `train`.
    """
    from genkit.building import build_learner, input_runs, run_signature

    inputs = input_runs(recipe)
    with Run.create_or_resume(recipe, run_signature(recipe, inputs), path, restart) as run:
        result = completed(run, recipe.train.steps, progress.warn)
        if result is None:
            if told := data_line(run.metadata.get("data", {})):
                progress.message(told)
            learner = build_learner(recipe, inputs)
            result = train(run, learner, recipe.train, progress=progress, stop=stop)
        return run, result


class _Loop:
    """State of one call of `train`."""

    def __init__(
        self,
        run: Run,
        learner: Learner,
        settings: TrainConfig,
        steps: int,
        progress: Progress,
        stop: Stop,
    ) -> None:
        self.run = run
        self.learner = learner
        self.settings = settings
        self.steps = steps
        self.progress = progress
        self.stop = stop
        self.step = 0
        self.saved = 0
        self.feed: Feed = learner.feed("train", settings.seed)
        self.window = Window()
        self.best = Best(learner.monitor)
        self.plateau = self._make_plateau()
        self.speed = Speed()
        self.last: dict[str, float] = {}

    def _make_plateau(self) -> Plateau | None:
        if self.settings.schedule.name != "plateau":
            return None
        if self.learner.monitor is None:
            raise UsageError(
                "train.schedule.name: a plateau schedule watches a validation metric, and this "
                "family has none. Allowed: constant, steps, cosine."
            )
        return Plateau(self.learner.monitor, self.settings.schedule.patience)

    def run_through(self) -> TrainResult:
        begin = time.perf_counter()
        self._resume()
        self._record_session()
        self.board = Board(self.run.tensorboard, self.step)
        self.progress.start(self.run.recipe_name, self.steps, "step", self.step)
        try:
            with Batches(self.feed, self.steps) as batches:
                while self.step < self.steps:
                    self._update(batches)
                    self._after_update()
        finally:
            self.board.close()
            self.progress.finish()
        seconds = time.perf_counter() - begin
        return TrainResult(self.step, _last_metrics(self.run), self.best.step, seconds)

    def _resume(self) -> None:
        """Put learner, feed, loop and curves back to the newest usable checkpoint."""
        if checkpoint.exists(self.run.checkpoints):
            loaded = self.run.load_checkpoint("last", self.progress.warn)
            put_back(self.learner, part(loaded.arrays, LEARNER))
            self.feed.restore(part(loaded.arrays, FEED))
            self._restore_loop(loaded.loop_state)
            self.step = self.saved = loaded.step
            checkpoint.set_back(self.run.checkpoints, self.step, self.best.step)
            self.progress.message(f"going on after step {self.step}")
        self.run.metrics.cut_back(self.step)

    def _record_session(self) -> None:
        from genkit import backend

        facts = {}
        fingerprint = getattr(self.learner, "data_fingerprint", None)
        if fingerprint is not None:
            facts["data_fingerprint"] = str(fingerprint)
        self.run.record_session(self.step, backend.environment(), **facts)

    def _update(self, batches: Batches) -> None:
        k = self.step
        metrics = self.learner.update(batches.take(k), Noise(self.settings.seed, k))
        self.step = k + 1
        self.window.add(self.step, metrics)
        if self.speed.started:
            self.speed.steps += 1
        else:
            self._drain()  # waits for the update that compiled
            self.speed.start()
        values, self.last = self.last, {}  # figures are worth showing once
        self.progress.advance(1, values)

    def _after_update(self) -> None:
        settings, last = self.settings, self.step == self.steps
        if last or self.step % settings.log_every == 0:
            self._log()
        with self.speed.paused():
            best = False
            due = _due(self.step, settings.validate_every)
            if due or (last and settings.validate_every):
                best = self._validate(due)
            if _due(self.step, settings.sample_every) or (last and settings.sample_every):
                self._picture()
            if best or last or _due(self.step, settings.checkpoint_every):
                self._save(best)
            signal_number = None if last else self.stop()
            if signal_number is not None:
                self._stop(signal_number)

    def _drain(self) -> None:
        try:
            self.window.drain()
        except NonFiniteError as error:
            raise self._explained(str(error)) from None

    def _explained(self, what: str) -> NonFiniteError:
        kept = (
            f"The last good checkpoint, step {self.saved}, is kept"
            if self.saved
            else "There is no checkpoint yet"
        )
        return NonFiniteError(
            f"{what}. {kept}. Lower train.learning_rate, or bound the gradients with "
            "train.clip_norm."
        )

    def _log(self) -> None:
        self._drain()
        values = self.window.close()
        rate = self.speed.lap()
        if rate is not None:
            values["steps_per_second"] = rate
        self.last = values
        self.run.metrics.append(self.step, "train", values)
        self.board.scalars(self.step, "train", values)

    def _validate(self, due: bool) -> bool:
        """Evaluate on the validation split; whether this is the best so far.

        Args:
            due: False for the extra validation at the end of a budget. It moves no plateau, so
                that a run whose steps are raised later takes the same course.
        """
        request = EvaluationRequest(
            split="validation", limit=self.settings.validate_items, brief=True
        )
        with averaged(self.learner):
            evaluation = self.learner.evaluate(request, SILENT)
        values = dict(evaluation.metrics)
        self.run.metrics.append(self.step, "validation", values)
        self.board.scalars(self.step, "validation", values)
        self.progress.message(f"step {self.step}: validation {_shown(values)}")
        monitor = self.learner.monitor
        if monitor is None:
            return False
        if monitor.metric not in values:
            raise RunError(unknown("metric to watch", monitor.metric, values))
        value = values[monitor.metric]
        if due and self.plateau is not None and self.plateau.update(value):
            self.learner.scale_rates(self.settings.schedule.factor)
            self.progress.message(f"step {self.step}: learning rate lowered on a plateau")
        return self.best.update(self.step, value)

    def _picture(self) -> None:
        with averaged(self.learner):
            artifacts = self.learner.preview(self.settings.samples, self.settings.seed)
        folder = self.run.samples / f"step-{self.step}"
        for artifact in artifacts:
            folder.mkdir(parents=True, exist_ok=True)
            artifact.save(folder)
            self.board.show(self.step, artifact)

    def _save(self, best: bool) -> None:
        self._drain()
        arrays = {LEARNER + name: array for name, array in snapshot(self.learner).items()}
        self._check_weights(arrays)
        arrays.update({FEED + name: np.array(a) for name, a in self.feed.save().items()})
        self.run.metrics.sync()
        self.board.flush()
        checkpoint.save(self.run.checkpoints, self.step, arrays, self._loop_state(), best=best)
        self.saved = self.step

    def _check_weights(self, arrays: Arrays) -> None:
        """A step can break the weights behind a finite loss; such weights are not saved."""
        for name, variable in self.learner.variables().items():
            array = arrays[LEARNER + name]
            if getattr(variable, "trainable", False) and not _finite(array):
                raise self._explained(f"weight '{name}' is not finite at step {self.step}")

    def _stop(self, signal_number: int) -> None:
        if self.saved != self.step:
            self._save(best=False)
        raise StoppedError(
            f"stopped at step {self.step} of {self.steps} behind a checkpoint in "
            f"{self.run.path}. The same command goes on from there.",
            signal_number,
        )

    def _loop_state(self) -> dict[str, Any]:
        state = {"window": self.window.save(), "best": self.best.save()}
        if self.plateau is not None:
            state["plateau"] = self.plateau.save()
        return state

    def _restore_loop(self, state: dict[str, Any]) -> None:
        with contextlib.suppress(KeyError):  # a loop state of another version lacks a part
            self.window.restore(state["window"])
            self.best.restore(state["best"])
            if self.plateau is not None:
                self.plateau.restore(state["plateau"])


def _due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def _finite(array: np.ndarray) -> bool:
    return bool(np.isfinite(array).all())


def _shown(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in sorted(values.items()))


def _last_metrics(run: Run) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for kind in ("train", "validation"):
        values.update(run.metrics.last(kind) or {})
    return {name: value for name, value in values.items() if name not in ("step", "kind")}
