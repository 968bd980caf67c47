"""Run directories: names, signatures, locks, what metadata tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.errors import RunError, UsageError
from genkit.recipe import signature
from genkit.run import Run, checkpoint, list_runs, runs_root
from genkit.run import metadata as facts
from genkit.run.lock import RunLock
from tests import learners


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with learners.registered():
        yield


def make(family: str = "line", path: Path | None = None, **train: Any) -> Run:
    recipe = learners.recipe(family, **train)
    with Run.create_or_resume(recipe, signature(recipe), path) as run:
        return run


def fill(run: Run, step: int) -> None:
    checkpoint.save(run.checkpoints, step, {"learner/w": np.zeros(1)}, {})


def test_the_root_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs_root() == Path("runs")
    monkeypatch.setenv("GENKIT_RUNS", "/somewhere")
    assert runs_root() == Path("/somewhere")


def test_a_new_run_has_a_name_of_recipe_and_signature() -> None:
    run = make()
    assert run.path == Path("runs") / f"line-small-{run.signature[:8]}"
    assert run.recipe.as_dict() == learners.recipe("line").as_dict()
    assert (run.recipe_name, run.step, run.locked) == ("line/small", 0, False)


def test_the_same_recipe_goes_on_with_its_run() -> None:
    first, again = make(), make(steps=48, log_every=2)
    assert first.path == again.path
    assert again.recipe.train.steps == 48
    assert json.loads((again.path / "metadata.json").read_text())["steps"] == 48


def test_another_seed_is_another_run() -> None:
    assert make(seed=1).path != make(seed=2).path


def test_an_explicit_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    make(path=tmp_path / "mine")
    with pytest.raises(RunError) as caught:
        make(path=tmp_path / "mine", seed=9, learning_rate=0.5, steps=99)
    assert "--restart" in caught.value.message
    assert {problem.key: problem.message for problem in caught.value.problems} == {
        "train.seed": "3 there, 9 here",
        "train.learning_rate": "0.01 there, 0.5 here",
    }


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(RunError, match=r"no run directory and not empty \(it holds cat\.png\)"):
        make(path=tmp_path / "photos")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="is a file"):
        make(path=tmp_path / "file")


def test_a_folder_whose_making_was_interrupted_is_taken(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "lock").touch()
    (tmp_path / "half" / "recipe.yaml").write_text("name: ha")
    assert make(path=tmp_path / "half").recipe.family == "line"


def test_restart_sets_the_old_run_aside(tmp_path: Path) -> None:
    recipe = learners.recipe("line")
    fill(make(), 5)
    for number in (1, 2):
        with Run.create_or_resume(recipe, signature(recipe), restart=True) as run:
            assert run.locked
            assert run.step == 0
        assert (Path("runs") / f"{run.name}.old-{number}" / "metadata.json").exists()
    assert checkpoint.steps(Path("runs") / f"{run.name}.old-1" / "checkpoints") == [5]
    assert Run.open("line/small").name == run.name


def test_listing_skips_what_is_no_run() -> None:
    assert list_runs() == []
    run = make()
    fill(run, 24)
    fill(make(seed=7), 6)
    for foreign, content in {"a": "{", "b": "[]", "c": "{}"}.items():
        (Path("runs") / foreign).mkdir()
        (Path("runs") / foreign / "metadata.json").write_text(content)
    (Path("runs") / "file").touch()
    found = {info.name: info for info in list_runs()}
    assert len(found) == 2
    assert found[run.name].complete
    assert found[run.name].step == 24
    assert sorted(info.complete for info in found.values()) == [False, True]
    assert {info.recipe_name for info in found.values()} == {"line/small"}


def test_opening_by_path_name_and_recipe(tmp_path: Path) -> None:
    run = make()
    for reference in (run.path, run.name, str(run.path.resolve()), "line/small"):
        assert Run.open(reference).path.resolve() == run.path.resolve()
    make(seed=8)
    with pytest.raises(UsageError, match=r"'line/small' has 2 runs\. Name one of: line-small-"):
        Run.open("line/small")


@pytest.mark.parametrize("reference", ["", "line/smal", "line-small-1234", "/none", "no\0thing"])
def test_an_unknown_run_names_what_exists(reference: str) -> None:
    run = make()
    with pytest.raises(UsageError) as caught:
        Run.open(reference)
    assert not reference or run.name in str(caught.value)
    assert not reference.startswith("line-") or "Did you mean" in str(caught.value)


def test_names_cannot_leave_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = make(path=tmp_path / "outside")
    make()
    monkeypatch.chdir(tmp_path / "runs")
    monkeypatch.setenv("GENKIT_RUNS", str(tmp_path / "runs" / "deep"))
    with pytest.raises(UsageError, match="unknown run"):
        Run.open("../../outside")  # below the root this would be it
    assert Run.open("../outside").path.resolve() == outside.path.resolve()  # an existing path


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"is no run directory: it has no metadata\.json"):
        Run.open(tmp_path / "empty")


HOLD = """
import sys, time
from pathlib import Path
from genkit.run.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_writer_is_told_who_holds_the_run() -> None:
    run = make()
    command = [sys.executable, "-c", HOLD, str(run.path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RunError, match=rf"being written by process {holder.pid} on "):
            make()
        recipe = learners.recipe("line")
        with pytest.raises(RunError, match="being written"):
            Run.create_or_resume(recipe, signature(recipe), restart=True)
        assert run.path.exists()
        holder.kill()
    assert make().path == run.path  # the lock died with its holder


def test_a_lock_without_a_readable_holder(tmp_path: Path) -> None:
    with RunLock(tmp_path / "lock") as lock:
        (tmp_path / "lock").write_text("garbage")
        with pytest.raises(RunError, match="by another process"):
            RunLock(tmp_path / "lock").acquire()
        assert lock.held


def test_a_lock_on_a_folder_that_was_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "samestat", lambda a, b: False)
    with pytest.raises(RunError, match="set aside just now"):
        RunLock(tmp_path / "lock").acquire()


def test_metadata_tells_where_from_but_nothing_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/somebody"))
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    home = "/home/somebody"
    monkeypatch.setattr(sys, "argv", [f"{home}/bin/genkit", "train", f"{home}/r.yaml"])
    run = make()
    run.record_session(0, {"backend": "tensorflow", "version": "2"})
    text = (run.path / "metadata.json").read_text()
    assert "somebody" not in text
    assert "hunter2" not in text
    stored = json.loads(text)
    assert stored["data"] == {"name": "points", "licence": "generated, none needed"}
    session = stored["sessions"][0]
    assert session["command"] == "genkit train ~/r.yaml"
    assert session["versions"]["numpy"] == np.__version__
    assert session["cpus"] >= 1


def test_the_commit_is_read_without_calling_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789" * 4
    package = tmp_path / "checkout" / "genkit" / "run"
    package.mkdir(parents=True)
    monkeypatch.setattr(facts, "__file__", str(package / "metadata.py"))
    assert facts.git_commit() is None
    git = tmp_path / "checkout" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(f"# pack-refs\n{commit} refs/heads/main\n")
    assert facts.git_commit() == commit
    (git / "refs" / "heads" / "main").write_text(commit[::-1] + "\n")
    assert facts.git_commit() == commit[::-1]
    (git / "HEAD").write_text(commit)
    assert facts.git_commit() == commit
    git.rename(tmp_path / "real")
    git.write_text("gitdir: ../real\n")
    assert facts.git_commit() == commit


def test_runs_are_listed_without_heavy_imports() -> None:
    code = (
        "import sys, genkit.run as r; r.list_runs(); "
        "print([m for m in ('numpy', 'keras', 'tensorflow', 'jax', 'tensorboard') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
