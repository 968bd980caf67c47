"""Tables as CSV and Markdown; figures as the same bytes each time."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from genkit.artifacts import Artifact, Figure, Table

ROWS = [
    {"class": 0, "count": 3, "bits_per_dim": 1.23456789},
    {"class": 1, "count": 4, "bits_per_dim": 2.0},
]


def test_csv_keeps_every_digit_and_comes_back() -> None:
    text = Table("per_class", ROWS).csv()
    assert text.splitlines()[0] == "class,count,bits_per_dim"
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["bits_per_dim"]) for row in rows] == [1.23456789, 2.0]
    assert "\r" not in text


def test_csv_quotes_what_needs_it() -> None:
    text = Table("t", [{"name": 'a,"b"\nc', "x": 1}]).csv()
    assert list(csv.DictReader(io.StringIO(text))) == [{"name": 'a,"b"\nc', "x": "1"}]


def test_markdown_rounds_for_people() -> None:
    assert Table("per_class", ROWS).markdown() == (
        "| class | count | bits_per_dim |\n| --- | --- | --- |\n| 0 | 3 | 1.235 |\n| 1 | 4 | 2 |\n"
    )


def test_an_empty_table() -> None:
    assert Table("t", []).csv() == ""
    assert Table("t", []).markdown() == ""


def test_a_table_is_saved_as_csv(tmp_path: Path) -> None:
    (path,) = Table("per_class", ROWS).save(tmp_path / "made")
    assert path == tmp_path / "made" / "per_class.csv"
    assert path.read_text() == Table("per_class", ROWS).csv()
    assert Table("per_class", ROWS).preview() is None
    assert isinstance(Table("t", []), Artifact)


def test_a_figure_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    from matplotlib.figure import Figure as Canvas

    def drawn() -> Figure:
        canvas = Canvas(figsize=(2, 2))
        canvas.add_subplot().plot([0, 1], [1, 0])
        return Figure.from_matplotlib("curve", canvas)

    assert drawn().png == drawn().png
    assert drawn().png.startswith(b"\x89PNG")
    (path,) = drawn().save(tmp_path)
    assert path.name == "curve.png"
    assert path.read_bytes() == drawn().preview()
    assert isinstance(drawn(), Artifact)
