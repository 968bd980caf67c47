"""A step of a compiled sampler copies no buffer that grows with the length of the sample."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance import hlo
from genkit.sampling.decoding import Decoding
from tests import densities

pytestmark = pytest.mark.backends

TEXT = """HloModule m, is_scheduled=true

%moved (p.0: f32[4,8]) -> f32[8,4] {
  %p.0 = f32[4,8]{1,0} parameter(0)
  ROOT %copy.1 = f32[4,8]{0,1} copy(%p.0)
}

%computed (p.1: f32[4,8]) -> f32[4,8] {
  %p.1 = f32[4,8]{1,0} parameter(0)
  %copy.2 = f32[4,8]{0,1} copy(%p.1)
  ROOT %add.1 = f32[4,8]{0,1} add(%copy.2, %copy.2)
}

%body (s: (s32[], f32[4,8], /*index=2*/bf16[100])) -> (s32[], f32[4,8], bf16[100]) {
  %s = (s32[], f32[4,8]{1,0}, /*index=2*/bf16[100]{0}) parameter(0)
  %copy.3 = s32[] copy(%get-tuple-element.1)
  %copy.4 = bf16[100]{0} copy(%get-tuple-element.2), metadata={op_name="a(b)"}
  %moves = f32[8,4]{1,0} fusion(%get-tuple-element.3), kind=kLoop, calls=%moved
  %computes = f32[4,8]{1,0} fusion(%get-tuple-element.3), kind=kLoop, calls=%computed
  ROOT %tuple.1 = (s32[], f32[4,8]{1,0}, bf16[100]{0}) tuple(%copy.3, %computes, %copy.4)
}

%condition (s.1: (s32[], f32[4,8], bf16[100])) -> pred[] {
  ROOT %compare = pred[] constant(true)
}

ENTRY %main (a: f32[4,8]) -> f32[4,8] {
  %copy.5 = f32[4,8]{1,0} copy(%a)
  %while.1 = (s32[], f32[4,8]{1,0}, bf16[100]{0}) while(%t), condition=%condition, body=%body
  ROOT %out = f32[4,8]{1,0} get-tuple-element(%while.1), index=1
}
"""


def test_copies_of_a_program_are_read() -> None:
    program = hlo.read(TEXT)
    assert program.loops == 1
    assert [(c.name, c.bytes) for c in program.loop_copies()] == [
        ("copy.3", 4),
        ("copy.4", 200),
        ("moves", 128),
    ]
    assert [c.name for c in program.loop_copies(at_least=129)] == ["copy.4"]
    assert [c.name for c in program.entry_copies()] == ["copy.5"]
    assert str(program.loop_copies()[1]) == "copy.4 = bf16[100] copy, 200 bytes"
    with pytest.raises(ValueError, match="no entry computation"):
        hlo.read("not a program")


def loop(length: int, reads_late: bool) -> str:
    """A loop that adds the value behind to each value; `reads_late` after it was overwritten."""

    def step(i: Any, buffer: Any) -> Any:
        before = ops.slice(buffer, (i,), (1,))
        after = ops.slice_update(buffer, (i + 1,), before + 1.0)
        if reads_late:  # the old buffer is still wanted: both must exist
            after = after + ops.sum(ops.slice(buffer, (i + 1,), (1,))) * after
        return i + 1, after

    def run(start: Any) -> Any:
        state = (ops.zeros((), "int32"), start)
        bound = length - 1
        return ops.while_loop(lambda i, _: i < bound, step, state, maximum_iterations=bound)[1]

    return backend.optimised_hlo(run, [], np.zeros(length, np.float32))


def test_a_loop_that_reads_before_it_writes_copies_nothing() -> None:
    program = hlo.read(loop(1000, reads_late=False))
    assert program.loops == 1
    assert program.loop_copies(at_least=1000) == []


def test_a_loop_that_needs_the_old_buffer_is_found() -> None:
    copies = hlo.read(loop(1000, reads_late=True)).loop_copies(at_least=1000)
    assert {c.bytes for c in copies} == {4000}


def sampler_copies(width: int, **settings: Any) -> list[hlo.Instruction]:
    """Copies of at least 64 bytes that each pixel of a row makes."""
    learner = densities.fresh(data={"size": width, **settings}, model={"layers": 2})
    rows, variables, tile = learner.view.row_sampler(Decoding()), learner.view.variables, 5
    shape = (tile, 2, width, learner.view.shape[2])
    begin = backend.compile(lambda vector: rows.begin(tile, vector), variables)
    begun = keras.tree.map_structure(densities.array, begin(np.zeros((tile, 1), np.float32)))
    inputs = (np.zeros(shape, np.float32), np.zeros(shape, np.int32), np.zeros(shape, np.int32))
    program = hlo.read(backend.optimised_hlo(rows.advance, [], *begun, *inputs))
    assert program.loops == 2  # pixels within rows
    return program.loop_copies(at_least=64, innermost=True)


@pytest.mark.parametrize("settings", [{}, {"channels": 3}], ids=["grey", "colour"])
def test_a_pixel_copies_nothing_that_grows_with_the_row(settings: Any) -> None:
    width = 13  # no other size of the network
    copies = sampler_copies(width, **settings)
    grows = [c for c in copies if any(width in sizes for _, sizes in c.shape)]
    assert grows == [], "\n".join(map(str, grows))
