"""Phones as they are written."""

from __future__ import annotations

import pytest

from genkit.speech.phones import PAUSE, Phone, espeak_set, named_set

ESPEAK = espeak_set(["en-us", "cmn"])


@pytest.mark.parametrize(
    ("label", "phone"),
    [
        ("a", Phone("a")),
        ("'aI", Phone("aI", stress=2)),
        (",V", Phone("V", stress=1)),
        ("'o-/3", Phone("o-", stress=2, tone=3)),
        ("i[/5", Phone("i[", tone=5)),
        ("@2", Phone("@2")),
        ("_", Phone(PAUSE)),
        ("_?", Phone(PAUSE, ending="?")),
    ],
)
def test_labels_of_espeak(label: str, phone: Phone) -> None:
    assert ESPEAK.read(label) == phone
    assert ESPEAK.write(phone) == label


def test_digits_of_arpabet_are_stress_and_its_pauses_are_pauses() -> None:
    arpabet = named_set("arpabet")
    assert arpabet.read("AH0") == Phone("AH")
    assert arpabet.read("AH1") == Phone("AH", stress=2)
    assert arpabet.read("AH2") == Phone("AH", stress=1)
    assert arpabet.read("NG") == Phone("NG")
    for label in ("sil", "sp", "", "spn"):
        assert arpabet.read(label).pause
    for label in ("AH0", "AH1", "AH2", "NG", "_,"):
        assert arpabet.write(arpabet.read(label)) == label


def test_timit_has_58_phones_and_three_pauses() -> None:
    timit = named_set("timit")
    assert len(timit.names) == 58
    assert all(timit.read(label).pause for label in ("h#", "pau", "epi"))
    assert timit.read("ax-h") == Phone("ax-h")


def test_what_vowels_are() -> None:
    assert [ESPEAK.is_vowel(name) for name in ("aI", "3:", "@L", "yE", "0")] == [True] * 5
    assert not any(ESPEAK.is_vowel(name) for name in ("w", "j", "tS;h", "N", "X", PAUSE))
    timit = named_set("timit")
    assert timit.is_vowel("axr")
    assert not timit.is_vowel("y")


def test_what_is_no_tone_belongs_to_the_name() -> None:
    assert ESPEAK.read("a/9") == Phone("a/9")
    assert ESPEAK.read("/3") == Phone("/3")
    assert named_set("arpabet").read("/") == Phone("/")
