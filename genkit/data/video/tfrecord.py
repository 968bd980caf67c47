"""TFRecord files of `tf.train.Example`, without TensorFlow.

TensorFlow itself cannot be asked: data is read under any backend, and `genkit.backend` is the one
place that names it. Its pieces are small and stable, so maintained libraries do the parts that are
easy to get wrong and slow in Python, and only the framing is written here: google-crc32c computes
the checksums (a record has megabytes; TensorBoard's own reader adds them up byte by byte), and
protobuf parses the messages, from a description of their five types.

A record is its length (64 bits, little-endian), a masked CRC-32C of these 8 bytes, the data, and a
masked CRC-32C of the data.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from genkit.data.reading import open_content
from genkit.errors import DataError

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
MAX_RECORD = 2**30  # bytes
_BROKEN = (EOFError, zlib.error, OSError)
_PACKAGE = "genkit.tfrecord"  # not TensorFlow's, which may be loaded beside it
_Field = descriptor_pb2.FieldDescriptorProto


def masked(data: bytes) -> int:
    """The checksum as TFRecord stores it."""
    value = int(google_crc32c.value(data))
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_records(path: Path) -> Iterator[bytes]:
    """The data of each record.

    Args:
        path: packed by gzip or not.

    Raises:
        DataError: names the file and the record that is truncated or damaged.
    """
    with open_content(path) as file:
        number = 0
        while True:
            name = f"{path}, record {number}"
            header = _read(file, HEADER.size, name, may_end=True)
            if not header:
                return
            length, checksum = HEADER.unpack(header)
            if masked(header[:8]) != checksum:
                raise DataError(f"{name}: the checksum of its length is wrong: damaged")
            if length > MAX_RECORD:
                raise DataError(f"{name}: has {length} bytes; the limit is {MAX_RECORD}")
            data = _read(file, length, name)
            if masked(data) != FOOTER.unpack(_read(file, FOOTER.size, name))[0]:
                raise DataError(f"{name}: the checksum of its data is wrong: damaged")
            yield data
            number += 1


def count_records(path: Path) -> int:
    """How many records a file says it has; what they hold is skipped, not proved."""
    count = 0
    with open_content(path) as file:
        while len(header := _read(file, HEADER.size, f"{path}, record {count}", may_end=True)):
            length, checksum = HEADER.unpack(header)
            if masked(header[:8]) != checksum:
                raise DataError(f"{path}, record {count}: the checksum of its length is wrong")
            file.seek(length + FOOTER.size, 1)
            count += 1
    return count


def _read(file: BinaryIO, count: int, name: str, may_end: bool = False) -> bytes:
    try:
        found = file.read(count)
    except _BROKEN as error:
        raise DataError(f"{name}: damaged or truncated ({error})") from error
    if len(found) != count and (found or not may_end):
        raise DataError(f"{name}: truncated: {len(found)} of {count} bytes are there")
    return found


class Example:
    """A parsed `tf.train.Example`: features by name.

    Args:
        data: of a record.
        name: of the record, for messages.

    Raises:
        DataError: names the record that is no Example.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        try:
            self._features = _message("Example").FromString(data).features.feature
        except DecodeError as error:
            raise DataError(f"{name}: not a tf.train.Example ({error})") from error

    def __contains__(self, key: str) -> bool:
        return key in self._features

    def image(self, key: str) -> bytes:
        """The one byte string of a feature."""
        values = self._values(key, "bytes_list")
        if len(values) != 1:
            raise DataError(f"{self.name}: '{key}' needs one string. Received: {len(values)}")
        return bytes(values[0])

    def numbers(self, key: str, count: int) -> np.ndarray:
        """The numbers of a feature, `(count,)` float32; finite."""
        values = np.array(self._values(key, "float_list"), np.float32)
        if values.shape != (count,):
            raise DataError(f"{self.name}: '{key}' needs {count} numbers. Received: {len(values)}")
        if not np.isfinite(values).all():
            raise DataError(f"{self.name}: '{key}' must be finite. Received: {values.tolist()}")
        return values

    def _values(self, key: str, kind: str) -> Sequence[Any]:
        if key not in self._features:  # asking a map of messages for it would add it
            raise DataError(f"{self.name}: has no '{key}'")
        feature = self._features[key]
        found = feature.WhichOneof("kind")
        if found != kind:
            raise DataError(
                f"{self.name}: '{key}' must be a {kind}. Received: {found or 'nothing'}"
            )
        values: Sequence[Any] = getattr(feature, kind).value
        return values


@cache
def _message(name: str) -> Any:
    """The class of a message, from tensorflow/core/example/{example,feature}.proto."""
    file = descriptor_pb2.FileDescriptorProto(
        name="genkit/tfrecord.proto", package=_PACKAGE, syntax="proto3"
    )
    for kind, number in (
        ("BytesList", _Field.TYPE_BYTES),
        ("FloatList", _Field.TYPE_FLOAT),
        ("Int64List", _Field.TYPE_INT64),
    ):
        own = file.message_type.add(name=kind)
        own.field.add(name="value", number=1, type=number, label=_Field.LABEL_REPEATED)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, kind in enumerate(("BytesList", "FloatList", "Int64List"), 1):
        field = _holds(feature, kind.replace("List", "_list").lower(), number, kind)
        field.oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    _holds(entry, "value", 2, "Feature")
    _holds(features, "feature", 1, "Features.FeatureEntry").label = _Field.LABEL_REPEATED
    _holds(file.message_type.add(name="Example"), "features", 1, "Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
    return message_factory.GetMessageClass(found)


def _holds(owner: Any, name: str, number: int, kind: str) -> Any:
    """Adds a field that holds one message."""
    return owner.field.add(
        name=name,
        number=number,
        type=_Field.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{kind}",
        label=_Field.LABEL_OPTIONAL,
    )
