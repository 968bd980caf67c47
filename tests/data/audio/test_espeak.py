"""The spoken corpus."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.audio.config import EspeakConfig
from genkit.data.audio.espeak import load
from genkit.errors import RecipeError
from genkit.recipe import from_mapping


def section(**more: object) -> EspeakConfig:
    small = {"sample_rate": 8_000, "train_count": 6, "validation_count": 2, "test_count": 4}
    return EspeakConfig(**{**small, **more})  # type: ignore[arg-type]


def test_splits_hold_different_sentences_of_all_languages_and_voices() -> None:
    config = section(languages=["en-us", "cmn"], voices=["f2", "m3"])
    found = load(config)
    texts = [text for split in found.splits.values() for text in split.texts or ()]
    assert len(set(texts)) == 12
    test = found.split("test")
    np.testing.assert_array_equal(test.attributes["language"], [0, 1, 0, 1])
    np.testing.assert_array_equal(test.attributes["voice"], [0, 0, 1, 1])
    for name, split in found.splits.items():
        assert split.alignments is not None, name
        for i in range(len(split)):
            own = split.alignments[i]
            assert own[0].start == 0
            assert own[-1].end == len(split.recording(i))
    assert found.notes["espeakng-loader"]


def test_more_for_training_leaves_the_others_as_they_are() -> None:
    small, large = load(section()), load(section(train_count=20))
    for name in ("test", "validation"):
        one, other = small.split(name), large.split(name)
        assert one.texts == other.texts
        for i in range(len(one)):
            np.testing.assert_array_equal(one.recording(i), other.recording(i))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"voices": ["x9"]}, "voices"),
        ({"voices": ["f2", "f2"]}, "voices"),
        ({"languages": ["de"]}, "languages"),
        ({"languages": []}, "languages"),
        ({"trim_db": 40.0}, "leave trim_db away"),
    ],
)
def test_sections_that_are_wrong(data: dict[str, object], says: str) -> None:
    recipe = {"name": "x", "family": "wavenet", "model": {}, "data": {"name": "espeak", **data}}
    with pytest.raises(RecipeError) as caught:
        from_mapping(recipe, "x")
    assert says in str(caught.value.problems)
