"""What images can be asked to be: from a user's words to the vector that a network takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, Protocol

import numpy as np

from genkit.data.images.dataset import vector_key
from genkit.errors import UsageError, unknown
from genkit.family import Arrays
from genkit.randomness import uniform
from genkit.sampling.references import row_reference

VECTOR = "vector"


class Part(Protocol):
    """One condition; `keys` are the words that a user may choose it by."""

    @property
    def name(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def keys(self) -> tuple[str, ...]: ...

    def read(self, row: Mapping[str, str], index: int) -> np.ndarray:
        """The `(width,)` of a sample, from what the user wrote and the sample's number."""
        ...

    def of(self, batch: Mapping[str, Any]) -> np.ndarray:
        """The `(B, width)` of a batch of a data set."""
        ...

    def examples(self, count: int) -> np.ndarray:
        """`(count, width)`, for checks and timings."""
        ...


class ClassPart:
    """A class, one-hot; without a word about it sample i has class i modulo their number."""

    name = "class"
    keys: tuple[str, ...] = ("class",)

    def __init__(self, classes: int) -> None:
        self.width = classes

    def choose(self, row: Mapping[str, str], index: int) -> int:
        """The class of a sample."""
        if "class" not in row:
            return index % self.width
        text = row["class"]
        if not str(text).isdecimal() or int(text) >= self.width:
            raise UsageError(
                f"--condition class=...: a class is an integer from 0 to {self.width - 1}. "
                f"Received: {text!r}"
            )
        return int(text)

    def read(self, row: Mapping[str, str], index: int) -> np.ndarray:
        return self._one_hot(np.array(self.choose(row, index)))

    def of(self, batch: Mapping[str, Any]) -> np.ndarray:
        labels = batch.get("label")
        if labels is None:
            raise UsageError("this model is conditioned on classes, but the images have no labels")
        wrong = labels[(labels < 0) | (labels >= self.width)]
        if len(wrong):
            raise UsageError(
                f"a label must be a class of this model, 0 to {self.width - 1}. "
                f"Received: {wrong[0]}"
            )
        return self._one_hot(labels)

    def examples(self, count: int) -> np.ndarray:
        return self._one_hot(np.arange(count) % self.width)

    def _one_hot(self, labels: np.ndarray) -> np.ndarray:
        return np.eye(self.width, dtype=np.float32)[labels]


class VectorPart:
    """A vector or map of numbers, flat in the vector of the network.

    A user names a file or a split, and perhaps a row of it: `embedding=people.npz:3`. Without a
    row, sample i takes row i, and begins again behind the last one.

    Args:
        name: of the condition.
        shape: of one vector or map.
        look_up: `look_up(key, reference)` gives the vectors `(N, *shape)` of a file or split.
        keys: words that choose it, by default its name.
        default: key and reference that are taken where a user chooses nothing.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        look_up: Callable[[str, str], np.ndarray],
        keys: tuple[str, ...] = (),
        default: tuple[str, str] | None = None,
    ) -> None:
        self.name, self.shape, self.width = name, shape, prod(shape)
        self.keys, self.default = keys or (name,), default
        self._look_up = look_up
        self._found: dict[tuple[str, str], np.ndarray] = {}

    def read(self, row: Mapping[str, str], index: int) -> np.ndarray:
        key, text = self._choice(row)
        reference, number = row_reference(text)
        every = self.vectors(key, reference)
        if number is None:
            return every[index % len(every)]
        if number >= len(every):
            raise UsageError(
                f"--condition {key}={text}: {reference} has {len(every)} rows, counted from 0"
            )
        return every[number]

    def _choice(self, row: Mapping[str, str]) -> tuple[str, str]:
        chosen = [key for key in self.keys if key in row]
        if len(chosen) > 1:
            both = " and ".join(f"--condition {key}" for key in chosen)
            raise UsageError(f"{both} both choose the {self.name} of a sample. Give one of them.")
        if chosen:
            return chosen[0], row[chosen[0]]
        if self.default is None:
            wanted = " or ".join(f"--condition {key}=FILE" for key in self.keys)
            raise UsageError(f"this model needs the {self.name} of each sample: {wanted}")
        return self.default

    def vectors(self, key: str, reference: str) -> np.ndarray:
        """All vectors of a file or split, `(N, width)` float32; read once."""
        if (key, reference) not in self._found:
            found = np.asarray(self._look_up(key, reference), np.float32)
            self._found[key, reference] = found.reshape(len(found), self.width)
        return self._found[key, reference]

    def chosen(self, row: Mapping[str, str]) -> tuple[str, str]:
        """Key and reference, without the row, of what a user wrote."""
        key, text = self._choice(row)
        return key, row_reference(text)[0]

    def of(self, batch: Mapping[str, Any]) -> np.ndarray:
        if vector_key(self.name) not in batch:
            raise UsageError(
                f"this model is conditioned on '{self.name}', which these images do not have"
            )
        found = np.asarray(batch[vector_key(self.name)], np.float32)
        return found.reshape(len(found), self.width)

    def examples(self, count: int) -> np.ndarray:
        numbers = uniform(0, f"steering/{self.name}", 0, (count, self.width))
        return np.asarray(2.0 * numbers - 1.0, np.float32)


class Steering:
    """The conditions of a network, side by side in one vector.

    Args:
        parts: in the order in which they lie in the vector; none for a network that takes no
            conditions, whose vector is a single unused column.
    """

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        self.parts = list(parts)
        self.width = sum(part.width for part in parts)

    @property
    def keys(self) -> list[str]:
        """Every word that a user may use."""
        return [key for part in self.parts for key in part.keys]

    @property
    def classes(self) -> int | None:
        """Number of classes, or None without a class condition."""
        part = self._class_part()
        return None if part is None else part.width

    def _class_part(self) -> ClassPart | None:
        return next((part for part in self.parts if isinstance(part, ClassPart)), None)

    def read(self, rows: Sequence[Mapping[str, str]], indices: Sequence[int]) -> Arrays:
        """Arrays of samples from what the user wrote, one mapping a sample.

        Args:
            indices: the number of each sample, which decides where a user leaves a choice.

        Returns:
            `vector (B, width)` float32, and with classes `class (B,)` int64; nothing without
            conditions.

        Raises:
            UsageError: names a wrong word or value, and what is allowed.
            DataError: names a file that is not what it should be.
        """
        allowed = self.keys
        for row in rows:
            for key in row:
                if key not in allowed:
                    raise UsageError(f"--condition: {unknown('condition', key, allowed)}")
        if not self.parts:
            return {}
        pairs = list(zip(rows, indices, strict=True))
        columns = [np.stack([part.read(*pair) for pair in pairs]) for part in self.parts]
        found = {VECTOR: np.concatenate(columns, axis=-1)}
        if (part := self._class_part()) is not None:
            found["class"] = np.array([part.choose(*pair) for pair in pairs], np.int64)
        return found

    def of(self, batch: Mapping[str, Any]) -> np.ndarray:
        """The vectors `(B, width)` float32 of a batch that holds `image`, `label` where there are
        classes, and `vector/NAME` for each vector."""
        if not self.parts:
            return np.zeros((len(batch["image"]), 1), np.float32)
        return np.concatenate([part.of(batch) for part in self.parts], axis=-1)

    def examples(self, count: int) -> np.ndarray:
        """Some vectors `(count, width)`, for checks and timings."""
        if not self.parts:
            return np.zeros((count, 1), np.float32)
        return np.concatenate([part.examples(count) for part in self.parts], axis=-1)

    def digest(self, rows: Iterable[Mapping[str, str]]) -> str | None:
        """SHA-256 of all vectors that `rows` refer to, in files and splits; None where there are
        none. A file that was changed is another condition."""
        found: dict[str, str] = {}
        for key, reference, vectors in self._referred(rows):
            content = f"{vectors.shape}".encode() + np.ascontiguousarray(vectors).tobytes()
            found[f"{key}={reference}"] = hashlib.sha256(content).hexdigest()
        if not found:
            return None
        return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()

    def _referred(self, rows: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, str, np.ndarray]]:
        parts = [part for part in self.parts if isinstance(part, VectorPart)]
        known: set[tuple[str, str]] = set()
        for row in rows if parts else ():
            for part in parts:
                chosen = part.chosen(row)
                if chosen not in known:
                    known.add(chosen)
                    yield *chosen, part.vectors(*chosen)
