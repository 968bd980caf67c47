"""Asking eSpeak NG to speak, in processes of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from genkit.errors import DataError, UsageError
from genkit.progress import SILENT, Progress
from genkit.run.metadata import usable_cpus
from genkit.speech.espeak.library import Answer

BLOCK = 16  # requests of one process; another number makes other recordings
PATIENCE = 300.0  # seconds for a block, which takes a fraction of one
INSTALL = "pip install 'genkit-keras[speech]'"
MODULE = "espeakng_loader"


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec(MODULE) is not None


def require() -> None:
    """Refuses to go on without the extra.

    Raises:
        UsageError: names the command that installs it.
    """
    if not available():
        raise UsageError(
            "the speech front end is eSpeak NG, an extra under the GPL that is not installed. "
            f"Install it with: {INSTALL}"
        )


def ask(requests: Sequence[dict[str, Any]], progress: Progress = SILENT) -> list[Answer]:
    """What eSpeak NG says to each of `{"text", "voice", "rate", "pitch", "range"}`.

    Each answer is a function of its block of `BLOCK` requests up to it.

    Raises:
        UsageError: without the extra. DataError: if it fails.
    """
    require()
    blocks = [requests[start : start + BLOCK] for start in range(0, len(requests), BLOCK)]
    progress.start("speech", len(requests), "sentences")
    found: list[Answer] = []
    with ThreadPoolExecutor(usable_cpus()) as pool:
        for answers in pool.map(_block, blocks):
            found += answers
            progress.advance(len(answers))
    progress.finish()
    return found


def _block(requests: Sequence[dict[str, Any]]) -> list[Answer]:
    # -P: a file of the working directory must not stand in for a module.
    command = [sys.executable, "-P", "-m", "genkit.speech.espeak.worker"]
    asked = json.dumps(list(requests)).encode()
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
    try:
        done = subprocess.run(
            command,
            input=asked,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"eSpeak NG did not answer within {PATIENCE:g} s") from error
    if done.returncode:
        says = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise DataError(f"eSpeak NG failed ({done.returncode}): {''.join(says)}")
    header, _, sound = done.stdout.partition(b"\n")
    pcm = np.frombuffer(sound, "<i2").astype(np.int16)
    answers, start = [], 0
    for fact in json.loads(header):
        stop = start + fact["count"]
        phones = [(int(at), str(name)) for at, name in fact["phones"]]
        words = [(int(at), int(place), int(size)) for at, place, size in fact["words"]]
        answers.append(Answer(pcm[start:stop], phones, words, fact["mnemonics"]))
        start = stop
    return answers
