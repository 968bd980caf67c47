"""Figures: a finished PNG, usually drawn by matplotlib, or a GIF."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genkit.files import write_bytes


@dataclass(frozen=True)
class Figure:
    """A PNG picture.

    Args:
        name: stem of the file.
        png: the bytes.
    """

    name: str
    png: bytes

    @classmethod
    def from_matplotlib(cls, name: str, figure: Any) -> Figure:
        """Render a `matplotlib.figure.Figure` (made without pyplot, so nothing global stays)."""
        buffer = io.BytesIO()
        # Software and date would make the bytes differ from run to run.
        figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
        return cls(name, buffer.getvalue())

    def save(self, folder: Path) -> list[Path]:
        return [write_bytes(folder / f"{self.name}.png", self.png)]

    def preview(self) -> bytes:
        return self.png


@dataclass(frozen=True)
class Animation:
    """A picture that moves.

    Args:
        name: stem of the file.
        gif: the bytes.
    """

    name: str
    gif: bytes

    def save(self, folder: Path) -> list[Path]:
        return [write_bytes(folder / f"{self.name}.gif", self.gif)]

    def preview(self) -> bytes | None:
        return None
