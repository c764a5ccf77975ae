"""Forms of English verbs: walk -> walks, walking, walked; and back."""

from __future__ import annotations

#: Past forms and others that the rules below do not give -> base form.
IRREGULAR = {
    "ran": "run", "stood": "stand", "sat": "sit", "threw": "throw", "bent": "bend", "knelt": "kneel", "swung": "swing",
    "went": "go", "held": "hold", "caught": "catch", "fell": "fall", "lay": "lie", "lying": "lie", "swam": "swim",
    "drank": "drink", "ate": "eat", "shook": "shake", "hit": "hit", "put": "put", "leapt": "leap", "crept": "creep",
}  # fmt: skip


def inflections(lemma: str) -> tuple[str, str, str]:
    """walk -> walks, walking, walked, by the spelling rules of English."""
    third = lemma + ("es" if lemma.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    stem = lemma
    if lemma.endswith("e") and not lemma.endswith(("ee", "ye", "oe")):
        stem = lemma[:-1]
    elif _doubles(lemma):
        stem = lemma + lemma[-1]
    past = stem + "ed"
    if len(lemma) > 2 and lemma.endswith("y") and lemma[-2] not in "aeiou":
        third, past = lemma[:-1] + "ies", lemma[:-1] + "ied"
    return third, (lemma[:-2] + "ying" if lemma.endswith("ie") else stem + "ing"), past


def _doubles(lemma: str) -> bool:
    """One syllable, consonant-vowel-consonant: run -> running."""
    vowels = [letter in "aeiou" for letter in lemma.replace("qu", "qq")]  # squat: the u is part of the qu
    return len(lemma) >= 3 and vowels[-3:] == [False, True, False] and sum(vowels) == 1 and lemma[-1] not in "wxy"


def base_forms(word: str) -> list[str]:
    """Base forms that a word may be a form of, the likeliest first; the word itself when it has no such ending."""
    if word.endswith("ing") and len(word) > 5:
        stem = word[:-3]
    elif word.endswith("ies") or word.endswith("ied"):
        return [word[:-3] + "y", word[:-1]]  # carries, and lies
    elif word.endswith("ed") and len(word) > 4:
        stem = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        if word.endswith(("sses", "xes", "ches", "shes")):  # crosses, lurches: most bases end without an e
            return [word[:-2], word[:-1]]
        return [word[:-1], *([word[:-2]] if word.endswith("es") else [])]
    else:
        return [word]
    single = [stem[:-1]] if len(stem) > 2 and stem[-1] == stem[-2] else []
    return [*single, stem, stem + "e"]
