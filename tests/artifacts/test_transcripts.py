"""Transcripts: TextGrids that other readers open, and CTM."""

from __future__ import annotations

from pathlib import Path

import pytest

from genkit.artifacts.transcripts import Transcript, filled
from genkit.data.audio import textgrid
from genkit.data.audio.dataset import Segment

HEARD = [Segment(0, 800, ""), Segment(800, 1_200, "ɑ:"), Segment(1_200, 4_000, 'q"')]
SAID = [Segment(400, 1_000, "b"), Segment(1_000, 3_000, "a")]
SECONDS = [(0.0, 0.05, ""), (0.05, 0.075, "ɑ:"), (0.075, 4_000 / 16_000, 'q"')]


@pytest.fixture
def saved(tmp_path: Path) -> list[Path]:
    tiers = {"phones": HEARD, "truth": SAID}
    return Transcript("000-a", tiers, 4_000, 16_000, [0.9, 0.5, 0.25]).save(tmp_path)


def test_gaps_are_filled_and_nothing_overlaps() -> None:
    assert filled([], 10) == [Segment(0, 10, "")]
    rough = [Segment(2, 5, "a"), Segment(4, 7, "b"), Segment(6, 7, "c"), Segment(8, 12, "d")]
    assert filled(rough, 10) == [
        Segment(0, 2, ""),
        Segment(2, 5, "a"),
        Segment(5, 7, "b"),
        Segment(7, 8, ""),
        Segment(8, 10, "d"),
    ]


def test_our_own_reader(saved: list[Path]) -> None:
    found = [each[1:] for each in textgrid.phones(saved[0], saved[0].read_bytes())]
    assert found == [(*times, label or "_") for *times, label in SECONDS]


def test_the_reader_of_the_package_textgrid(saved: list[Path]) -> None:
    import textgrid as other

    grid = other.TextGrid.fromFile(str(saved[0]))
    assert [tier.name for tier in grid] == ["phones", "truth"]
    assert [(i.minTime, i.maxTime, i.mark) for i in grid[0]] == SECONDS
    assert [i.mark for i in grid[1]] == ["", "b", "a", ""]


def test_praat_itself(saved: list[Path]) -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="needs praat-parselmouth (GPL)")
    grid = parselmouth.read(str(saved[0]))
    assert parselmouth.praat.call(grid, "Get number of tiers") == 2
    for number, (start, end, label) in enumerate(SECONDS, 1):
        assert parselmouth.praat.call(grid, "Get label of interval", 1, number) == label
        for name, value in (("start", start), ("end", end)):
            found = parselmouth.praat.call(grid, f"Get {name} time of interval", 1, number)
            assert found == pytest.approx(value, abs=1e-6)


def test_ctm(saved: list[Path]) -> None:
    assert saved[1].read_text(encoding="utf-8").splitlines() == [
        "000-a 1 0.050 0.025 ɑ: 0.500",
        '000-a 1 0.075 0.175 q" 0.250',
    ]
    assert Transcript("x", {"phones": [Segment(0, 8, "a")]}, 8, 8).ctm() == "x 1 0.000 1.000 a\n"
