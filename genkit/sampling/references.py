"""What a condition refers to: a file or split, and perhaps a row of it."""

from __future__ import annotations

import re

_ROW = re.compile(r"(.+):(\d{1,18})", re.ASCII)


def row_reference(text: str) -> tuple[str, int | None]:
    """A reference and the row behind its last colon, as in `people.npz:3`; None for no row."""
    found = _ROW.fullmatch(text)
    return (text, None) if found is None else (found[1], int(found[2]))
