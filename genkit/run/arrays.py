"""Named arrays as safetensors bytes, bfloat16 included, checked before they are believed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_HEADER_BYTES = 64 * 2**20
MAX_NAME = 1024
_BITS = {"BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16",
         "U32": "uint32", "I32": "int32", "U64": "uint64", "I64": "int64", "F16": "float16",
         "F32": "float32", "F64": "float64", "BF16": "bfloat16"}  # fmt: skip


def encode(arrays: Mapping[str, np.ndarray]) -> bytes:
    """`arrays` as the bytes of a safetensors file; the same arrays give the same bytes.

    Raises:
        ValueError: for a name that is not printable or a dtype that safetensors lacks.
    """
    from safetensors.numpy import save

    for name, array in arrays.items():
        _check_name(name)
        if array.dtype.name not in _BITS.values():
            raise ValueError(f"'{name}' has dtype {array.dtype}, which cannot be stored")
    # `ascontiguousarray` would turn a scalar into a vector; `asarray` with an order does not.
    dense = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    return save(dense)


def decode(data: bytes) -> dict[str, np.ndarray]:
    """Arrays from the bytes of a safetensors file.

    Raises:
        ValueError: if the bytes are not exactly such a file.
    """
    header, start = _header(data)
    header.pop("__metadata__", None)
    return {name: _array(name, entry, data, start) for name, entry in header.items()}


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(MAX_HEADER_BYTES, len(data) - 8):
        raise ValueError("not a safetensors file: its header is cut off or too large")
    header = json.loads(data[8 : 8 + size])
    if not isinstance(header, dict):
        raise ValueError("not a safetensors file: its header is no object")
    return header, 8 + size


def _array(name: str, entry: Any, data: bytes, start: int) -> np.ndarray:
    _check_name(name)
    try:
        dtype = _dtype(entry["dtype"])
        shape = tuple(entry["shape"])
        first, last = entry["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"array '{name}' has a broken header: {entry!r:.200}") from None
    if not all(type(value) is int and value >= 0 for value in (*shape, first, last)):
        raise ValueError(f"array '{name}' has a broken header: {entry!r:.200}")
    if last - first != math.prod(shape) * dtype.itemsize or start + last > len(data):
        raise ValueError(f"array '{name}' of shape {shape} does not fit its bytes")
    return np.frombuffer(data[start + first : start + last], dtype=dtype).reshape(shape).copy()


def _dtype(code: str) -> np.dtype[Any]:
    if code == "BF16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(_BITS[code]).newbyteorder("<")


def _check_name(name: str) -> None:
    if not (name and len(name) <= MAX_NAME and name.isprintable()) or name == "__metadata__":
        raise ValueError(f"not a usable array name: {name[:80]!r}")
