"""Phones as they are written: sets, marks of stress and tone, pauses. Light: no NumPy.

One phone is a word without spaces: an optional mark of stress, its name, and an optional tone
behind a slash: `'a` has primary stress, `,V` secondary, `'o/3` the third tone. ARPABET writes the
stress of a vowel as a digit instead: `AH0`. `_` is a pause, with the punctuation that it stands
for behind it where that is known: `_,`, `_.`, `_?`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

PAUSE = "_"
PAUSES = frozenset({"_", "", "h#", "pau", "epi", "sil", "sp", "spn", "<eps>", "#", "SIL", "SP"})
ENDINGS = (",", ".", "?")  # what a pause may stand for
STRESSES = 3  # none, secondary, primary
TONES = 6  # none, the four tones, the neutral one
_MARKS = {",": 1, "'": 2}
_DIGITS = {"0": 0, "2": 1, "1": 2}
_STRESS_DIGITS = ("0", "2", "1")

ESPEAK_EN = (
    "0 3 3: ? @ @2 @L A: A@ D E I I# I2 N O2 O: O@ OI S T U U@ V Z a a# aI aI3 aI@ aU aa b d dZ e@ "
    "eI f g h i i: i@ i@3 j k l m n n- o@ oU p r r- s t t# tS u: v w z"
)  # fmt: skip
ESPEAK_CMN = (
    "@ @r A Au N N- S; X a ai ei f i i. iA iE i[ iou j k kh l m n o o- ong ou p ph r s s. t tS; "
    "tS;h th ts ts. ts.h tsh u u@ ua uai uei uo w y y& y@ yE z."
)
# The 61 of TIMIT without its three pauses.
TIMIT = (
    "aa ae ah ao aw ax ax-h axr ay b bcl ch d dcl dh dx eh el em en eng er ey f g gcl hh hv ih ix "
    "iy jh k kcl l m n ng nx ow oy p pcl q r s sh t tcl th uh uw ux v w y z zh"
)
ARPABET = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W "
    "Y Z ZH"
)


class Phone(NamedTuple):
    """A phone of an utterance.

    Args:
        name: without marks; `PAUSE` for a pause. stress: 0 none, 1 secondary, 2 primary.
        tone: 0 where there is none, 1 to 4, 5 for the neutral one.
        ending: what a pause stands for, one of `ENDINGS`, or nothing.
    """

    name: str
    stress: int = 0
    tone: int = 0
    ending: str = ""

    @property
    def pause(self) -> bool:
        return self.name == PAUSE


@dataclass(frozen=True)
class PhoneSet:
    """What phones there are and how they are written.

    Args:
        names: without marks, sorted; others are "another phone" to a network.
        vowels: the letters that vowels begin with.
        digits: whether the last character of a vowel tells its stress.
    """

    names: tuple[str, ...]
    vowels: str = "aAeEiIoOuUVy@03ɪəɛʊʌɑæɔɚɝɒɜɐøœɨʉɯɤ"
    digits: bool = False

    def read(self, label: str) -> Phone:
        """The phone that is written as `label`."""
        if label in PAUSES:
            return Phone(PAUSE)
        if label[0] == PAUSE and label[1:] in ENDINGS:
            return Phone(PAUSE, ending=label[1:])
        stress = _MARKS.get(label[0], 0) if len(label) > 1 else 0
        name = label[1:] if stress else label
        tone = 0
        if len(name) > 2 and name[-2] == "/" and name[-1] in "12345":
            name, tone = name[:-2], int(name[-1])
        if self.digits and name[-1] in _DIGITS and len(name) > 1:
            name, stress = name[:-1], _DIGITS[name[-1]]
        return Phone(name, stress, tone)

    def write(self, phone: Phone) -> str:
        """How a phone is written: what `read` takes."""
        if phone.pause:
            return PAUSE + phone.ending
        tone = f"/{phone.tone}" if phone.tone else ""
        if self.digits:
            digit = _STRESS_DIGITS[phone.stress] if self.is_vowel(phone.name) else ""
            return phone.name + digit + tone
        return ("", ",", "'")[phone.stress] + phone.name + tone

    def is_vowel(self, name: str) -> bool:
        return name[:1] in self.vowels and name != PAUSE


def espeak_set(languages: Sequence[str]) -> PhoneSet:
    """The phones of eSpeak's voices of some languages."""
    found: set[str] = set()
    for language in languages:
        found.update(ESPEAK[language].split())
    return PhoneSet(tuple(sorted(found)))


ESPEAK = {"en-us": ESPEAK_EN, "cmn": ESPEAK_CMN}


def named_set(name: str, names: Sequence[str] = ()) -> PhoneSet:
    """The phones that a data section names: `timit`, `arpabet`, or `own` with its `names`."""
    if name == "timit":
        return PhoneSet(tuple(sorted(TIMIT.split())), vowels="aeiou")
    if name == "arpabet":
        return PhoneSet(tuple(sorted(ARPABET.split())), vowels="AEIOU", digits=True)
    return PhoneSet(tuple(sorted(set(names))))
