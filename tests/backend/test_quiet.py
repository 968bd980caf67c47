"""What the libraries print while they start is hidden, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("quiet", sys.argv[1])
quiet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(quiet)  # alone: genkit.backend would start a backend
try:
    with quiet.startup_noise_hidden():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called\\n")
        os.write(2, b"I0000 00:00:17.6 14049 cudart_stub.cc:31] Could not find cuda drivers\\n")
        os.write(2, b"E0000 00:00:17.6 14049 cuda_platform.cc:52] failed call to cuInit\\n")
        os.write(2, b"To enable the following instructions: AVX2\\n")
        os.write(2, b"W0000 00:00:17.6 14049 elsewhere.cc:3] something worth knowing\\n")
        print("a word", file=sys.stderr)
        if {fails}:
            raise OSError("no such library")
except OSError as error:
    print(error, file=sys.stderr)
print("after", file=sys.stderr)
"""


def errors(fails: bool = False, level: str | None = None) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    if level is not None:
        environment["TF_CPP_MIN_LOG_LEVEL"] = level
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(fails=fails), str(ROOT / "genkit/backend/quiet.py")],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stderr.splitlines()


def test_known_noise_is_dropped_and_the_rest_passed_on() -> None:
    assert errors() == [
        "W0000 00:00:17.6 14049 elsewhere.cc:3] something worth knowing",
        "a word",
        "after",
    ]


def test_everything_is_shown_where_the_start_fails() -> None:
    found = errors(fails=True)
    assert len(found) == 8
    assert "E0000 00:00:17.6 14049 cuda_platform.cc:52] failed call to cuInit" in found
    assert found[-2:] == ["no such library", "after"]


def test_everything_is_shown_to_who_asks() -> None:
    assert len(errors(level="0")) == 7


@pytest.mark.parametrize("name", ["tensorflow", "jax"])
def test_a_real_start_says_nothing(name: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", "import genkit.backend, keras; print(keras.backend.backend())"],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": name},
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == (name, "")
