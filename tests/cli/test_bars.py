"""Bars off a terminal: silent, but for messages and a line now and then."""

import re

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
