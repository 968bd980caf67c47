"""English sentences: words that hold all phones of the language, put together by a few patterns."""

from __future__ import annotations

WORDS: dict[str, tuple[str, ...]] = {
    "person": (
        "the teacher", "my brother", "her cousin", "the young judge", "a quiet neighbor",
        "the old fisherman", "our doctor", "the girl", "that boy", "the painter", "a singer",
        "the captain", "his daughter", "the farmer", "a tall nurse", "the baker", "my uncle",
        "the queen", "a clever student", "the guard", "their lawyer", "the child", "a stranger",
        "the musician", "your friend", "the engineer",
    ),
    "people": (
        "the children", "my parents", "the players", "two sailors", "the workers", "our guests",
        "many visitors", "the twins", "three soldiers", "the writers", "some travelers",
        "the neighbors",
    ),
    "thing": (
        "a yellow book", "the broken chair", "a fresh loaf", "the blue jacket", "an orange",
        "the heavy box", "a silver watch", "the letter", "a sharp knife", "the green bottle",
        "a cheap ticket", "the garage key", "a thick rope", "the wooden boat", "a bowl of soup",
        "the newspaper", "a piece of cheese", "the large map", "an umbrella", "the red bicycle",
        "a pair of shoes", "the radio", "a birthday cake", "the golden ring", "a small mirror",
        "the white shirt", "a jar of honey", "the toy horse", "a zebra picture", "the treasure",
    ),
    "place": (
        "in the garden", "behind the church", "near the river", "on the bridge", "at the station",
        "under the oak tree", "in the kitchen", "beside the road", "at school", "in the valley",
        "on the beach", "around the corner", "in a narrow street", "above the village",
        "at the market", "inside the theater", "by the fire", "across the field",
    ),
    "time": (
        "this morning", "last night", "on Monday", "before lunch", "in July", "after the storm",
        "every Thursday", "at noon", "a week ago", "in the evening", "during the winter",
        "at six o'clock", "yesterday", "on her birthday",
    ),
    "did": (
        "bought", "found", "carried", "lost", "painted", "touched", "sold", "washed", "dropped",
        "borrowed", "watched", "saved", "brought", "hid", "fixed", "measured", "chose",
        "gave away", "pushed", "wanted", "noticed", "opened", "enjoyed", "threw",
    ),
    "went": (
        "waited", "slept", "laughed", "walked slowly", "sang together", "stood", "talked",
        "danced", "worked hard", "sat down", "ran", "argued", "stayed", "rested", "played chess",
        "cheered",
    ),
    "do": (
        "buy", "find", "carry", "lose", "paint", "touch", "sell", "wash", "drop", "borrow",
        "watch", "save", "bring", "hide", "fix", "measure", "choose", "push", "want", "open",
    ),
    "how": (
        "usually", "never", "quickly", "quietly", "finally", "suddenly", "gladly", "often",
        "carefully", "already", "probably", "certainly",
    ),
    "weather": (
        "the wind was cold", "it rained for hours", "the sun came out", "the road was icy",
        "the moon was bright", "a thick fog rose", "the air smelled of smoke",
        "the thunder grew louder", "the snow was deep", "the sky turned purple",
    ),
    "is": (
        "hungry", "tired", "very proud", "rather nervous", "healthy", "angry", "full of joy",
        "sure", "asleep", "in a hurry", "thirsty", "glad", "shy", "afraid of mice", "choosy",
        "thoughtful",
    ),
}  # fmt: skip

PATTERNS: tuple[str, ...] = (
    "{person} {did} {thing} {place}.",
    "{time} {person} {how} {did} {thing}.",
    "{people} {went} {place}, because {weather}.",
    "did {person} {do} {thing} {time}?",
    "{person} is {is}, but {people} {went} {place}.",
    "when {weather}, {people} {did} {thing}.",
    "why did {people} {do} {thing} {place}?",
    "{people} {how} {did} {thing}, and {person} {went}.",
    "{weather} {time}, so {person} {did} {thing}.",
    "we should {do} {thing} {time}.",
    "is {person} {is}, or did {people} {do} {thing}?",
    "{person} and {person} {went} {place} {time}.",
)
