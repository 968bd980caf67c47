"""What every test starts from: one thread, no settings of the person who runs the tests."""

from __future__ import annotations

import os

# Before anything imports NumPy, TensorFlow or JAX. `make test` sets the same.
for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NPROC",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["MPLBACKEND"] = "Agg"
# What a test sees should not depend on what ran before.
os.environ["GENKIT_COMPILATION_CACHE"] = "off"
for _name in ("GENKIT_RUNS", "GENKIT_DATA", "GENKIT_RECIPES"):
    os.environ.pop(_name, None)

import hypothesis  # noqa: E402 - after the environment is set
import pytest  # noqa: E402

# A failure that one person sees, everybody sees; and compiled code has no even pace.
hypothesis.settings.register_profile("genkit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("genkit")

# Files that take a minute and more begin first: a process that began one of them last would end
# alone (`make test` hands whole files to its processes, in this order).
SLOW = (
    "conformance/test_models.py",
    "training/test_training.py",
    "cli/test_sample.py",
    "cli/test_throwaway.py",
    "training/test_killed.py",
    "cli/test_sample_sound.py",
    "models/vpn/test_learner.py",
    "cli/test_videos.py",
    "cli/test_sample_shards.py",
    "packaging/test_wheel.py",
    "cli/test_check.py",
    "cli/test_bench.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, all others as they are."""
    order = {f"tests/{name}": number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(item.nodeid.split("::")[0], len(SLOW)))
