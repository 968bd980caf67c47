"""Photographs of people, split by person."""

import numpy as np
import pytest

from genkit.data import stock
from genkit.data.images import blocks
from genkit.data.images.portraits import files, natural
from genkit.errors import RecipeError
from tests.image_files import picture, read, refused, section

PEOPLE = {"name": "portraits", "path": "people", "height": 4, "width": 4, "people": 12, "folds": 5}


def even(value: int) -> np.ndarray:
    return np.full((4, 4), value, np.uint8)


@pytest.fixture
def people(put):
    """Twelve people; photograph i of person p, both counted from 1, is evenly 20 p + i. They
    have eleven photographs each, but the last one has one and the last but one has two."""
    for person in range(1, 13):
        for photograph in range(1, {12: 1, 11: 2}.get(person, 11) + 1):
            content = picture(even(20 * person + photograph), "PPM")
            put(f"people/s{person}/{photograph}.pgm", content)
    put("people/README", b"about the people")
    put("people/.hidden/1.pgm", b"")


def values(split) -> list[int]:
    return [int(v) for v in split.images[:, 0, 0, 0]]


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["s10", "s2", "s1", "s01", "b", "s2/10.png", "s2/9.png", "7", "s2a1"]
    ordered = ["7", "b", "s01", "s1", "s2", "s2/9.png", "s2/10.png", "s2a1", "s10"]
    assert sorted(names, key=natural) == ordered


def test_people_make_the_test_split_and_photographs_the_validation_split(people) -> None:
    found = read(**PEOPLE, fold=1, validation_photos=2)
    train, validation, test = (found.split(n) for n in ("train", "validation", "test"))
    # Persons 2, 7 and 12 are numbers 1, 6 and 11, which leave 1 when divided by 5.
    assert values(test) == [*range(41, 52), *range(141, 152), 241]
    assert test.labels.tolist() == [1] * 11 + [6] * 11 + [11]
    assert set(train.labels) == {0, 2, 3, 4, 5, 7, 8, 9, 10}
    assert values(train)[:10] == [*range(21, 30), 61]
    assert values(validation)[:4] == [30, 31, 70, 71]  # in natural order, 10 and 11 are the last
    assert train.labels.tolist().count(10) == 1  # of two photographs one is left for training
    assert validation.labels.tolist().count(10) == 1
    assert not found.notes.get("no portraits")
    assert not set(train.labels) & set(test.labels)


def test_every_person_is_tested_in_one_fold(people) -> None:
    tested = [
        person for f in range(5) for person in set(read(**PEOPLE, fold=f).split("test").labels)
    ]
    assert sorted(tested) == list(range(12))


def test_a_person_with_one_photograph_is_in_training(people) -> None:
    found = read(**PEOPLE, fold=0)
    assert found.split("train").labels.tolist().count(11) == 1
    assert found.split("validation").labels.tolist().count(11) == 0


def test_what_is_done_is_said(people) -> None:
    found = read(**PEOPLE, fold=2, levels=16, fit="stretch", flips=True)
    assert found.notes["preprocessing"] == (
        "4x4 grey, resized (stretch, box), quantised from 256 to 16 levels, random horizontal "
        "flips in training, fold 2 of 5 for testing: 2 of 12 people"
    )
    assert found.split("train").levels == 16
    assert found.split("train").draw is not None


def test_files_that_are_no_portraits_are_told(people, put) -> None:
    put("people/s3/notes.txt", b"")
    put("people/everybody.png", picture(even(1)))
    found = read(**PEOPLE)
    assert found.notes["no portraits"] == "2 files, such as everybody.png"
    assert len(files(section(**PEOPLE))) == 113


def test_colours_any_format_and_folders_within_folders(put) -> None:
    for person in ("ann", "bob"):
        for i, kind in enumerate(("png", "jpeg", "bmp")):
            put(f"people/{person}/day {i}/x.{kind}", picture(even(90), kind.upper()))
    found = read(**{**PEOPLE, "people": 2, "folds": 2, "channels": 3})
    assert found.split("train").images.shape == (2, 4, 4, 3)
    assert len(found.split("test")) == 3


@pytest.mark.parametrize(
    ("options", "extra", "message"),
    [
        ({"people": 40}, {}, "data.people says 40, there are 12 folders of people: s1, s2, s3"),
        ({"people": 11}, {}, "data.people says 11, there are 12 folders"),
        ({}, {"s7/x.pgm": picture(even(1))[:50]}, "s7/x.pgm: not a readable picture"),
        ({"path": "elsewhere"}, {}, "no folder 'elsewhere'"),
        ({"fit": "exact", "height": 5}, {}, "must be 5x4 (height x width). Received: 4x4"),
    ],
)
def test_wrong_folders(people, put, options, extra, message) -> None:
    for name, content in extra.items():
        put(f"people/{name}", content)
    assert message in refused(**{**PEOPLE, **options})


def test_a_person_without_photographs_is_named(people, root) -> None:
    (root / "people" / "s13").mkdir()
    said = refused(**{**PEOPLE, "people": 13})
    assert f"{root / 'people' / 's13'}: no photographs of this person (looked for .png" in said


def test_a_folder_without_people(put) -> None:
    put("people/1.png", picture(even(1)))
    assert "there are 0 folders of people: none" in refused(**PEOPLE)


def test_nothing_left_for_validation(put) -> None:
    for person in "abc":
        put(f"people/{person}/1.png", picture(even(1)))
    said = refused(**{**PEOPLE, "people": 3, "folds": 3})
    assert "nothing is left for validation, because every person in training has one" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 13}, "folds must be at most people, 12. Received: 13"),
        ({"folds": 1}, "folds"),
        ({"fold": 5}, "fold must be 0 to 4. Received: 5"),
        ({"fold": -1}, "fold"),
        ({"validation_photos": 0}, "validation_photos"),
        ({"channels": 2}, "channels"),
    ],
)
def test_wrong_sections(options, message) -> None:
    with pytest.raises(RecipeError, match=message):
        section(**{**PEOPLE, **options})


def test_prepared_portraits_are_the_same(people, monkeypatch) -> None:
    plain = read(**PEOPLE)
    stock.prepare(section(**PEOPLE))
    monkeypatch.setattr(blocks, "IN_MEMORY", 0)
    mapped = read(**PEOPLE)
    for name, split in plain.splits.items():
        assert np.array_equal(split.images, mapped.split(name).images)
        assert np.array_equal(split.labels, mapped.split(name).labels)


def test_the_real_faces(real) -> None:
    folder = real("orl_faces")
    found = read(name="portraits", fold=9)
    assert [len(found.split(n)) for n in ("train", "validation", "test")] == [324, 36, 40]
    assert np.unique(found.split("test").labels).tolist() == [9, 19, 29, 39]
    content = (folder / "s20" / "10.pgm").read_bytes()
    expected = np.frombuffer(content[-112 * 92 :], np.uint8).reshape(112, 92)
    assert np.array_equal(found.split("test").images[19, ..., 0], expected)
