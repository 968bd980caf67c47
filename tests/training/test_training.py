"""The loop: it resumes bit for bit, stops when told to, and says why it failed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.building import build_learner
from genkit.errors import CheckpointError, NonFiniteError, StoppedError, UsageError
from genkit.progress import Progress
from genkit.recipe import signature
from genkit.run import Run, checkpoint
from genkit.state import averaged, put_back, restore, snapshot
from genkit.training import TrainResult, completed, train
from tests import learners

pytestmark = pytest.mark.backends


class Killed(BaseException):
    """Stands for a process that is gone."""


class KillAt(Progress):
    """Ends training in the middle of step `step`: the update is done, nothing is written."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.at = 0
        self.warnings: list[str] = []

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        self.at = initial

    def advance(self, count: int = 1, values: Mapping[str, float] | None = None) -> None:
        self.at += count
        if self.at == self.step:
            raise Killed

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def go(
    recipe: Any, path: Path, progress: Progress | None = None, **options: Any
) -> tuple[TrainResult, Any]:
    learner = build_learner(recipe)
    with Run.create_or_resume(recipe, signature(recipe), path) as run:
        result = train(run, learner, recipe.train, progress=progress or Progress(), **options)
        return result, learner


def contents(path: Path) -> dict[str, Any]:
    """All that two equal runs share: arrays, loop state, curves without speed."""
    loaded = checkpoint.load(path / "checkpoints")
    records = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        record.pop("steps_per_second", None)
    return {"arrays": loaded.arrays, "state": loaded.loop_state, "metrics": records,
            "best": checkpoint.pointed(path / "checkpoints", "best")}  # fmt: skip


def same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert left["arrays"].keys() == right["arrays"].keys()
    for name, array in left["arrays"].items():
        assert array.tobytes() == right["arrays"][name].tobytes(), name
    for part in ("state", "metrics", "best"):
        assert left[part] == right[part], part


@pytest.mark.parametrize("family", learners.NAMES)
def test_a_run_killed_at_any_step_ends_the_same(family: str, tmp_path: Path) -> None:
    recipe = learners.recipe(family)
    result, _ = go(recipe, tmp_path / "whole")
    assert result.step == 24
    for step in (3, 7, 16, 24):
        with pytest.raises(Killed):
            go(recipe, tmp_path / "cut", KillAt(step))
    result, _ = go(recipe, tmp_path / "cut")
    assert result.step == 24
    same(contents(tmp_path / "whole"), contents(tmp_path / "cut"))


def test_the_plateau_goes_on_where_it_was(tmp_path: Path) -> None:
    recipe = learners.recipe("walk", learning_rate=0.5, validate_every=2, checkpoint_every=3)
    go(recipe, tmp_path / "whole")
    factor = contents(tmp_path / "whole")["arrays"]["learner/walk/rate_factor"]
    assert math.log2(factor) < -2  # the rate did fall, so that there is something to lose
    for step in (5, 12, 14, 21):
        with pytest.raises(Killed):
            go(recipe, tmp_path / "cut", KillAt(step))
    go(recipe, tmp_path / "cut")
    same(contents(tmp_path / "whole"), contents(tmp_path / "cut"))


def test_raising_the_steps_is_the_same_as_more_steps_at_once(tmp_path: Path) -> None:
    go(learners.recipe("line", log_every=4), tmp_path / "whole")
    go(learners.recipe("line", log_every=4, steps=10), tmp_path / "raised")
    result, _ = go(learners.recipe("line", log_every=4), tmp_path / "raised")
    whole, raised = contents(tmp_path / "whole"), contents(tmp_path / "raised")
    assert result.step == 24
    for name, array in whole["arrays"].items():
        assert array.tobytes() == raised["arrays"][name].tobytes(), name
    assert whole["state"]["plateau"] == raised["state"]["plateau"]


def test_a_complete_run_returns_at_once(tmp_path: Path) -> None:
    recipe = learners.recipe("line")
    first, _ = go(recipe, tmp_path / "run")
    again, _ = go(recipe, tmp_path / "run", KillAt(1))
    assert (again.step, again.metrics, again.best_step) == (24, first.metrics, first.best_step)
    run = Run.open(tmp_path / "run")
    assert completed(run, 24) is not None
    assert completed(run, 25) is None
    assert len(run.metadata["sessions"]) == 1


@pytest.mark.parametrize("kind", ["arrays", "manifest", "folder"])
def test_a_damaged_newest_checkpoint_is_made_again(tmp_path: Path, kind: str) -> None:
    recipe = learners.recipe("walk")
    go(recipe, tmp_path / "whole")
    with pytest.raises(Killed):
        go(recipe, tmp_path / "cut", KillAt(20))
    newest = tmp_path / "cut" / "checkpoints" / "step-18"
    if kind == "folder":
        newest.rename(tmp_path / "gone")
    else:
        name = checkpoint.ARRAYS if kind == "arrays" else checkpoint.MANIFEST
        (newest / name).write_bytes((newest / name).read_bytes()[:-9])
    watching = KillAt(999)
    go(recipe, tmp_path / "cut", watching)
    assert watching.warnings[0].startswith("checkpoint step-18 is damaged and was passed over")
    same(contents(tmp_path / "whole"), contents(tmp_path / "cut"))


def test_with_every_checkpoint_damaged_training_refuses(tmp_path: Path) -> None:
    recipe = learners.recipe("line", checkpoint_every=6, validate_every=0,
                             schedule={"name": "constant"})  # fmt: skip
    with pytest.raises(Killed):
        go(recipe, tmp_path / "run", KillAt(14))
    for path in (tmp_path / "run").rglob(checkpoint.ARRAYS):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"Tried step-12: .*; step-6: "):
        go(recipe, tmp_path / "run")


@pytest.mark.parametrize("family", ["line", "walk"])
def test_a_non_finite_loss_names_its_step_and_keeps_the_checkpoint(
    family: str, tmp_path: Path
) -> None:
    recipe = learners.recipe(family, {"poison": 14})
    with pytest.raises(NonFiniteError, match=r"loss is nan at step 15\. .* step 12, is kept"):
        go(recipe, tmp_path / "run")
    loaded = checkpoint.load(tmp_path / "run" / "checkpoints")
    assert loaded.step == 12
    assert all(np.isfinite(array).all() for array in loaded.arrays.values())


def test_a_non_finite_loss_before_any_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match=r"at step 1\. There is no checkpoint yet"):
        go(learners.recipe("line", {"poison": 0}), tmp_path / "run")


def test_broken_weights_behind_a_finite_loss_are_not_saved(tmp_path: Path) -> None:
    recipe = learners.recipe("line", validate_every=0, schedule={"name": "constant"})
    learner = build_learner(recipe)
    update = learner.update

    def broken(batch: Any, noise: Any) -> Any:
        metrics = update(batch, noise)
        weight = learner.networks["line"].trainable_variables[0]
        weight.assign(weight.value * (np.inf if noise.step == 11 else 1.0))
        return metrics

    learner.update = broken
    with (
        Run.create_or_resume(recipe, signature(recipe), tmp_path / "run") as run,
        pytest.raises(NonFiniteError, match=r"weight 'line/.*' is not finite at step 12"),
    ):
        train(run, learner, recipe.train)
    assert checkpoint.steps(run.checkpoints) == [6]


@pytest.mark.parametrize(("signal_number", "code"), [(2, 130), (15, 143)])
def test_a_signal_stops_behind_a_checkpoint(tmp_path: Path, signal_number: int, code: int) -> None:
    recipe = learners.recipe("pair")
    asked: list[int] = []

    def stop() -> int | None:
        asked.append(1)
        return signal_number if len(asked) == 8 else None

    with pytest.raises(StoppedError, match="stopped at step 8 of 24") as caught:
        go(recipe, tmp_path / "cut", stop=stop)
    assert caught.value.exit_code == code
    assert checkpoint.steps(tmp_path / "cut" / "checkpoints") == [6, 8]
    go(recipe, tmp_path / "cut")
    go(recipe, tmp_path / "whole")
    same(contents(tmp_path / "whole"), contents(tmp_path / "cut"))


def test_tensorboard_shows_the_curve_of_an_undisturbed_run(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    recipe = learners.recipe("line")
    go(recipe, tmp_path / "whole")
    for step in (11, 17):
        with pytest.raises(Killed):
            go(recipe, tmp_path / "cut", KillAt(step))
    go(recipe, tmp_path / "cut")
    curves = []
    for name in ("whole", "cut"):
        events = EventAccumulator(str(tmp_path / name / "tensorboard"))
        events.Reload()
        curves.append([(e.step, e.value) for e in events.Scalars("train/loss")])
    assert curves[0] == curves[1]
    assert [step for step, _ in curves[0]] == [5, 10, 15, 20, 24]


def test_pictures_are_written(tmp_path: Path) -> None:
    go(learners.recipe("pair", sample_every=10, samples=5), tmp_path / "run")
    found = sorted(path.parent.name for path in (tmp_path / "run" / "samples").rglob("bits.txt"))
    assert found == ["step-10", "step-20", "step-24"]
    text = (tmp_path / "run" / "samples" / "step-24" / "bits.txt").read_text()
    assert len(text.split()) == 5


def test_validation_looks_through_averages_and_puts_the_weights_back(tmp_path: Path) -> None:
    recipe = learners.recipe("line", learning_rate=0.1)
    result, learner = go(recipe, tmp_path / "run")
    before = snapshot(learner)
    with averaged(learner):
        within = snapshot(learner)
        weight = next(name for name in before if name.endswith("line_output/kernel"))
        assert not np.array_equal(within[weight], before[weight])
        from genkit.family import EvaluationRequest
        from genkit.progress import SILENT

        request = EvaluationRequest("validation", limit=8, brief=True)
        mse = learner.evaluate(request, SILENT).metrics["mse"]
    assert mse == result.metrics["mse"]
    after = snapshot(learner)
    assert all(array.tobytes() == after[name].tobytes() for name, array in before.items())


def test_restoring_for_sampling_uses_the_averages(tmp_path: Path) -> None:
    recipe = learners.recipe("line", learning_rate=0.1)
    _, learner = go(recipe, tmp_path / "run")
    learner.use_averages()
    wanted = snapshot(learner)
    fresh = build_learner(recipe)
    assert restore(Run.open(tmp_path / "run"), fresh, "last").step == 24
    found = snapshot(fresh)
    assert all(array.tobytes() == found[name].tobytes() for name, array in wanted.items())


def test_a_checkpoint_of_another_network_is_explained(tmp_path: Path) -> None:
    go(learners.recipe("line"), tmp_path / "run")
    other = build_learner(learners.recipe("line", {"width": 5}))
    with pytest.raises(CheckpointError, match="does not fit this network") as caught:
        restore(Run.open(tmp_path / "run"), other)
    assert "shape (1, 4) there, (1, 5) in the network" in str(caught.value)
    with pytest.raises(CheckpointError, match="does not fit") as caught:
        restore(Run.open(tmp_path / "run"), build_learner(learners.recipe("pair")))
    assert "the checkpoint lacks this variable" in str(caught.value)


def test_counters_of_another_backend_are_cast_and_kinds_are_not() -> None:
    learner = build_learner(learners.recipe("line"))
    arrays = snapshot(learner)
    counter = next(name for name in arrays if "iteration" in name)
    for dtype in (np.int32, np.int64, np.uint32):
        put_back(learner, {**arrays, counter: np.asarray(41, dtype)})
        assert int(snapshot(learner)[counter]) == 41
        assert snapshot(learner)[counter].dtype == arrays[counter].dtype
    with pytest.raises(CheckpointError, match="float64 there, int"):
        put_back(learner, {**arrays, counter: np.asarray(41.0)})


def test_the_initial_weights_are_a_function_of_the_seed() -> None:
    first, again, other = (
        snapshot(build_learner(learners.recipe("pair", seed=seed))) for seed in (5, 5, 6)
    )
    assert all(array.tobytes() == again[name].tobytes() for name, array in first.items())
    kernel = next(name for name in first if name.endswith("kernel"))
    assert not np.array_equal(first[kernel], other[kernel])


def test_a_plateau_without_a_metric_to_watch_is_refused(tmp_path: Path) -> None:
    recipe = learners.recipe("pair", schedule={"name": "plateau"})
    with pytest.raises(UsageError, match=r"train\.schedule\.name: a plateau .* Allowed: constant"):
        go(recipe, tmp_path / "run")


def test_two_runs_of_train_at_once_are_refused(tmp_path: Path) -> None:
    from genkit.errors import RunError

    recipe = learners.recipe("line")
    with Run.create_or_resume(recipe, signature(recipe), tmp_path / "run"):
        second = Run.open(tmp_path / "run")
        with pytest.raises(RunError, match="is being written by process"):
            train(second, build_learner(recipe), recipe.train)
