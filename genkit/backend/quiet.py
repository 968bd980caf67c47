"""Hides what the libraries print while they start.

TensorFlow's wheels log about oneDNN and missing GPUs before their own log level counts, straight
to file descriptor 2. Every other line is passed on, and everything is if the import fails or the
user set TF_CPP_MIN_LOG_LEVEL.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} .*(port\.cc|cudart_stub\.cc|cuda_platform\.cc|cpu_feature_guard\.cc"
    rb"|cuda_executor\.cc|computation_placer\.cc|xla_bridge)"
    rb"|To enable the following instructions"
)
_ASKED = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def startup_noise_hidden(level: str = "2") -> Iterator[None]:
    """Within, standard error is kept back; known noise in it is dropped at the end.

    Args:
        level: TensorFlow's log level from now on, unless the user set one.
    """
    if _ASKED in os.environ:
        yield
        return
    os.environ[_ASKED] = level
    sys.stderr.flush()
    try:
        real = os.dup(2)
    except OSError:  # no standard error at all
        yield
        return
    failed = True
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)
            kept.seek(0)
            for line in kept:
                if failed or not _NOISE.match(line):
                    os.write(2, line)
