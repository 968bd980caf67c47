"""The frames of one video: a GIF or animated WebP, a film, or a folder of pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genkit.data.images.pictures import check_pixels, fitted, formats, open_picture, readable
from genkit.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

ANIMATED = (".gif", ".webp", ".apng")
FILMS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv")
_GIF_END = b";"  # the last byte of the format

# A picture as an array of one shape; takes it and its name for messages.
Fit = Callable[["Image.Image", str], np.ndarray]


def animated_frames(path: Path, fit: Fit) -> Iterator[np.ndarray]:
    """Frames of an animated picture, each as a viewer shows it.

    Raises:
        DataError: names the file and the frame that is damaged or truncated.
    """
    from PIL import Image

    name = str(path)
    with readable(name):
        content = path.read_bytes()
        if path.suffix.lower() == ".gif" and content.rstrip(b"\0")[-1:] != _GIF_END:
            raise DataError(f"{name}: truncated: a GIF ends with the byte 3b")
        opened = Image.open(io.BytesIO(content), formats=formats())
        check_pixels(opened, name)
        count = getattr(opened, "n_frames", 1)
    for number in range(count):
        with readable(f"{name}, frame {number}"):
            opened.seek(number)
            opened.load()
            frame = fit(opened, f"{name}, frame {number}")
        yield frame


def film_frames(path: Path, fit: Fit) -> Iterator[np.ndarray]:
    """Frames of a film in any format that FFmpeg decodes.

    Raises:
        DataError: names the file that is damaged, or what has to be installed.
    """
    from PIL import Image

    try:
        import av  # imageio asks it to decode
        import imageio.v3 as imageio
    except ImportError as error:
        raise DataError(
            f"{path}: films need PyAV, which is not installed ({error}). Give: pip install "
            "'genkit-keras[video]', or turn the film into a GIF or a folder of pictures"
        ) from error
    broken = (av.FFmpegError, OSError, ValueError, IndexError, EOFError, RuntimeError)
    number = 0
    try:
        frames = iter(imageio.imiter(path, plugin="pyav", format="rgb24"))
        while (pixels := next(frames, None)) is not None:
            name = f"{path}, frame {number}"
            picture = Image.fromarray(pixels)
            check_pixels(picture, name)
            yield fit(picture, name)
            number += 1
    except broken as error:
        raise DataError(f"{path}: damaged or truncated after frame {number} ({error})") from error


def picture_frames(paths: Sequence[Path], fit: Fit) -> Iterator[np.ndarray]:
    """Frames that are pictures, in the order given; all of one size.

    Raises:
        DataError: names the picture that is damaged or of another size than the first.
    """
    first: tuple[int, int] | None = None
    for path in paths:
        with open_picture(path, str(path)) as opened:
            first = first or opened.size
            if opened.size != first:
                raise DataError(
                    f"{path}: is {opened.height}x{opened.width}, the frames before it are "
                    f"{first[1]}x{first[0]} (height x width)"
                )
            frame = fit(opened, str(path))
        yield frame


def fitting(shape: tuple[int, int, int], fit: str, resample: str) -> Fit:
    """Brings pictures to `shape` (H, W, C), as `pictures.read_picture` does."""
    return lambda picture, name: fitted(picture, name, shape, fit, resample)
