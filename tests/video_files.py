"""Video files made by hand: TFRecords, GIFs, folders of pictures."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit import data, registry
from genkit.errors import DataError


def section(**values: Any) -> Any:
    """A `data` section."""
    return registry.resolve(registry.datasets.get(values["name"]).config)(**values)


def read(**values: Any) -> Any:
    """The data set of a `data` section."""
    return data.load(section(**values))


def refused(**values: Any) -> str:
    """Why a data set is not read."""
    with pytest.raises(DataError) as caught:
        read(**values)
    return caught.value.message


# TFRecords, by the words of the formats: https://www.tensorflow.org/tutorials/load_data/tfrecord,
# https://protobuf.dev/programming-guides/encoding, and RFC 3720 for CRC-32C


def crc32c(content: bytes) -> int:
    """Castagnoli's checksum, bit by bit."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def masked(content: bytes) -> bytes:
    value = crc32c(content)
    rotated = (value >> 15 | value << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)


def record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + masked(length) + content + masked(content)


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def example(features: Mapping[str, bytes | Sequence[float]], packed: bool = True) -> bytes:
    """A `tf.train.Example` of byte strings and lists of floats."""
    entries = b""
    for name, value in features.items():
        if isinstance(value, bytes):
            feature = field(1, field(1, value))
        else:
            numbers = [struct.pack("<f", number) for number in value]
            one_by_one = b"".join(b"\x0d" + number for number in numbers)
            feature = field(2, field(1, b"".join(numbers)) if packed else one_by_one)
        entries += field(1, field(1, name.encode()) + field(2, feature))
    return field(1, entries)


def jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def push(
    frames: int, value: float = 0.0, height: int = 8, width: int = 12
) -> dict[str, bytes | Sequence[float]]:
    """The features of a clip of robot pushing; states and actions count up from `value`."""
    found: dict[str, bytes | Sequence[float]] = {}
    for i in range(frames):
        pixels = np.full((height, width, 3), 10 * i + 20, np.uint8)
        found[f"move/{i}/image/encoded"] = jpeg(pixels)
        found[f"move/{i}/endeffector/vec_pitch_yaw"] = [value + i + 0.1 * d for d in range(5)]
        found[f"move/{i}/commanded_pose/vec_pitch_yaw"] = [value - i - 0.1 * d for d in range(5)]
    return found


# Videos


def clip(frames: int, height: int = 4, width: int = 6, start: int = 0) -> np.ndarray:
    """`(T, H, W, 3)` uint8; frame t is the grey value start + 10 t."""
    grey = start + 10 * np.arange(frames)
    return np.broadcast_to(grey[:, None, None, None], (frames, height, width, 3)).astype(np.uint8)


def animated(frames: np.ndarray, kind: str = "GIF") -> bytes:
    """An animated picture of `(T, H, W, 3)`."""
    pictures = [Image.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    pictures[0].save(
        buffer, kind, save_all=True, append_images=pictures[1:], duration=100, loop=0, **options
    )
    return buffer.getvalue()


def put_frames(folder: Path, frames: np.ndarray) -> None:
    """A folder of pictures `1.png`, ..., `10.png`, ...."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, 1):
        Image.fromarray(frame).save(folder / f"{number}.png")
