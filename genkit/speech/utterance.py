"""What is said: phones in syllables, words and phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genkit.data.audio.dataset import Segment
from genkit.errors import UsageError
from genkit.speech.phones import PAUSES, Phone, PhoneSet

WORD = "|"  # between the words of a written utterance


@dataclass(frozen=True)
class Utterance:
    """Phones and where words begin.

    Args:
        phones: in order, pauses among them.
        begins: whether a word begins with each; never with a pause.
    """

    phones: tuple[Phone, ...]
    begins: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.phones)

    def names(self) -> list[str]:
        """Of the phones, without marks and pauses."""
        return [phone.name for phone in self.phones if not phone.pause]


def written(text: str, phones: PhoneSet) -> Utterance:
    """An utterance from words of phones, such as `D @2 | h 'a p i | _.`.

    Raises:
        UsageError: for one without any phone, or with a phone that the set does not have.
    """
    found: list[Phone] = []
    begins: list[bool] = []
    new = True
    for label in text.split():
        if label == WORD:
            new = True
            continue
        phone = phones.read(label)
        if not phone.pause and phone.name not in phones.names:
            raise UsageError(
                f"there is no phone {label!r} among those that this model knows: "
                f"{' '.join(phones.names)}"
            )
        found.append(phone)
        begins.append(new and not phone.pause)
        new = phone.pause
    if all(phone.pause for phone in found):
        raise UsageError("an utterance needs at least one phone that is no pause")
    return Utterance(tuple(found), tuple(begins))


def in_words(utterance: Utterance, phones: PhoneSet) -> str:
    """How an utterance is written: what `written` takes."""
    found: list[str] = []
    for i, (phone, begins) in enumerate(zip(utterance.phones, utterance.begins, strict=True)):
        if begins and i and not utterance.phones[i - 1].pause:
            found.append(WORD)
        found.append(phones.write(phone))
    return " ".join(found)


def of_segments(
    segments: Sequence[Segment], words: Sequence[Segment], phones: PhoneSet
) -> Utterance:
    """The utterance of an aligned recording.

    Where nothing is known of words, each stretch between pauses is one.
    """
    found = tuple(phones.read(segment.label) for segment in segments)
    starts = [word.start for word in words if word.label not in PAUSES]
    begins, after_pause, place = [], True, 0
    for segment, phone in zip(segments, found, strict=True):
        new = after_pause
        while place < len(starts) and starts[place] < segment.end:
            # A word begins with the phone that it shares most of its beginning with.
            if starts[place] > (segment.start + segment.end) / 2:
                break
            new, place = True, place + 1
        begins.append(new and not phone.pause)
        after_pause = phone.pause
    return Utterance(found, tuple(begins))


@dataclass(frozen=True)
class Place:
    """Where a phone stands: (which, of how many) from 0, in what it is part of."""

    phone: tuple[int, int]  # in its syllable
    syllable: tuple[int, int]  # in its word
    word: tuple[int, int]  # in its phrase
    phrase: tuple[int, int]  # in its utterance
    head: int  # number of the phone whose stress and tone the syllable has
    ending: str  # of its phrase


def places(utterance: Utterance, phones: PhoneSet) -> list[Place]:
    """One for each phone; a pause is a syllable, a word of the phrase before it."""
    phrases = _phrases(utterance)
    found: list[Place] = []
    for number, phrase in enumerate(phrases):
        ending = utterance.phones[phrase[-1][-1]].ending
        for w, word in enumerate(phrase):
            syllables = _syllables(word, utterance, phones)
            for s, syllable in enumerate(syllables):
                head = _head(syllable, utterance, phones)
                for p in range(len(syllable)):
                    found.append(
                        Place(
                            (p, len(syllable)),
                            (s, len(syllables)),
                            (w, len(phrase)),
                            (number, len(phrases)),
                            head,
                            ending,
                        )
                    )
    return found


def _phrases(utterance: Utterance) -> list[list[list[int]]]:
    """Numbers of phones by phrase and word; a pause is the last word of its phrase."""
    phrases: list[list[list[int]]] = [[]]
    for i, (phone, begins) in enumerate(zip(utterance.phones, utterance.begins, strict=True)):
        current = phrases[-1]
        if phone.pause or begins or not current:
            current.append([i])
        else:
            current[-1].append(i)
        if phone.pause:
            phrases.append([])
    return [phrase for phrase in phrases if phrase]


def _syllables(word: list[int], utterance: Utterance, phones: PhoneSet) -> list[list[int]]:
    """A consonant before a vowel begins its syllable; others end the one before."""
    vowel = [phones.is_vowel(utterance.phones[i].name) for i in word]
    found: list[list[int]] = [[]]
    seen = False
    for place, number in enumerate(word):
        onset = not vowel[place] and place + 1 < len(word) and vowel[place + 1]
        hiatus = vowel[place] and place > 0 and vowel[place - 1]
        if seen and (onset or hiatus):
            found.append([])
            seen = False
        found[-1].append(number)
        seen = seen or vowel[place]
    return found


def _head(syllable: list[int], utterance: Utterance, phones: PhoneSet) -> int:
    return next((i for i in syllable if phones.is_vowel(utterance.phones[i].name)), syllable[0])
