"""The convolutional LSTM in one scan: against a plain loop, its gradients against differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.layers.lstm import DiagonalNeighbours, RowNeighbours
from genkit.layers.recurrence import GATES, Neighbours, recur
from genkit.randomness import normal
from tests.densities import array

pytestmark = pytest.mark.backends
WIDE = backend.name() == "tensorflow"  # whether there is float64
CLOSE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11} if WIDE else {"rtol": 1e-5, "atol": 1e-6}
SLOPES: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-8} if WIDE else {"rtol": 1e-3, "atol": 1e-4}
STEP = 1e-5
Arrays = dict[str, np.ndarray]


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape).astype(np.float64)


def sent(value: np.ndarray) -> Any:
    """A tensor of the widest type there is."""
    return ops.convert_to_tensor(value.astype("float64" if WIDE else "float32"))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


@dataclass(frozen=True)
class Case:
    """A recurrence over cells `(*batch, places)`, h units wide; with a period, places begin anew
    one step after the other, as in images whose rows are moved, one image after the other."""

    neighbours: Neighbours
    cells: tuple[int, ...]
    steps: int = 4
    units: int = 2
    taps: int = 3
    separate: bool = False
    period: int = 0

    def inputs(self) -> Arrays:
        kernel = (self.taps * self.units, GATES * self.units)
        return {
            "maps": numbers("maps", self.steps, *self.cells, GATES * self.units),
            "kernel": 0.7 * numbers("kernel", *self.cells[: int(self.separate)], *kernel),
            "outside": numbers("outside", *self.cells, 2 * self.units),
        }

    def fresh(self) -> np.ndarray | None:
        if not self.period:
            return None
        lag = np.arange(self.steps)[:, None] - np.arange(self.cells[-1])
        between = [1] * (len(self.cells) - 1)
        return np.reshape(lag % self.period == 0, (self.steps, *between, self.cells[-1], 1))

    def run(self, maps: Any, kernel: Any, outside: Any) -> Any:
        return recur(maps, kernel, outside, self.neighbours, self.fresh())

    def seen(self, own: np.ndarray, past: np.ndarray, top: np.ndarray, place: int) -> np.ndarray:
        """The states `(taps * h,)` that one place reads.

        Args:
            own: what each place goes on from. past: the last states. top: the state above all.
        """
        if isinstance(self.neighbours, DiagonalNeighbours):
            return np.concatenate([own[place], past[place - 1] if place else top])
        side, zero = self.taps // 2, np.zeros(self.units)
        near = range(place - side, place + side + 1)
        return np.concatenate([own[i] if 0 <= i < len(own) else zero for i in near])

    def reference(self, maps: np.ndarray, kernel: np.ndarray, outside: np.ndarray) -> np.ndarray:
        """States by the equations of an LSTM, cell by cell."""
        found, places = np.zeros((*maps.shape[:-1], self.units)), range(self.cells[-1])
        for batch in np.ndindex(*self.cells[:-1]):
            weights = kernel[batch[0]] if self.separate else kernel
            first = np.split(outside[batch], 2, axis=-1)
            states, cells = first[0].copy(), first[1].copy()
            for t in range(self.steps):
                past, own = states.copy(), states.copy()
                for place in places:
                    if self.period and (t - place) % self.period == 0:
                        own[place], cells[place] = first[0][place], first[1][place]
                for place in places:
                    seen = self.seen(own, past, first[0][0], place)
                    gates = maps[(t, *batch, place)] + seen @ weights
                    outputs, forget, inputs, content = np.split(gates, GATES)
                    kept = sigmoid(forget) * cells[place]
                    cells[place] = kept + sigmoid(inputs) * np.tanh(content)
                    states[place] = sigmoid(outputs) * np.tanh(cells[place])
                found[(t, *batch)] = states
        return found


CASES = {
    "row": Case(RowNeighbours(3), (2, 4)),
    "row of five taps": Case(RowNeighbours(5), (1, 3), taps=5),
    "row of one tap": Case(RowNeighbours(1), (2, 2), taps=1),
    "row, begun anew": Case(RowNeighbours(3), (1, 3), period=2),
    "diagonal": Case(DiagonalNeighbours(), (2, 3), taps=2),
    "images in turn": Case(DiagonalNeighbours(), (1, 3), steps=6, taps=2, period=3),
    "both diagonals": Case(
        DiagonalNeighbours(), (2, 2, 3), steps=5, taps=2, separate=True, period=2
    ),
    "one row": Case(DiagonalNeighbours(), (2, 1, 1), taps=2, separate=True, period=4),
    "one column": Case(DiagonalNeighbours(), (1, 4), units=1, taps=2, period=1),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@each_case
def test_it_is_the_plain_loop(case: Case) -> None:
    inputs = case.inputs()
    run = backend.compile(case.run, [])
    found = array(run(*(sent(value) for value in inputs.values())))
    np.testing.assert_allclose(found, case.reference(**inputs), **CLOSE)


@each_case
def test_its_gradients_are_the_slopes_of_the_plain_loop(case: Case) -> None:
    """By central differences of every single number, under random weights of the states."""
    inputs = case.inputs()
    weights = numbers("weights", *inputs["maps"].shape[:-1], case.units)

    def score(values: Arrays) -> float:
        return float(np.sum(case.reference(**values) * weights))

    def slopes(*given: Any) -> list[Any]:
        found = []
        for i in range(len(given)):

            def of(x: Any, i: int = i) -> Any:
                own = [*given]
                own[i] = x
                return case.run(*own) * sent(weights)

            found.append(backend.input_gradient(of, given[i]))
        return found

    run = backend.compile(slopes, [])
    gradients = run(*(sent(value) for value in inputs.values()))
    for (name, value), gradient in zip(inputs.items(), gradients, strict=True):
        wanted = np.zeros_like(value)
        for place in np.ndindex(*value.shape):
            scores = []
            for sign in (1.0, -1.0):
                moved = value.copy()
                moved[place] += sign * STEP
                scores.append(score({**inputs, name: moved}))
            wanted[place] = (scores[0] - scores[1]) / (2 * STEP)
        assert np.abs(wanted).max() > 0.01, name
        np.testing.assert_allclose(array(gradient), wanted, err_msg=name, **SLOPES)


def test_without_compilation_it_is_the_same() -> None:
    case = CASES["both diagonals"]
    given = [sent(value) for value in case.inputs().values()]
    compiled = array(backend.compile(case.run, [])(*given))
    np.testing.assert_allclose(array(case.run(*given)), compiled, **CLOSE)


@pytest.mark.parametrize(
    ("neighbours", "taps"),
    [
        (RowNeighbours(1), 1),
        (RowNeighbours(3), 3),
        (RowNeighbours(7), 7),
        (DiagonalNeighbours(), 2),
    ],
    ids=["one", "three", "wider than the row", "diagonal"],
)
@pytest.mark.parametrize("cells", [(5,), (2, 4), (2, 3, 1)], ids=str)
def test_unseen_is_the_transpose_of_seen(
    neighbours: Neighbours, taps: int, cells: tuple[int, ...]
) -> None:
    """The product of y with what is seen is that of what y gives back with each argument."""
    y = numbers("y", *cells, 3 * taps)
    back = [array(part) for part in neighbours.unseen(sent(y))]
    given = [numbers(name, *cells, 3) for name in ("own", "states", "outside")]
    assert [part.shape for part in back] == [part.shape for part in given]
    seen = array(neighbours.seen(*(sent(part) for part in given)))
    assert seen.shape == y.shape
    products = [np.sum(there * here) for there, here in zip(given, back, strict=True)]
    np.testing.assert_allclose(np.sum(products), np.sum(seen * y), **CLOSE)
