"""How much a reviewer changed a draft."""

from __future__ import annotations


def edit_distance(before: str, after: str) -> float:
    """Return the Levenshtein distance over the length of the longer text: 0 the same, 1 nothing in common."""
    longest = max(len(before), len(after))
    return round(levenshtein(before, after) / longest, 4) if longest else 0.0


def levenshtein(a: str, b: str) -> int:
    """Return the least number of insertions, deletions and replacements that turn ``a`` into ``b``.

    Myers' bit-parallel algorithm in Hyyrö's form (2003): one column of the table is one pair of whole numbers.
    """
    if len(a) < len(b):
        a, b = b, a
    if not b:
        return len(a)
    places: dict[str, int] = {}
    for i, character in enumerate(b):
        places[character] = places.get(character, 0) | 1 << i
    full, last = (1 << len(b)) - 1, 1 << (len(b) - 1)
    plus, minus, distance = full, 0, len(b)
    for character in a:
        here = places.get(character, 0)
        diagonal = (((here & plus) + plus) ^ plus) | here | minus
        up = minus | ~(diagonal | plus) & full
        down = plus & diagonal
        distance += bool(up & last) - bool(down & last)
        up = up << 1 | 1
        plus = (down << 1 | ~(diagonal | up)) & full
        minus = up & diagonal & full
    return distance
