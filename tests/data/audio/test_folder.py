"""Folders of one's own, with and without a manifest."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from genkit.data.audio.dataset import Segment
from tests.data.audio.files import RATE, pcm, put, read, refused, section, tone


@pytest.fixture
def mine(root) -> Path:
    """A folder with ten recordings of two speakers."""
    for i in range(10):
        speaker = "ann" if i < 6 else "bob"
        put(root / f"mine/{speaker}/{i}.wav", tone(0.1 + i / 100, 200.0 + 50 * i))
    return root / "mine"


def own(**values):
    return read("audio", path="mine", sample_rate=RATE, **values)


def refusal(**values) -> str:
    return refused("audio", path="mine", sample_rate=RATE, **values)


def manifest(folder: Path, text: str, name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# Without a manifest


def test_a_folder(mine) -> None:
    dataset = own(validation_share=0.2, test_share=0.3)
    assert [len(split) for split in dataset.splits.values()] == [5, 2, 3]
    names = [name for split in dataset.splits.values() for name in split.names]
    assert sorted(names) == [f"{'ann' if i < 6 else 'bob'}/{i}.wav" for i in range(10)]
    assert dataset.vocabulary == {}
    assert dataset.notes["kept"] == "10 recordings, 1.4 s"
    split = dataset.split("train")
    number = int(split.names[0].split("/")[1][0])
    np.testing.assert_array_equal(
        split.recording(0), pcm(tone(0.1 + number / 100, 200.0 + 50 * number))
    )


def test_sub_folders_are_speakers(mine) -> None:
    dataset = own(speakers=["bob", "ann", "eve"], validation_share=0.3, test_share=0.3)
    assert dataset.vocabulary == {"speaker": ("bob", "ann", "eve")}
    for split in dataset.splits.values():
        found = [("bob", "ann", "eve")[i] for i in split.attributes["speaker"]]
        assert found == [name.split("/")[0] for name in split.names]
    # Speakers take turns, so that the beginning of a split has all of them.
    assert set(dataset.split("train").attributes["speaker"][:2]) == {0, 1}
    assert "data.speakers does not list bob. All of them:\n  speakers: [ann, bob]" in refusal(
        speakers=["ann"]
    )
    put(mine / "astray.wav", tone())
    assert "Received: astray.wav" in refusal(speakers=["ann", "bob"])


def test_nothing_is_passed_over_silently(mine, root) -> None:
    """Each file that cannot be used is dropped with its reason; what is kept says what was done
    to it."""
    (mine / "empty.wav").touch()
    (mine / "text.mp3").write_text("no audio " * 99)
    (mine / "notes.txt").write_text("hello")
    put(mine / "no-samples.wav", np.zeros(0))
    put(mine / "silent.wav", np.zeros(RATE))
    put(mine / "nan.wav", np.array([0.1, np.nan] * 400), subtype="FLOAT")
    put(mine / "stereo.wav", np.stack([tone(0.2), tone(0.2)], 1))
    put(mine / "deep.wav", tone(0.2), subtype="PCM_24")
    put(mine / "fast.wav", tone(0.2, rate=44_100), 44_100)
    put(mine / "clipped.wav", np.clip(tone(0.2, 100, level=2.0), -1, 1))
    cut = put(mine / "cut.wav", tone(0.2))
    cut.write_bytes(cut.read_bytes()[:1_044])
    notes = own(validation_share=0.3, test_share=0.3).notes
    assert notes["kept"] == "15 recordings, 2.3 s"
    assert notes["dropped"] == "6 files or recordings, 1.1 s of 3.4 s"
    assert notes["dropped, no audio samples"] == "2: empty.wav (a file of 0 bytes), no-samples.wav"
    assert notes["dropped, silent"] == "1, 1.0 s dropped: silent.wav"
    assert notes["dropped, NaN or infinite"] == "1, 0.1 s dropped: nan.wav (at 0.000 s)"
    assert notes["dropped, not audio or no part of it"] == "1: notes.txt"
    assert notes["dropped, not readable"] == "1: text.mp3 (Format not recognised)"
    assert notes["kept, mixed to mono"] == "1: from 2 channels"
    assert notes["kept, resampled"] == "1: from 44100 Hz"
    assert notes["kept, rounded to 16 bits"] == "1: from PCM_24"
    assert notes["kept, clipped"].startswith("1: clipped.wav (")
    assert notes["kept, shorter than its header says"] == "1: cut.wav (1000 of 3200 bytes)"


def test_a_folder_with_nothing_usable(root) -> None:
    (root / "mine").mkdir()
    assert "no recordings in this folder (looked for .wav, .flac" in refusal()
    for i in range(4):
        put(root / f"mine/{i}.wav", np.zeros(800))
    message = refusal()
    assert "nothing is left of the split 'train'. Remove or mend what is dropped" in message
    assert "dropped, silent: 2, 0.2 s dropped: " in message


def test_a_folder_that_is_not_there(root) -> None:
    assert "data.path: no folder 'mine'" in refusal()


def test_too_few_files(root) -> None:
    put(root / "mine/a.wav", tone())
    put(root / "mine/b.wav", tone())
    assert "2 files are too few for 3 splits. data.split_by=time holds out" in refusal()


def test_tags_need_a_manifest(mine) -> None:
    assert "data.tags: only a manifest has tags" in refusal(tags=["a"])


# By time


@pytest.mark.parametrize("name", ["a.wav", "a.ogg", "a.flac"])
def test_by_time(root, name: str) -> None:
    """The last part of a long recording is held out, and no audio sample is lost or doubled."""
    wave = np.concatenate([tone(1.0, 100.0 * (i + 1)) for i in range(10)])
    put(root / "mine" / name, wave)
    dataset = own(split_by="time", validation_share=0.2, test_share=0.1)
    train, validation, test = dataset.splits.values()
    assert [split.seconds for split in (train, validation, test)] == [7.0, 2.0, 1.0]
    assert train.names + validation.names + test.names == [
        f"{name}:0-7",
        f"{name}:7-9",
        f"{name}:9-",
    ]
    if name != "a.ogg":
        whole = np.concatenate([train.samples, validation.samples, test.samples])
        np.testing.assert_array_equal(whole, pcm(wave))


def test_by_time_with_a_file_that_is_no_audio(root) -> None:
    put(root / "mine/a.wav", tone(2.0))
    (root / "mine/b.wav").write_text("text " * 99)
    notes = own(split_by="time").notes
    assert notes["dropped, not readable"].startswith("1: b.wav")
    assert notes["kept"] == "3 recordings, 2.0 s"


# Manifests


def test_a_manifest(mine) -> None:
    (mine / "words.txt").write_text("0.0 0.05 one\n0.05 0.2 two\n")
    manifest(
        mine,
        "path,start,end,speaker,tags,text,alignment,split\n"
        'ann/0.wav,,,ann,loud; A#2,"Hello, you",words.txt,train\n'
        "ann/1.wav,0.02,0.1,ann,,,,train\n"
        "bob/7.wav,0.05,,bob,loud,,,validation\n"
        "bob/8.wav,,,bob,soft,Bye,,test\n",
    )
    dataset = own(speakers=["ann", "bob"], tags=["soft", "loud", "A#2"])
    assert dataset.vocabulary == {"speaker": ("ann", "bob"), "tags": ("soft", "loud", "A#2")}
    train, validation, test = dataset.splits.values()
    assert train.names == ["ann/0.wav", "ann/1.wav:0.02-0.1"]
    assert [len(train.recording(i)) for i in range(2)] == [800, 640]
    np.testing.assert_array_equal(train.recording(1), pcm(tone(0.11, 250.0))[160:800])
    np.testing.assert_array_equal(train.attributes["tags"], [[0, 1, 1], [0, 0, 0]])
    assert train.texts == ["Hello, you", ""]
    assert train.alignments == [[Segment(0, 400, "one"), Segment(400, 800, "two")], []]
    assert validation.names == ["bob/7.wav:0.05-"]
    assert len(validation.recording(0)) == RATE * 12 // 100
    assert (test.texts, test.alignments) == (["Bye"], None)
    np.testing.assert_array_equal(validation.attributes["speaker"], [1])


def test_alignments_of_spans_begin_with_the_span(mine) -> None:
    (mine / "a.phn").write_text("0 200 a\n200 600 b\n600 880 c\n")
    manifest(
        mine,
        "path,start,end,alignment,split\nann/1.wav,0.05,0.1,a.phn,train\nbob/7.wav,,,,train\n"
        "bob/8.wav,,,,test\n",
    )
    split = own().split("train")
    place = next((i for i, name in enumerate(split.names) if name.startswith("ann")), None)
    if place is None:
        split, place = own().split("validation"), 0
    assert split.alignments[place] == [Segment(0, 200, "b"), Segment(200, 400, "c")]


def test_splits_of_a_manifest_without_validation(mine) -> None:
    rows = "".join(f"ann/{i}.wav,train\n" for i in range(6)) + "bob/7.wav,test\n"
    manifest(mine, "path,split\n" + rows)
    dataset = own(validation_share=0.4)
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 4,
        "validation": 2,
        "test": 1,
    }


def test_rows_of_one_file_stay_in_one_split(root) -> None:
    for name in "abcd":
        put(root / f"mine/{name}.wav", tone(1.0))
    rows = "".join(f"{name}.wav,{i / 10},{i / 10 + 0.1}\n" for name in "abcd" for i in range(5))
    manifest(root / "mine", "path,start,end\n" + rows)
    dataset = own()
    files = [{name.split(":")[0] for name in split.names} for split in dataset.splits.values()]
    assert sorted(len(each) for each in files) == [1, 1, 2]
    assert len(set.union(*files)) == 4


def test_a_manifest_of_another_name_and_columns_that_are_not_used(mine) -> None:
    rows = "".join(f"ann/{i}.wav,ann,x\n" for i in range(4))
    manifest(mine, "path,speaker,tags\n" + rows, "few.csv")
    dataset = own(manifest="few.csv")
    assert sum(len(split) for split in dataset.splits.values()) == 4
    assert dataset.notes["columns not used"].startswith("speaker, tags: data.speakers")
    assert "data.manifest: " in refusal(manifest="fwe.csv")
    manifest(mine.parent, "path\n", "outside.csv")
    assert "must lie in the folder" in refusal(manifest="../outside.csv")


def test_values_that_the_recipe_does_not_list(mine) -> None:
    manifest(mine, "path,speaker,tags\nann/0.wav,ann,loud\nann/1.wav,eve,soft;dry\n")
    assert refusal(speakers=["ann"]).endswith(
        "data.speakers does not list eve. All of them:\n  speakers: [ann, eve]"
    )
    assert refusal(tags=["wet"]).endswith(
        "data.tags does not list dry, loud, soft. All of them:\n  tags: [wet, dry, loud, soft]"
    )
    manifest(mine, "path,speaker\nann/0.wav,ann\nann/1.wav,\n")
    assert "1 rows have no speaker, such as ann/1.wav" in refusal(speakers=["ann"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ann/9.wav,,", "path: no such file: ann/9.wav"),
        (",,", "path: is empty"),
        ("../mine/ann/0.wav,,", "path: must be a path below the manifest's folder"),
        ("ann/../ann/0.wav,,", "path: must be a path below the manifest's folder"),
        ("/etc/passwd,,", "path: must be a path below the manifest's folder"),
        ("C:/a.wav,,", "path: must be a path below the manifest's folder"),
        (r"ann\0.wav,,", "path: must be a path below the manifest's folder"),
        ("link.wav,,", "path: link.wav is a link that leaves the manifest's folder"),
        ("away/a.wav,,", "path: away/a.wav is a link that leaves the manifest's folder"),
        ("ann,,", "path: no such file: ann"),
        ("ann/0.wav,-1,", "start: must be seconds, 0 or more. Received: '-1'"),
        ("ann/0.wav,nan,", "start: must be seconds, 0 or more. Received: 'nan'"),
        ("ann/0.wav,,soon", "end: must be seconds, 0 or more. Received: 'soon'"),
        ("ann/0.wav,0.5,0.5", "end: must be after start, 0.5. Received: 0.5"),
        ("ann/1.wav,,", "path: the same recording as in line 2"),
        ("ann/0.wav,,,", "has more cells than there are columns"),
    ],
)
def test_rows_that_are_wrong(mine, root, row: str, message: str) -> None:
    put(root / "outside/a.wav", tone())
    os.symlink(root / "outside/a.wav", mine / "link.wav")
    os.symlink(root / "outside", mine / "away")
    path = manifest(mine, f"path,start,end\nann/1.wav,,\n{row}\n")
    found = refusal()
    assert f"{path}: 1 rows are wrong" in found
    assert f"{path}:3: {message}" in found


def test_all_rows_that_are_wrong_are_named_at_once(mine) -> None:
    path = manifest(mine, "path,split\nann/0.wav,trian\nx.wav,\nann/0.wav,test\ny.wav,\n")
    found = refusal()
    assert f"{path}: 3 rows are wrong" in found
    assert f"{path}:2: split: unknown split 'trian'. Did you mean 'train'?" in found
    assert f"{path}:3: path: no such file: x.wav" in found
    assert f"{path}:5: path: no such file: y.wav" in found


def test_a_link_within_the_folder_is_fine(mine) -> None:
    os.symlink(mine / "ann/0.wav", mine / "again.wav")
    manifest(mine, "path\nagain.wav\nann/1.wav\nann/2.wav\n")
    assert sum(len(split) for split in own().splits.values()) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,spaeker\nann/0.wav,ann\n", "unknown column 'spaeker'. Did you mean 'speaker'?"),
        ("file\nann/0.wav\n", "its first line must name the columns, path among them"),
        ("", "Received: nothing"),
        ("path\n", "has no rows"),
        ("path,path\nann/0.wav,ann/0.wav\n", "column 'path' is there twice"),
        ('path\n"ann/0.wav\n', "not a readable CSV"),
        ("path,split\nann/0.wav,train\nann/1.wav,\n", "1 rows have no split, such as ann/1.wav"),
        ("path,split\nann/0.wav,train\nann/1.wav,train\n", "no row has split test"),
    ],
)
def test_manifests_that_are_wrong(mine, text: str, message: str) -> None:
    manifest(mine, text)
    assert message in refusal()


def test_a_manifest_that_is_not_text(mine) -> None:
    (mine / "manifest.csv").write_bytes(b"path\n\xff\xfe\n")
    assert "not a readable CSV" in refusal()


def test_a_manifest_from_a_spreadsheet(mine) -> None:
    """A byte order mark, carriage returns and spaces."""
    (mine / "manifest.csv").write_bytes(
        b"\xef\xbb\xbfpath, start\r\nann/0.wav, 0.01\r\nann/1.wav,\r\nann/2.wav,\r\n"
    )
    names = [name for split in own().splits.values() for name in split.names]
    assert sorted(names) == ["ann/0.wav:0.01-", "ann/1.wav", "ann/2.wav"]


def test_a_span_after_the_end_is_dropped_and_told(mine) -> None:
    manifest(mine, "path,start,end\nann/0.wav,0.05,0.2\nann/0.wav,0,0.05\n" + "".join(
        f"ann/{i}.wav,,\n" for i in range(1, 6)
    ))  # fmt: skip
    notes = own().notes
    assert notes["kept"].startswith("6 recordings")
    assert notes["dropped, span after its end"] == (
        "1: ann/0.wav:0.05-0.2 (0.05 to 0.2 s of 0.1 s)"
    )


def test_an_alignment_that_is_wrong(mine) -> None:
    (mine / "a.txt").write_text("0 0.5 one\n0.7 0.6 two\n")
    manifest(mine, "path,alignment\n" + "".join(f"ann/{i}.wav,a.txt\n" for i in range(4)))
    assert "a.txt, line 2: needs start, end and label, 0 <= start <= end" in refusal()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"speakers": ["a", "a"]}, "speakers must not name anything twice"),
        ({"tags": []}, "at least 1 item"),
        ({"validation_share": 0.6, "test_share": 0.4}, "leave nothing for training"),
        ({"trim_db": 0}, "greater than 0"),
        ({"crop": 0}, "greater than 0"),
    ],
)
def test_sections_that_are_wrong(values, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        section("audio", **values)
