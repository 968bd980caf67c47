"""Writes a resolved recipe as YAML that loads again to the same recipe."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from genkit.recipe import scalars
from genkit.recipe.schema import Recipe

# Words that need no quotes. What only looks like a word, such as `null`, is asked of `scalars`.
_PLAIN = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./-]|,?[ ](?=[A-Za-z0-9(])|[()](?![ ]?$))*")


_OLD_BOOLEANS = {"yes", "no", "on", "off", "y", "n"}  # to readers of YAML 1.1


def dump(recipe: Recipe) -> str:
    """The recipe with all defaults filled in, as YAML."""
    return write(recipe.as_dict())


def write(values: Mapping[str, Any]) -> str:
    """A mapping of plain values as YAML: mappings in blocks, lists in brackets."""
    return "".join(f"{line}\n" for line in _lines(values, 0)) or "{}\n"


def _lines(values: Mapping[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    indent = "  " * depth
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{_text(key)}:", *_lines(value, depth + 1)]
        else:
            lines.append(f"{indent}{_text(key)}: {_inline(value)}")
    return lines


def _inline(value: Any, in_flow: bool = False) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_quoted(k)}: {_inline(v, True)}" for k, v in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_inline(item, True) for item in value)}]"
    if isinstance(value, str):
        return _quoted(value) if in_flow and "," in value else _text(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def _text(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.isascii() and scalars.parse(text) == text
    plain = plain and text.lower() not in _OLD_BOOLEANS
    return text if plain and len(text) < 200 else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    code = ord(letter)
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable() and code < 0xD800:
        return letter
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
