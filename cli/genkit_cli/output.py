"""Where words go: data to standard output, talk to standard error, `--json` one object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from genkit.errors import Problem
from genkit.files import finite

SCHEMA = 1


def say(text: str = "") -> None:
    """A line for the person: standard error."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """A line that should not be missed: standard error."""
    click.echo(f"Warning: {text}", err=True)


def show(text: str = "") -> None:
    """A line of what was asked for: standard output. Not to be used with `--json`."""
    click.echo(text)


def emit(payload: Mapping[str, Any]) -> None:
    """The one JSON object of a `--json` command: the last line of standard output."""
    click.echo(json.dumps({"schema": SCHEMA, **finite(payload)}, default=_plain))


def emit_error(code: str, message: str, problems: Sequence[Problem] = ()) -> None:
    """The JSON object of a failed command."""
    found = [problem.as_json() for problem in problems]
    emit({"error": {"code": code, "message": message, "problems": found}})


def table(rows: Iterable[Sequence[str]], indent: str = "  ") -> str:
    """Rows as aligned columns; the last one is not padded."""
    lines = [list(row) for row in rows]
    if not lines:
        return ""
    widths = [max(len(row[i]) for row in lines) for i in range(len(lines[0]) - 1)]
    return "\n".join(
        (
            indent + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]])
        ).rstrip()
        for row in lines
    )


def bytes_text(count: float) -> str:
    """Such as `1.5 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def seconds_text(seconds: float) -> str:
    """Such as `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _plain(value: Any) -> Any:
    """NumPy scalars and arrays, paths and the like."""
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    return str(value)
