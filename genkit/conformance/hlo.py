"""Reads optimised HLO: which buffers a compiled loop copies at every step.

A step of a sampler should touch what it computes and no more. XLA inserts a `copy` where a buffer
of the loop is read after it was overwritten, or is wanted in another layout; a copy of a buffer
that grows with the length of the sample makes the time of a sample quadratic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMPUTATION = re.compile(r"^(?P<entry>ENTRY )?%?(?P<name>[\w.\-]+) \(.*\{$")
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?(?P<name>[\w.\-]+) = (?P<rest>.*)$")
_SHAPE = re.compile(r"(?P<dtype>[a-z]+[0-9]*(?:e\d\w*)?)\[(?P<sizes>[\d,]*)\]")
_CALLED = re.compile(
    r"(?:calls|to_apply|body|condition|branch_computations)=(\{[^}]*\}|%?[\w.\-]+)"
)
_MOVES = {"parameter", "bitcast", "copy", "reshape", "tuple", "get-tuple-element"}


@dataclass(frozen=True)
class Instruction:
    """One line.

    Args:
        name: unique within the program. opcode: such as `copy`.
        shape: `(dtype, sizes)` of each array of the result.
        called: computations that it calls.
    """

    name: str
    opcode: str
    shape: tuple[tuple[str, tuple[int, ...]], ...]
    called: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(_width(dtype) * _product(sizes) for dtype, sizes in self.shape)

    def __str__(self) -> str:
        arrays = ", ".join(f"{dtype}{list(sizes)}" for dtype, sizes in self.shape)
        return f"{self.name} = {arrays} {self.opcode}, {self.bytes} bytes"


@dataclass(frozen=True)
class Program:
    """Computations by name, and which one is the entry."""

    computations: dict[str, list[Instruction]]
    entry: str

    def loop_copies(self, at_least: int = 1, innermost: bool = False) -> list[Instruction]:
        """Copies of at least so many bytes that a step of any loop makes.

        Copies within a fusion that computes something are none: the fusion reads elsewhere.

        Args:
            innermost: look only at loops that hold no further one.
        """
        bodies = [
            instruction.called
            for instructions in self.computations.values()
            for instruction in instructions
            if instruction.opcode == "while"
        ]
        if innermost:
            bodies = [called for called in bodies if not self._holds_a_loop(called)]
        reached = {name for called in bodies for name in self._reached(*called)}
        return self._copies(sorted(reached), at_least)

    def entry_copies(self, at_least: int = 1) -> list[Instruction]:
        """The same of what runs once a call, before and after the loops."""
        return self._copies([self.entry], at_least)

    @property
    def loops(self) -> int:
        """How many loops there are."""
        every = [i for instructions in self.computations.values() for i in instructions]
        return sum(instruction.opcode == "while" for instruction in every)

    def _holds_a_loop(self, called: tuple[str, ...]) -> bool:
        every = (i for name in self._reached(*called) for i in self.computations[name])
        return any(instruction.opcode == "while" for instruction in every)

    def _copies(self, names: list[str], at_least: int) -> list[Instruction]:
        found = [i for name in names for i in self.computations[name] if self._is_copy(i)]
        return [i for i in found if i.bytes >= at_least]

    def _is_copy(self, instruction: Instruction) -> bool:
        if instruction.opcode == "fusion":
            inner = [i.opcode for name in instruction.called for i in self.computations[name]]
            return "copy" in inner and set(inner) <= _MOVES
        return instruction.opcode in ("copy", "copy-start")

    def _reached(self, *names: str) -> Iterator[str]:
        """Computations that run as part of these; fusions are single instructions."""
        for name in names:
            yield name
            for instruction in self.computations[name]:
                if instruction.opcode in ("call", "while", "conditional"):
                    yield from self._reached(*instruction.called)


def read(text: str) -> Program:
    """A program from what `backend.optimised_hlo` returns.

    Raises:
        ValueError: where the text has no entry computation.
    """
    computations: dict[str, list[Instruction]] = {}
    entry = current = ""
    for line in text.splitlines():
        start = _COMPUTATION.match(line)
        if start:
            current = start["name"]
            computations[current] = []
            entry = current if start["entry"] else entry
            continue
        found = _INSTRUCTION.match(line)
        if found and current:
            computations[current].append(_instruction(found["name"], found["rest"]))
    if not entry:
        raise ValueError("no entry computation: this is not the text of an HLO module")
    return Program(computations, entry)


def _instruction(name: str, rest: str) -> Instruction:
    end = _end_of_type(rest)
    arrays = tuple(
        (match["dtype"], tuple(int(size) for size in match["sizes"].split(",") if size))
        for match in _SHAPE.finditer(rest[:end])
    )
    opcode = rest[end:].strip().partition("(")[0]
    called = [part for group in _CALLED.findall(rest) for part in re.findall(r"[\w.\-]+", group)]
    return Instruction(name, opcode, arrays, tuple(called))


def _end_of_type(rest: str) -> int:
    """Where the type of the result ends; that of several results is in parentheses."""
    if not rest.startswith("("):
        return rest.index(" ")
    depth = 0
    for i, character in enumerate(rest):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return i + 1
    raise ValueError(f"unbalanced parentheses: {rest[:80]}")


def _width(dtype: str) -> int:
    """Bytes of one value; below a byte counts as one."""
    digits = re.search(r"\d+", dtype)
    return max(int(digits[0]) // 8, 1) if digits else 1


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total
