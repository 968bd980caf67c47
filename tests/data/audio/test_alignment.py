"""Alignments: TextGrid, HTS labels, lines in audio samples or seconds; phones and words."""

from __future__ import annotations

import codecs
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from genkit.data.audio import alignment, textgrid
from genkit.data.audio.alignment import aligned, aligned_words, read_segments, read_words
from genkit.data.audio.dataset import Segment
from genkit.errors import DataError

PHONES = [(0.0, 0.25, "sil"), (0.25, 0.5, "\u0259"), (0.5, 0.75, ""), (0.75, 2.0, 'a "b" ! c')]
READ = [(0.0, 0.25, "sil"), (0.25, 0.5, "\u0259"), (0.5, 0.75, "_"), (0.75, 2.0, 'a "b" ! c')]
WORDS = [(0.0, 0.5, "a"), (0.5, 0.75, ""), (0.75, 2.0, "word")]
POINTS = [(0.5, "H*"), (1.5, 'L"')]

Tiers = Sequence[tuple[str, Sequence[tuple]]]


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def long_text(tiers: Tiers) -> str:
    """As Praat's `Save as text file` writes it."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", "xmax = 2 "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, entries) in enumerate(tiers, 1):
        points = bool(entries) and len(entries[0]) == 2
        kind, what = ("TextTier", "points") if points else ("IntervalTier", "intervals")
        lines += [f"    item [{number}]:", f'        class = "{kind}" ']
        lines += [f"        name = {quoted(name)} ", "        xmin = 0 ", "        xmax = 2 "]
        lines.append(f"        {what}: size = {len(entries)} ")
        fields = ("number", "mark") if points else ("xmin", "xmax", "text")
        for place, entry in enumerate(entries, 1):
            lines.append(f"        {what} [{place}]:")
            for field, value in zip(fields, entry, strict=True):
                shown = quoted(value) if isinstance(value, str) else value
                lines.append(f"            {field} = {shown} ")
    return "\n".join(lines) + "\n"


def short_text(tiers: Tiers) -> str:
    """As Praat's `Save as short text file` writes it."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "2", "<exists>"]
    lines.append(str(len(tiers)))
    for name, entries in tiers:
        points = bool(entries) and len(entries[0]) == 2
        lines += ['"TextTier"' if points else '"IntervalTier"', quoted(name), "0", "2"]
        lines.append(str(len(entries)))
        for entry in entries:
            lines += [quoted(each) if isinstance(each, str) else str(each) for each in entry]
    return "\n".join(lines) + "\n"


def put(folder: Path, content: str | bytes, name: str = "a.TextGrid") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, read=read_segments) -> str:
    """Why a file is not read, without its path."""
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.message.startswith(str(path))
    return caught.value.message.removeprefix(str(path))


# TextGrid


@pytest.mark.parametrize("write", [long_text, short_text])
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.rstrip().encode(),
    ],
    ids=["utf-8", "utf-8 mark", "utf-16 le", "utf-16 be", "crlf", "cr", "no last line end"],
)
def test_textgrids(tmp_path, write, encode) -> None:
    text = write([("words", WORDS), ("tones", POINTS), ("phones", PHONES)])
    path = put(tmp_path, encode(text), "a.textgrid")
    assert read_segments(path) == READ
    assert read_words(path) == [(0.0, 0.5, "a"), (0.5, 0.75, "_"), (0.75, 2.0, "word")]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_textgrids_that_praat_itself_wrote(tmp_path, encoding: str) -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="needs praat-parselmouth (GPL)")
    grid = parselmouth.praat.call("Create TextGrid", 0, 2, "words tones phones", "tones")
    for tier, entries in ((1, WORDS), (3, PHONES)):
        for _, end, _ in entries[:-1]:
            parselmouth.praat.call(grid, "Insert boundary", tier, end)
        for number, (_, _, label) in enumerate(entries, 1):
            parselmouth.praat.call(grid, "Set interval text", tier, number, label)
    parselmouth.praat.call(grid, "Insert point", 2, *POINTS[0])
    parselmouth.praat.run(f'Text writing preferences: "{encoding}"')
    path = tmp_path / "a.TextGrid"
    for form in ("text", "short text"):
        parselmouth.praat.call(grid, f"Save as {form} file", str(path))
        assert path.read_bytes().startswith(codecs.BOM_UTF16_BE) == (encoding == "UTF-16")
        assert read_segments(path) == READ
        assert [label for *_, label in read_words(path)] == ["a", "_", "word"]
    for form, reason in (
        ("binary", "a binary TextGrid"),
        ("chronological text", "needs File type"),
    ):
        parselmouth.praat.call(grid, f"Save as {form} file", str(path))
        assert reason in refused(path)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_comments_and_any_layout(tmp_path, line_end: str) -> None:
    """What Praat's manual allows: several on a line, and remarks after `!`."""
    text = (
        '\ufeff"ooTextFile short"\n"TextGrid"\n0 +2. ! 9 "not read"\n<exists> 1 tier\n'
        '"IntervalTier" "phones" from 0 to 2e0 and 2 intervals\n.0 1\n"a\nb" 1 2 " c "'
    )
    path = put(tmp_path, text.replace("\n", line_end))
    assert read_segments(path) == [(0, 1, "a\nb"), (1, 2, "c")]
    path = put(tmp_path, text.replace(".0 1", "nought 1").replace("\n", line_end))
    assert refused(path) == (
        ", line 7: tier 'phones', interval 1: needs its end, a number. Received: '\"a\\nb\"'"
    )


@pytest.mark.parametrize(
    "name",
    ["phones", "Phone", "PHONEMES", "segments", "ann - phones", "a - b - Phones", " phones "],
)
def test_names_of_the_tier_of_phones(tmp_path, name: str) -> None:
    tiers = [("utterances", [(0, 2, "a word")]), ("words", WORDS), (name, PHONES)]
    assert read_segments(put(tmp_path, long_text(tiers))) == READ


@pytest.mark.parametrize("name", ["words", "Word", "ann - words"])
def test_names_of_the_tier_of_words(tmp_path, name: str) -> None:
    """A tier by any name is that of the phones where there is no other but words."""
    path = put(tmp_path, short_text([(name, WORDS), ("phones", POINTS), ("MAU", PHONES)]))
    assert read_segments(path) == READ
    assert [label for *_, label in read_words(path)] == ["a", "_", "word"]


def test_no_words(tmp_path) -> None:
    assert read_words(put(tmp_path, long_text([("phones", PHONES), ("crosswords", WORDS)]))) == []


@pytest.mark.parametrize(
    ("tiers", "names"),
    [
        ([("words", WORDS)], "'words'"),
        ([("phones", POINTS)], "'phones' (points)"),
        ([("a", PHONES), ("words", WORDS), ("b", PHONES)], "'a', 'words', 'b'"),
        ([("telephones", PHONES), ("ann-phones", PHONES)], "'telephones', 'ann-phones'"),
        ([("words", WORDS)] * 41, ", ".join(["'words'"] * 40 + ["..."])),
        ([], "none"),
    ],
)
def test_no_tier_of_phones(tmp_path, tiers: Tiers, names: str) -> None:
    assert refused(put(tmp_path, long_text(tiers))) == (
        ": needs a tier of intervals called phones, phone, phonemes, segments or "
        f"'<speaker> - phones'. Its tiers: {names}"
    )


def test_several_tiers_of_one_kind(tmp_path) -> None:
    """As of a dialogue: which one belongs to the recording is not known."""
    tiers = [(f"{who} - {what}", PHONES) for who in ("ann", "bob") for what in ("words", "phones")]
    path = put(tmp_path, long_text(tiers))
    wanted = ": needs one tier of {0}. Received: 'ann - {0}', 'bob - {0}'"
    assert refused(path) == wanted.format("phones")
    assert refused(path, read_words) == wanted.format("words")


@pytest.mark.parametrize("write", [long_text, short_text])
def test_a_file_that_ends_early_is_refused_wherever_it_ends(write) -> None:
    whole = write([("tones", POINTS[:1]), ("phones", PHONES[1:3])]).rstrip()
    assert len(list(textgrid.phones(Path("a"), whole.encode()))) == 2
    for end in range(len(whole)):
        with pytest.raises(DataError, match=r"^a, line "):
            textgrid.phones(Path("a"), whole[:end].encode())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "intervals: size = 4",
            "intervals: size = 3",
            ", line 28: tier 2: needs its class, a quoted text. Received: '0.75'",
        ),
        (
            "intervals: size = 4",
            "intervals: size = 5",
            ", line 32: tier 'phones', interval 5: needs its start, a number. "
            "Received: '\"TextTier\"'",
        ),
        ("size = 4", "size = -1", "of its intervals or points, 0 or more. Received: -1"),
        ("size = 4", "size = 1.5", "of its intervals or points, 0 or more. Received: 1.5"),
        ("points: size = 2", "points: size = 1", "the file goes on after what should be its end"),
        (
            "points: size = 2",
            "points: size = 1e15",
            ", line 42: tier 'tones', point 3: the file ends before its time, a number",
        ),
        ("size = 2 \nitem", "size = 3 \nitem", "tier 3: the file ends before its class"),
        ("= 0.25", "= 0,25", ", line 17: tier 'phones', interval 1: needs numbers such as 0.5"),
        ("= 0.25", "= 0.2.5", "interval 1: needs numbers such as 0.5. Received: '0.2.5'"),
        ("= 0.25", "= nan", "interval 1: needs its end, a number. Received: '\"sil\"'"),
        ("= 0.25", "= \u0662", "interval 1: needs its end, a number. Received: '\"sil\"'"),
        ('"sil"', '"sil', ", line 18: tier 'phones', interval 1: a quoted text does not end"),
        ('"sil"', '"s"il"', 'a quote within it is not written twice. Received: \'"s"il"\''),
        ('"sil"', "sil", "needs its label, a quoted text. Received: '0.25'"),
        (
            "IntervalTier",
            "Tier",
            "tier 1: its class must be IntervalTier or TextTier. Received: 'T",
        ),
        ("<exists>", "<absent>", "has no tiers"),
        ("<exists>", "", "needs <exists>. Received: '2'"),
        ("TextGrid", "Sound", ", line 2: needs File type"),
        ("ooTextFile", "a file", "as Praat saves a text file. Received: 'a file', 'TextGrid'"),
    ],
)
def test_broken_textgrids(tmp_path, old: str, new: str, reason: str) -> None:
    text = long_text([("phones", PHONES), ("tones", POINTS)])
    assert old in text
    assert reason in refused(put(tmp_path, text.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ((0.25, 1), "Received: 0.25 to 1, after 0.5"),
        ((1, 0.75), "Received: 1 to 0.75, after 0.5"),
        ((0.5, "1e999"), "Received: 0.5 to inf, after 0.5"),
        ((-1, 1), "Received: -1 to 1, after 0.5"),
    ],
)
@pytest.mark.parametrize(("name", "read"), [("phones", read_segments), ("words", read_words)])
def test_times_out_of_order(tmp_path, name: str, read, second: tuple, reason: str) -> None:
    text = short_text([(name, [(0, 0.5, "a"), (*second, "b")])]).replace('"1e999"', "1e999")
    assert refused(put(tmp_path, text), read) == (
        f", tier '{name}', interval 2: times must increase and not overlap. {reason}"
    )


def test_rounded_times_and_intervals_without_length(tmp_path) -> None:
    path = put(
        tmp_path,
        short_text([("phones", [(0, 0.30000000000000004, "a"), (0.3, 0.3, "b"), (0.3, 1, "c")])]),
    )
    assert read_segments(path) == [
        (0, 0.30000000000000004, "a"),
        (0.30000000000000004, 1, "c"),
    ]
    for entries in ([], [(1, 1, "a")]):
        path = put(tmp_path, short_text([("phones", entries)]))
        assert refused(path) == ": has no phones, or none that lasts"


def test_encodings_that_are_refused(tmp_path) -> None:
    text = long_text([("phones", [(0, 2, "\u00e9")])])
    wide = text.encode("utf-16-le")
    for content in (
        text.encode("latin-1"),
        codecs.BOM_UTF16_LE + wide[:-1],
        wide.replace(b"\xe9", b"e"),
    ):
        reason = refused(put(tmp_path, content))
        assert reason.startswith(": must be UTF-8, or UTF-16 with a byte order mark (")


# HTS labels


def test_hts_labels(tmp_path) -> None:
    """Phones alone, full contexts of two forms, a log likelihood; blank lines are passed over."""
    path = put(
        tmp_path,
        "0 2500000 sil\n"
        "2500000 3000000 x^sil-@+b=@@1_1/A:0_0_0/B:1-1-2@1-1&1-4#1-4$1-2!1-2;1-2|@\n\n"
        "  3000000 4500000 sil^@-b+i:=\u0259/A:xx+xx+xx/B:xx-xx_xx\r\n"
        "4500000 4500000 gone\n"
        "5000000\t5000001 a-b+c -85.25 WORD\n",
        "a.LAB",
    )
    assert read_segments(path) == [
        (0, 2_500_000, "sil"),
        (2_500_000, 3_000_000, "@"),
        (3_000_000, 4_500_000, "b"),
        (5_000_000, 5_000_001, "a-b+c"),
    ]
    assert read_words(path) == aligned_words(path, 0, 8_000, 8_000, 8_000) == []
    assert aligned(path, 0, 3_601, 8_000, 8_000) == (
        [Segment(0, 2_000, "sil"), Segment(2_000, 2_400, "@"), Segment(2_400, 3_600, "b")],
        399 / 8_000,
    )


def test_hts_labels_of_states(tmp_path) -> None:
    """The states of a phone are one; the same phone once more is another."""
    full = ["x^x-a+a=b@1", "x^a-a+b=x@2", "a^a-b+x=x@3"]
    lines, time = [], 0
    for label in full:
        for state in range(2, 7):
            lines.append(f"{time} {time + 10 * state} {label}[{state}]")
            time += 10 * state
    path = put(tmp_path, "\n".join(lines), "a.lab")
    assert read_segments(path) == [(0, 200, "a"), (200, 400, "a"), (400, 600, "b")]
    path = put(tmp_path, "\n".join([*lines[:2], *lines[3:5]]), "a.lab")
    assert read_segments(path) == [(0, 50, "a"), (90, 200, "a")]
    states = (2, 3, 2, 3)
    lines = [f"{place} {place + 1} {full[0]}[{state}]" for place, state in enumerate(states)]
    assert read_segments(put(tmp_path, "\n".join(lines), "a.lab")) == [(0, 2, "a"), (2, 4, "a")]
    path = put(tmp_path, "0 10 a[2]\n10 20 a[3]\n", "a.lab")
    assert read_segments(path) == [(0, 10, "a[2]"), (10, 20, "a[3]")]


NEEDS = (
    "needs start, end and label, times as integers in units of 100 ns, as HTS writes them{}. "
    "Received: "
)
NO_TIMES = NEEDS.format("; labels without times are no alignment")
SECONDS = NEEDS.format("; a file in seconds needs another suffix, such as .txt")
ORDER = "times must increase and not overlap. Received: "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sil\na\n", f", line 1: {NO_TIMES}'sil'"),
        ("x^x-a+b=c@1_1/A:0\n", f", line 1: {NO_TIMES}'x^x-a+b=c@1_1/A:0'"),
        ("the words of it\n", f", line 1: {NO_TIMES}'the words of it'"),
        ("#!MLF!#\n", f", line 1: {NO_TIMES}'#!MLF!#'"),
        ("\n0 0.1 h#\n0.1 0.3 ah\n", f", line 2: {SECONDS}'0 0.1 h#'"),
        ("0 1e7 a", f", line 1: {SECONDS}'0 1e7 a'"),
        ("0.5 121 a", f", line 1: {SECONDS}'0.5 121 a'"),
        ("0 10 a\n20 b", f", line 2: {NEEDS.format('')}'20 b'"),
        ("0 10", f", line 1: {NEEDS.format('')}'0 10'"),
        ("0 10 a b", f", line 1: {NEEDS.format('')}'0 10 a b'"),
        ("0 10 a nan", f", line 1: {NEEDS.format('')}'0 10 a nan'"),
        ("0 \u0661 a", f", line 1: {SECONDS}'0 \u0661 a'"),
        ("0 10 a\n\n9 20 b", f", line 3: {ORDER}9 to 20, after 10"),
        ("0 10 a\n20 15 b", f", line 2: {ORDER}20 to 15, after 10"),
        ("0 9 x^x-a+b=c@[2]\n9 3 x^x-a+b=c@[3]", f", line 2: {ORDER}9 to 3, after 9"),
        (
            "0 10 x-a+b/A:0",
            ", line 1: a full-context label must begin with p1^p2-p3+p4=p5. Received: 'x-a+b/A:0'",
        ),
        ("", ": has no phones, or none that lasts"),
        ("5 5 a", ": has no phones, or none that lasts"),
    ],
)
def test_hts_labels_that_are_refused(tmp_path, text: str, reason: str) -> None:
    assert refused(put(tmp_path, text, "a.lab")) == reason


# Lines in audio samples or seconds


@pytest.mark.parametrize(
    ("name", "beside"), [("a.phn", "a.wrd"), ("A.PHN", "A.WRD"), ("a.b.phn", "a.b.wrd")]
)
def test_phn_and_the_words_beside_it(tmp_path, name: str, beside: str) -> None:
    path = put(tmp_path, "0 800 h#\n800 1600 sh\n1600 2400 iy\n", name)
    assert read_words(path) == aligned_words(path, 0, 800, 16_000, 8_000) == []
    assert read_segments(path) == [(0, 800, "h#"), (800, 1_600, "sh"), (1_600, 2_400, "iy")]
    put(tmp_path, "800 2400 she\n", beside)
    assert read_words(path) == [(800, 2_400, "she")]
    assert aligned_words(path, 300, 1_000, 16_000, 8_000) == [Segment(100, 900, "she")]
    assert aligned(path, 300, 850, 16_000, 8_000) == (
        [Segment(0, 100, "h#"), Segment(100, 500, "sh"), Segment(500, 850, "iy")],
        50 / 8_000,
    )


def test_words_in_another_letter_case_are_not_those_of_the_phones(tmp_path) -> None:
    path = put(tmp_path, "0 800 h#\n", "a.PHN")
    put(tmp_path, "0 800 she\n", "a.wrd")
    if not (tmp_path / "a.WRD").exists():  # else the disk knows no letter case
        assert read_words(path) == []


def test_wrong_lines(tmp_path) -> None:
    path = put(tmp_path, "0 800 h#\n", "a.phn")
    beside = put(tmp_path, "0 800 she\n900 800 it\n", "a.wrd")
    expected = ", line 2: needs start, end and label, 0 <= start <= end. Received: '900 800 it'"
    assert refused(beside) == expected
    with pytest.raises(DataError) as caught:
        aligned_words(path, 0, 800, 8_000, 8_000)
    assert caught.value.message == f"{beside}{expected}"


def test_any_other_file_is_in_seconds(tmp_path) -> None:
    path = put(tmp_path, codecs.BOM_UTF8 + b"0 0.1 h#\n0.1 0.3 ah oh\n", "a.txt")
    put(tmp_path, "0 800 she\n", "a.wrd")
    assert read_segments(path) == [(0, 0.1, "h#"), (0.1, 0.3, "ah oh")]
    assert aligned(path, 0, 2_400, 16_000, 8_000)[0][1] == Segment(800, 2_400, "ah oh")
    assert read_words(path) == []


# All of them


def test_a_recording_is_cut_out_of_a_textgrid(tmp_path) -> None:
    """In audio samples of the recording, whatever the rate of the file was."""
    path = put(tmp_path, long_text([("words", WORDS), ("phones", PHONES)]))
    phones, beyond = aligned(path, 3_000, 4_000, 44_100, 8_000)
    assert phones == [
        Segment(0, 1_000, "\u0259"),
        Segment(1_000, 3_000, "_"),
        Segment(3_000, 4_000, 'a "b" ! c'),
    ]
    assert beyond == (16_000 - 3_000 - 4_000) / 8_000
    assert aligned_words(path, 3_000, 4_000, 44_100, 8_000) == [
        Segment(0, 1_000, "a"),
        Segment(1_000, 3_000, "_"),
        Segment(3_000, 4_000, "word"),
    ]


@pytest.mark.parametrize("name", ["a.TextGrid", "a.lab", "a.phn", "a.txt"])
def test_files_that_cannot_be_read(tmp_path, monkeypatch, name: str) -> None:
    assert refused(tmp_path / name).startswith(": cannot be read (")
    (tmp_path / name).mkdir()
    assert refused(tmp_path / name) == ": cannot be read (it is not a file)"
    (tmp_path / name).rmdir()
    os.mkfifo(tmp_path / name)
    assert refused(tmp_path / name) == ": cannot be read (it is not a file)"
    (tmp_path / name).unlink()
    refused(put(tmp_path, b"0 1 \xff", name))
    monkeypatch.setattr(alignment, "MAX_BYTES", 1_000)
    reason = refused(put(tmp_path, b"0 1 a\n" * 167, name))
    assert reason == ": 1,002 bytes, more than the 1,000 that an alignment may have"


@pytest.mark.parametrize("read", [read_segments, read_words])
def test_a_large_textgrid_takes_no_longer_for_a_long_name(tmp_path, read) -> None:
    """Messages name the tier at each interval."""
    entries = [(each, each + 1, "") for each in range(2_000)]
    text = short_text([("x" * 4_000_000 + " - phones", entries), ("words", entries)])
    assert len(read(put(tmp_path, text))) == 2_000
