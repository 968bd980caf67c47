"""The three throwaway learners go through every command: none needs a special case."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from genkit.conformance.learner import skipped_backend
from tests import learners


@pytest.fixture(autouse=True)
def _registered(folder: Path) -> Iterator[None]:
    with learners.registered():
        for family in learners.NAMES:
            values = learners.mapping(family, steps=6, checkpoint_every=3)
            (folder / f"{family}.yaml").write_text(json.dumps(values))
        yield


@pytest.fixture
def trained(run) -> Any:
    def call(family: str) -> str:
        result = run("train", f"{family}.yaml", "--run", f"runs/{family}", "--json")
        assert result.exit_code == 0, result.stderr
        assert last(result)["step"] == 6
        return family

    return call


def last(result: Any) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


METRICS = {"pair": "mean_output", "walk": "mean_return", "line": "mse"}


@pytest.mark.parametrize("family", learners.NAMES)
def test_train_eval_bench(run, trained, family: str) -> None:
    name = trained(family)
    result = run("eval", name, "--json")
    assert result.exit_code == 0, result.stderr
    assert list(last(result)["metrics"]) == [METRICS[family]]
    assert Path(f"runs/{family}/evaluation/test.json").exists()
    result = run("bench", name, "--tile", "2", "--json")
    assert result.exit_code == 0, result.stderr
    (row,) = last(result)["results"]
    assert (row["sampler"], row["tile"]) == ("training_step", 4)
    assert row["values_per_second"] > 0


@pytest.mark.parametrize(
    "family",
    [
        "walk",
        pytest.param("pair", marks=pytest.mark.long),
        pytest.param("line", marks=pytest.mark.long),
    ],
)
def test_check_saves_loads_and_goes_on_with_the_other_backend(run, trained, family: str) -> None:
    result = run("check", trained(family), "--json")
    assert result.exit_code == 0, result.stdout + result.stderr
    names = [row["name"] for row in last(result)["checks"]]
    assert names[0] == "save_load_differences"
    assert len(names) == (1 if skipped_backend() else 2)


def test_what_has_something_to_sample_is_sampled(run, trained) -> None:
    trained("pair")
    result = run("sample", "pair", "-n", "10", "--tile", "4", "--out", "job", "--json")
    assert result.exit_code == 0, result.stderr
    assert last(result)["files"] == ["job/bits.txt"]
    bits = Path("job/bits.txt").read_text().split()
    assert len(bits) == 10
    part = read_npz(Path("job/parts/000000008-000000010.npz"))
    assert list(part["index"]) == [8, 9]
    result = run("sample", "pair", "-n", "10", "--tile", "4", "--out", "job")
    assert "all there already" in result.stderr
    result = run("sample", "pair", "-n", "10", "--tile", "4", "--out", "-")
    assert result.exit_code == 0, result.stderr
    with np.load(io.BytesIO(result.stdout_bytes), allow_pickle=False) as arrays:
        assert [str(bit) for bit in arrays["samples"]] == bits
    for number in (0, 1):
        shard = f"{number}/2"
        result = run("sample", "pair", "-n", "10", "--tile", "4", "--out", "two", "--shard", shard)
        assert result.exit_code == 0, result.stderr
    assert run("sample", "--merge", "two").exit_code == 0
    assert Path("two/bits.txt").read_text().split() == bits


@pytest.mark.parametrize("family", ["walk", "line"])
def test_what_has_nothing_to_sample_says_so(run, trained, family: str) -> None:
    result = run("sample", trained(family), "--out", "job", "--json")
    assert result.exit_code == 2
    assert last(result)["error"]["message"] == f"family '{family}' has nothing to sample"
    assert not Path("job").exists()


def test_what_a_family_does_not_do_is_told(run, trained) -> None:
    result = run("score", trained("line"), "--data", "test")
    assert result.exit_code == 2
    assert "family 'line' does not score items" in result.stderr
    result = run("sample", trained("pair"), "--out", "job", "--prime", "test")
    assert result.exit_code == 2
    assert "family 'pair' does not take --prime" in result.stderr
