"""Image files made by hand, and `data` sections that read them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genkit import data
from genkit.errors import DataError
from genkit.recipe import from_mapping

REAL = Path(data.__file__).resolve().parents[3] / "shared" / "data"


def section(**values):
    """A validated `data` section."""
    return from_mapping({"family": "gated_pixelcnn", "data": values}, "test").data


def read(**values):
    """The data set of a `data` section."""
    return data.load(section(**values))


def refused(**values) -> str:
    """Why a data set is not read."""
    with pytest.raises(DataError) as caught:
        read(**values)
    return caught.value.message


def picture(array: np.ndarray, kind: str = "PNG", **options) -> bytes:
    """An image file of an array (H, W) or (H, W, C)."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
