"""YAML 1.2 as plain values with locations, and what is refused."""

import math

import pytest

from genkit.errors import RecipeError
from genkit.recipe import yaml_reader
from genkit.recipe.yaml_reader import Location


def problems(text: str) -> list[str]:
    try:
        return [str(problem) for problem in yaml_reader.parse(text, "f.yaml").problems]
    except RecipeError as error:
        return [str(problem) for problem in error.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1.5", 1.5),
        (".5", 0.5),
        ("+7", 7),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2001-01-01", "2001-01-01"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("[1, two, {three: 3}]", [1, "two", {"three": 3}]),
        ("{a: 1, b: [no]}", {"a": 1, "b": ["no"]}),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    found = yaml_reader.parse(f"key: {text}\n", "f.yaml").values["key"]
    assert found == value
    assert type(found) is type(value)


def test_merge_keys_and_numbers_as_keys_are_plain_text() -> None:
    assert yaml_reader.parse("<<: {a: 1}\n5: x\n", "f").values == {"<<": {"a": 1}, "5": "x"}


def test_every_key_and_item_has_its_line() -> None:
    document = yaml_reader.parse("a:\n  b: 1\n  c:\n    - 2\n    - 3\n", "f.yaml")
    lines = {".".join(path): at.line for path, at in document.locations.items()}
    assert lines == {"a": 1, "a.b": 2, "a.c": 3, "a.c.0": 4, "a.c.1": 5}
    assert document.locate(("a", "b", "unknown")) == Location("f.yaml", 2)


def test_aliases_copy_values_with_the_lines_of_the_anchor() -> None:
    document = yaml_reader.parse("a: &x\n  b: [1]\nc: *x\n", "f.yaml")
    assert document.values["c"] == {"b": [1]}
    assert document.values["c"] is not document.values["a"]
    assert document.locations["c",].line == 3
    assert document.locations["c", "b"].line == 2


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["f.yaml:3: a: written twice; first written in line 1"]),
        (
            "a: {b: 1, b: 2}\n",
            ["f.yaml:1: a.b: written twice; first written in line 1"],
        ),
        (
            "a: !!python/object:os.system x\nb: !mine 3\n",
            [
                "f.yaml:1: a: the tag '!!python/object:os.system' is not allowed; "
                "a recipe holds plain values only",
                "f.yaml:2: b: the tag '!mine' is not allowed; a recipe holds plain values only",
            ],
        ),
        ("a: *x\n", ["f.yaml:1: a: '*x' names no anchor above it"]),
        ("a: &x [*x]\n", ["f.yaml:1: a.0: '*x' holds itself"]),
        ("? [1]\n: 2\n", ["f.yaml:1: a key must be plain text, not a collection"]),
        ("a: 1\n---\nb: 2\n", ["f.yaml:2: holds a second document after '---'"]),
        (
            "a: 1\n b: 2\n",
            ["f.yaml:2: is not YAML: mapping values are not allowed here, column 3"],
        ),
        (
            "a: 1\nb: [1, 2\n",
            [
                "f.yaml:3: is not YAML: expected ',' or ']', but got '<stream end>' "
                "while parsing a flow sequence, column 1"
            ],
        ),
        (
            "a: 1\nb: \x01\n",
            [
                "f.yaml:2: is not YAML: unacceptable character #x0001: "
                "special characters are not allowed"
            ],
        ),
        ('a: "\\ud800"\n', ["f.yaml:1: a: holds half of a surrogate pair"]),
        (
            f"a: {'9' * 5000}\n",
            ["f.yaml:1: a: a number of 5000 characters; at most 100 are read"],
        ),
        (BOMB, ["f.yaml:5: a4: more than 50000 values"]),
        ("a: " + "[" * 200, ["f.yaml:1: a: nested more than 32 deep"]),
        (": 1\n", ["f.yaml:1: a key must not be empty"]),
    ],
)
def test_what_is_refused_is_told_with_its_line(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_problems_before_a_syntax_error_are_told_too() -> None:
    assert [line.split(": ")[0] for line in problems("a: 1\na: 2\nb: [\n")] == [
        "f.yaml:2",
        "f.yaml:4",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.yaml:1: a recipe must be a mapping (key: value). Received: nothing"),
        (b"- 1\n", "x.yaml:1: a recipe must be a mapping (key: value). Received: a list"),
        (b"word\n", "x.yaml:1: a recipe must be a mapping (key: value). Received: 'word'"),
        (b"a: 1\nb: \xff\n", "x.yaml:2: is not UTF-8 text"),
    ],
)
def test_files_that_hold_no_mapping(tmp_path, monkeypatch, data: bytes, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_bytes(data)
    with pytest.raises(RecipeError) as caught:
        yaml_reader.read(tmp_path / "x.yaml")
    assert [str(problem) for problem in caught.value.problems] == [message]


def test_large_files_are_not_read(tmp_path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"# " + b"x" * yaml_reader.MAX_BYTES)
    with pytest.raises(RecipeError, match=r"larger than 1,000,000 bytes: too large for a recipe"):
        yaml_reader.read(file)


def test_a_byte_order_mark_is_skipped(tmp_path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert yaml_reader.read(file).values == {"a": 1}
