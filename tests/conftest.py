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

# A failure that one person sees, everybody sees; and compiled code has no even pace.
hypothesis.settings.register_profile("genkit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("genkit")
