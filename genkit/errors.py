"""The errors a user can cause, each with an exit code and the problems it found.

A message says what was received, what is allowed and what to do. Nothing here imports Keras.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    Args:
        message: what was received and what is allowed.
        key: dotted name of the value, such as `train.steps`; empty where there is none.
        source: the file, or `-o key=value`, in which the value was written.
        line: 1-based line in `source`, or None.
    """

    message: str
    key: str = ""
    source: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = self.source + (f":{self.line}" if self.line is not None else "")
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def as_json(self) -> dict[str, object]:
        return {"message": self.message, "key": self.key, "source": self.source, "line": self.line}


class GenkitError(Exception):
    """Base of all expected failures. `exit_code` is what the command line exits with."""

    code = "failure"
    exit_code = 1

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])


class UsageError(GenkitError):
    """The command or its arguments are wrong (exit code 2)."""

    code = "usage"
    exit_code = 2


class RecipeError(UsageError):
    """A recipe or an override is wrong (exit code 2). Holds every problem at once."""

    code = "recipe"


class DataError(GenkitError):
    """A data set or a data file is missing, damaged or of the wrong shape."""

    code = "data"


class RunError(GenkitError):
    """A run directory is missing, locked, damaged or belongs to something else."""

    code = "run"


class StorageError(GenkitError):
    """Files cannot be written: the disk is full, a quota is used up, a right is missing."""

    code = "storage"


class MissingShardsError(GenkitError):
    """A sampling job cannot be put together yet (exit code 3). A problem for each shard."""

    code = "shards_missing"
    exit_code = 3


class CheckpointError(RunError):
    """No usable checkpoint."""

    code = "checkpoint"


class NonFiniteError(GenkitError):
    """Training met a loss or gradient that is not a number or infinite."""

    code = "non_finite"


class StoppedError(GenkitError):
    """The user or the system asked to stop; state was saved where there is any.

    Args:
        signal_number: 2 for Ctrl-C (exit code 130), 15 for SIGTERM (exit code 143).
    """

    code = "stopped"

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name closest to `name`, or None when nothing is close."""
    choices = list(allowed)
    found = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if found:
        return found[0]
    lowered = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def unknown(kind: str, name: str, allowed: Iterable[str]) -> str:
    """Message for an unknown name: what was received, the nearest name, what is allowed."""
    choices = sorted(allowed)
    guess = nearest(name, choices)
    hint = f" Did you mean '{guess}'?" if guess else ""
    listing = ", ".join(choices) if choices else "none"
    return f"unknown {kind} '{name}'.{hint} Allowed: {listing}."
