"""One picture in any format that Pillow reads, as an array of one size."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from genkit.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
            ".pbm", ".pnm", ".ico", ".tga", ".jp2", ".avif", ".qoi")  # fmt: skip
MAX_PIXELS = 64 * 2**20
# Formats whose readers start other programs, or only stand for one.
_NEVER = {"EPS", "WMF", "BUFR", "GRIB", "HDF5"}
BROKEN = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError,
           OverflowError, MemoryError, struct.error, zlib.error)  # fmt: skip


_BUFFER = re.compile(r"<_io\.BytesIO object at \w+>")


@contextmanager
def readable(name: str) -> Iterator[None]:
    """What goes wrong while a picture is read or decoded is a DataError that names it."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: too many pixels ({error})") from error
    except BROKEN as error:
        reason = _BUFFER.sub("it", str(error)).strip() or type(error).__name__
        raise DataError(f"{name}: not a readable picture ({reason})") from error


def formats() -> list[str]:
    """What Pillow may open a picture as."""
    from PIL import Image

    Image.init()
    return sorted(set(Image.ID) - _NEVER)


def check_pixels(picture: Image.Image, name: str) -> None:
    """Raises DataError for a picture that is too large, before it is decoded."""
    if picture.width * picture.height > MAX_PIXELS:
        raise DataError(
            f"{name}: {picture.width}x{picture.height} pixels are too many; the limit "
            f"is {MAX_PIXELS}"
        )


@contextmanager
def open_picture(source: Path | bytes, name: str) -> Iterator[Image.Image]:
    """The picture, its first frame, upright; decoded inside the block.

    Args:
        source: a file, or what it holds.
        name: for messages.

    Raises:
        DataError: if it cannot be read, is damaged or truncated, or has too many pixels.
    """
    from PIL import Image, ImageOps

    with readable(name):
        file: BinaryIO = io.BytesIO(source if isinstance(source, bytes) else source.read_bytes())
        with Image.open(file, formats=formats()) as opened:
            opened.verify()  # checksums and the end of a PNG, which decoding does not look at
        with Image.open(file, formats=formats()) as opened:
            check_pixels(opened, name)
            opened.load()
            yield ImageOps.exif_transpose(opened)


def read_picture(
    source: Path | bytes,
    name: str,
    shape: tuple[int, int, int],
    fit: str = "exact",
    resample: str = "box",
) -> np.ndarray:
    """A picture as `shape` (H, W, C), uint8 of 256 levels.

    Args:
        source, name: as for `open_picture`.
        shape: what it is brought to; 1 channel is grey, 3 are red, green, blue. What is
            transparent becomes white; 16 bits become 8.
        fit: `crop` scales until the shorter side fits and cuts the middle out, `stretch` scales
            each side by itself, `exact` refuses another size.
        resample: `box`, `bilinear`, `bicubic` or `lanczos`.
    """
    with open_picture(source, name) as opened:
        return fitted(opened, name, shape, fit, resample)


def fitted(
    picture: Image.Image,
    name: str,
    shape: tuple[int, int, int],
    fit: str = "exact",
    resample: str = "box",
) -> np.ndarray:
    """A picture that was opened, as `read_picture` gives it."""
    from PIL import Image, ImageOps

    height, width, channels = shape
    if fit == "exact" and (picture.height, picture.width) != (height, width):
        raise DataError(
            f"{name}: must be {height}x{width} (height x width). "
            f"Received: {picture.height}x{picture.width}"
        )
    picture = _in_mode(picture, "L" if channels == 1 else "RGB")
    method = Image.Resampling[resample.upper()]
    if picture.size != (width, height):
        if fit == "crop":
            picture = ImageOps.fit(picture, (width, height), method)
        else:
            picture = picture.resize((width, height), method)
    return np.asarray(picture, np.uint8).reshape(shape)


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # more than 8 bits of grey
        values = np.asarray(picture, np.float64)
        scale = 257.0 if picture.mode.startswith("I") else 1.0
        bytes_ = np.clip(np.floor(values / scale), 0, 255).astype(np.uint8)
        return Image.fromarray(bytes_).convert(mode)
    if picture.has_transparency_data:
        shown = picture.convert("RGBA")
        white = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(white, shown).convert(mode)
    return picture.convert(mode)
