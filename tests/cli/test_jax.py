"""Commands on JAX: a run that TensorFlow trained is sampled, scored and timed there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def test_a_run_of_tensorflow_is_sampled_on_jax(
    run: Any, truly: Any, textures: Path, folder: Path
) -> None:
    pytest.importorskip("jax")
    asked = ["sample", str(textures), "-n", "6", "--seed", "3", "--json"]
    assert run(*asked, "--out", "here").exit_code == 0
    done = truly([*asked, "--out", "there"], env={"KERAS_BACKEND": "jax"}, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["count"] == 6
    drawn = {}
    for name in ("here", "there"):
        with np.load(folder / name / "samples.npz", allow_pickle=False) as arrays:
            drawn[name] = dict(arrays)
        job = json.loads((folder / name / "job.json").read_text())
        assert (
            job["fingerprint"]["backend"]["backend"] == {"here": "tensorflow", "there": "jax"}[name]
        )
    # Near-ties apart, which 96 values of 3 levels do not have, the samples are the same.
    np.testing.assert_array_equal(drawn["here"]["samples"], drawn["there"]["samples"])
    np.testing.assert_allclose(drawn["here"]["log_prob"], drawn["there"]["log_prob"], rtol=1e-5)
