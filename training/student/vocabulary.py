"""One tokenizer for both languages: MiniLM's English word pieces and Japanese pieces, in one file.

Japanese text is cut where scripts change (katakana against kanji and hiragana, both against Latin), and
each stretch is read from the left by the longest known piece. The pieces are Sudachi's short units as
written in the training text, frequent chains of hiragana (``することができます``) and common words of
chiVe. Sudachi chooses the pieces; it is not needed to read a text.

A Japanese piece is the same piece at the start of a stretch and inside it, so both forms of its name
lead to one row. Kanji without a row of their own lead to ``[UNK]``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from suggest.text import clean, morphemes

JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff々〆〇]+")
KATAKANA = "\u30a1-\u30fa\u30fc"
OTHER = "\u3041-\u3096\u3400-\u4dbf\u4e00-\u9fff々〆〇"
ONE_SCRIPT = re.compile(f"[{KATAKANA}]+|[{OTHER}]+")
HIRAGANA = re.compile("[\u3041-\u3096]+")
LONGEST_PIECE = 14


class Units:
    """Counts of Sudachi units as written, with their dictionary forms, and of chains of hiragana units."""

    def __init__(self) -> None:
        self.surfaces: Counter[str] = Counter()
        self.chains: Counter[str] = Counter()
        self.lemmas: dict[str, Counter[str]] = {}

    def add(self, text: str) -> None:
        """Count the units of ``text``."""
        chain: list[str] = []
        for m in morphemes(clean(text).lower()):
            surface = m.surface
            if ONE_SCRIPT.fullmatch(surface) and len(surface) <= LONGEST_PIECE:
                self.surfaces[surface] += 1
                self.lemmas.setdefault(surface, Counter())[m.normalized] += 1
            if HIRAGANA.fullmatch(surface):
                chain.append(surface)
                for size in range(2, 6):
                    if len(chain) >= size:
                        joined = "".join(chain[-size:])
                        if len(joined) <= 10:
                            self.chains[joined] += 1
            else:
                chain.clear()


def choose_pieces(units: Units, common: Iterable[str], size: int, chains: int = 1500) -> list[str]:
    """Return ``size`` Japanese pieces: single characters, frequent units and chains, then common words."""
    pieces: dict[str, None] = {}
    characters: Counter[str] = Counter()
    for surface, count in units.surfaces.items():
        for character in surface:
            characters[character] += count
    for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), 0x30FC):
        pieces[chr(code)] = None
    for character, count in characters.most_common():
        if count >= 2:
            pieces[character] = None
    ranked = sorted(units.chains.items(), key=lambda item: (-item[1] * (len(item[0]) - 1), item[0]))
    for chain, _ in ranked[:chains]:
        pieces[chain] = None
    for surface, count in sorted(units.surfaces.items(), key=lambda item: (-item[1], item[0])):
        rare_kana = bool(HIRAGANA.fullmatch(surface)) and count < 5
        if count >= 2 and not rare_kana:
            pieces[surface] = None
    for word in common:
        if len(pieces) >= size:
            break
        if ONE_SCRIPT.fullmatch(word) and 2 <= len(word) <= 8 and not HIRAGANA.fullmatch(word):
            pieces[word] = None
    return list(pieces)[:size]


def english_pieces(vocabulary: dict[str, int]) -> list[str]:
    """Return the teacher's pieces that are kept, special ones first: Latin words, digits, symbols."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    kept = []
    for piece in sorted(vocabulary, key=lambda name: vocabulary[name]):
        bare = piece.removeprefix("##")
        if piece in special or piece.startswith("[unused") or JAPANESE.search(bare):
            continue
        if bare.isascii() or (len(bare) == 1 and not unicodedata.category(bare).startswith("Lo")):
            kept.append(piece)
    return special + kept


def write_tokenizer(english: list[str], japanese: list[str], path: Path) -> None:
    """Write ``tokenizer.json``: the rows are ``english`` and then ``japanese``."""
    rows = {piece: i for i, piece in enumerate(english)}
    unknown = rows["[UNK]"]
    for i, piece in enumerate(japanese):
        rows[piece] = rows[f"##{piece}"] = len(english) + i
    for code in range(0x4E00, 0xA000):
        rows.setdefault(chr(code), unknown)
        rows.setdefault(f"##{chr(code)}", unknown)
    for character in "々〆〇":
        rows.setdefault(character, unknown)
        rows.setdefault(f"##{character}", unknown)
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": i,
                "content": english[i],
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i in range(5)
        ],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFKC"},
                {
                    "type": "BertNormalizer",
                    "clean_text": True,
                    "handle_chinese_chars": False,
                    "strip_accents": False,
                    "lowercase": True,
                },
                {"type": "NFD"},
                {"type": "Replace", "pattern": {"Regex": "(?<=[a-z])\\p{Mn}+"}, "content": ""},
                {"type": "NFC"},
            ],
        },
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "BertPreTokenizer"},
                {
                    "type": "Split",
                    "pattern": {"Regex": f"[{KATAKANA}]+|[{OTHER}]+"},
                    "behavior": "Isolated",
                    "invert": False,
                },
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
            ],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [rows["[CLS]"]], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [rows["[SEP]"]], "tokens": ["[SEP]"]},
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 1000,
            "vocab": rows,
        },
    }
    path.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
