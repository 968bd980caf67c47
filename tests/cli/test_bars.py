"""Bars off a terminal: silent, but for messages and a line now and then."""

import contextlib
import os
import re
import subprocess
import sys

import pytest

from genkit_cli.bars import Bars


def test_off_a_terminal_only_messages_are_shown(capsys) -> None:
    bars = Bars()
    bars.start("train", 10, "step")
    bars.advance(3, {"loss": 1.5})
    bars.message("saved")
    bars.warn("careful")
    bars.finish()
    out, err = capsys.readouterr()
    assert (out, err) == ("", "saved\nWarning: careful\n")


def test_now_and_then_a_line_tells_rate_and_time_left(capsys) -> None:
    bars = Bars(plain_every=0.0)
    bars.start("train", 10, "step", initial=2)
    bars.advance(3, {"loss": 1.23456})
    line = capsys.readouterr().err
    assert re.fullmatch(r"train: 5/10 steps, [0-9.e+]+ steps/s, [0-9]+ s left, loss 1\.235\n", line)


def test_parts_of_a_piece_count_for_the_time_left(capsys) -> None:
    bars = Bars(plain_every=0.0)
    bars.start("sample", 4, "sample")
    for _ in range(7):
        bars.advance(1 / 3, {"values/s": 123456.0})
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(
        r"sample: 2/4 samples, [0-9.e+]+ samples/s, [0-9]+ s left, values/s 1\.235e\+05", line
    )


def test_work_within_work(capsys) -> None:
    bars = Bars(plain_every=0.0)
    bars.start("train", 2, "steps")
    bars.start("validate", 4, "image")
    bars.advance()
    bars.finish()
    bars.advance()
    bars.close()
    bars.advance()  # after the end: nothing to say
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["validate: 1/4 images", "train: 1/2 steps"]


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_on_a_terminal_there_are_bars_with_speed_and_time_left() -> None:
    import pty

    code = (
        "import time\n"
        "from genkit_cli.bars import Bars\n"
        "bars = Bars()\n"
        "bars.start('train', 20, 'step', initial=5)\n"
        "for i in range(15):\n"
        "    time.sleep(0.04)\n"
        "    bars.advance(0.5, {'loss': 0.5})\n"
        "    bars.advance(0.5)\n"
        "    if i == 7:\n"
        "        bars.message('saved')\n"
        "bars.finish()\n"
    )
    shown, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with os.fdopen(shown, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stderr=terminal, stdout=subprocess.PIPE, env=environment
        )
        os.close(terminal)
        text = b""
        with contextlib.suppress(OSError):  # what Linux says at the end of a terminal
            while part := screen.read(4096):
                text += part
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"")
    assert b"train: 100%" in text
    assert b"20/20" in text
    assert b"step/s" in text
    assert b"loss=0.5" in text
    assert b"\nsaved\r\n" in text or b"\rsaved\r\n" in text
