"""What a failure says and which code it exits with."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence

import click

from genkit.errors import GenkitError, Problem
from genkit_cli import output

INTERRUPTED = 130
_MEMORY = (
    "out of memory. A smaller train.batch_size, a larger train.accumulate or a smaller --tile "
    "needs less."
)
_state = {"debug": False}


def set_debug() -> None:
    """Show tracebacks from now on."""
    _state["debug"] = True


def reset_debug() -> None:
    """Show tracebacks only where GENKIT_DEBUG asks for them."""
    _state["debug"] = os.environ.get("GENKIT_DEBUG", "") not in ("", "0")


def debug() -> bool:
    """Whether tracebacks are shown."""
    return _state["debug"]


def report(error: BaseException, as_json: bool) -> int:
    """Tells of a failure on standard error, with `as_json` also as the object on standard
    output; returns the exit code."""
    if isinstance(error, click.exceptions.Abort):
        error = error.__cause__ or KeyboardInterrupt()
    if debug() and not isinstance(error, click.ClickException | KeyboardInterrupt):
        output.say("".join(traceback.format_exception(error)).rstrip())
    code, message, exit_code, problems = _described(error)
    if isinstance(error, click.UsageError):
        error.show()
    elif isinstance(error, KeyboardInterrupt):
        output.say("\ninterrupted")
    else:
        output.say("\n".join([f"Error: {message}", *(f"  {problem}" for problem in problems)]))
    if as_json:
        output.emit_error(code, message, problems)
    return exit_code


def _described(error: BaseException) -> tuple[str, str, int, Sequence[Problem]]:
    """Code, message, exit code and problems."""
    if isinstance(error, GenkitError):
        return error.code, error.message, error.exit_code, error.problems
    if isinstance(error, click.UsageError):
        return "usage", error.format_message(), 2, ()
    if isinstance(error, click.ClickException):
        return "failure", error.format_message(), error.exit_code, ()
    if isinstance(error, KeyboardInterrupt):
        return "stopped", "interrupted", INTERRUPTED, ()
    if _out_of_memory(error):
        return "memory", _MEMORY, 1, ()
    if isinstance(error, OSError):
        name = f": {error.filename}" if error.filename else ""
        return "os", f"{error.strerror or error}{name}", 1, ()
    kind = type(error).__name__
    lines = str(error).strip().splitlines()
    text = f": {lines[0]}" if lines else ""
    return "internal", f"unexpected {kind}{text} (run again with --debug to see where)", 1, ()


def _out_of_memory(error: BaseException) -> bool:
    """Python's own, and the backends', which differ in type and agree in this word."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return "RESOURCE_EXHAUSTED" in str(error)[:200]
