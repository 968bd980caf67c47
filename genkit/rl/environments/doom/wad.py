"""Archives of maps (PWAD), as the Doom engine reads them: lumps, one after the other, by name.

Little-endian: 12 bytes of header (`PWAD`, how many lumps, where the directory begins), the lumps'
bytes, and the directory, 16 bytes for each lump (where, how long, its name padded with zeros).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

Lump = tuple[str, bytes]


def pack(lumps: Iterable[Lump]) -> bytes:
    """The bytes of an archive.

    Raises:
        ValueError: a name is not one of 1 to 8 ASCII characters.
    """
    body, directory, count = bytearray(), bytearray(), 0
    for name, data in lumps:
        if not (name.isascii() and 1 <= len(name) <= 8):
            raise ValueError(f"a lump's name has 1 to 8 ASCII characters. Received: {name!r}")
        directory += struct.pack("<ii8s", 12 + len(body), len(data), name.encode("ascii"))
        body += data
        count += 1
    return struct.pack("<4sii", b"PWAD", count, 12 + len(body)) + bytes(body) + bytes(directory)


def unpack(archive: bytes) -> list[Lump]:
    """The lumps of an archive, in order.

    Raises:
        ValueError: it is none.
    """
    kind, count, begin = struct.unpack_from("<4sii", archive) if len(archive) >= 12 else (b"", 0, 0)
    if kind not in (b"PWAD", b"IWAD") or len(archive) < begin + 16 * count:
        raise ValueError(f"not an archive of lumps: it begins with {archive[:4]!r}")
    found = []
    for i in range(count):
        place, size, name = struct.unpack_from("<ii8s", archive, begin + 16 * i)
        found.append((name.rstrip(b"\0").decode("ascii"), archive[place : place + size]))
    return found


def map_lumps(name: str, textmap: str) -> list[Lump]:
    """The three lumps of a map: a marker without bytes, the text and the end."""
    return [(name, b""), ("TEXTMAP", textmap.encode("ascii")), ("ENDMAP", b"")]
