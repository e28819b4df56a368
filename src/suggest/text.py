"""The one place where text becomes tokens.

Both retrieval legs, and everything that looks at words, use the same analysis:

``clean`` (NFKC, no invisible characters) → Sudachi, split mode A → normalised forms of content
words, English words stemmed, and codes such as ``AADSTS50034`` or ``R123-78`` kept whole as well.
Japanese and English go through the same function.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple

Language = Literal["ja", "en"]

ANALYSIS_VERSION = 1
"""Part of every model fingerprint: raise it when ``tokens`` changes what it returns."""

_SHORT = 2_000  # characters of a text that is worth remembering
_REMEMBERED = 8
"""Texts whose units a thread keeps: masking, names and index terms look at the same ones in turn."""
_CHUNK_BYTES = 40_000  # Sudachi refuses more than 49,149 bytes at a time

# Zero-width, bidi controls, soft hyphen, variation selectors, tags, BOM: never visible, often hostile.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_SPACES = re.compile(r"[^\S\n]+")

_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]+")
_LATIN = re.compile(r"[A-Za-z]+")
_LATIN_WORD = re.compile(r"[a-z]+\Z")

_MARK = re.compile(r"(?P<open>[「『(（\[［【〔])|(?P<close>[」』)）\]］】〕])|[。！？!?｡]|\.(?=\s|\Z)")
_DIGIT = re.compile(r"\d")
_CODE_SHAPE = re.compile(r"(?<![A-Za-z0-9@])[A-Za-z0-9]+(?:[-._][A-Za-z0-9]+)*(?![A-Za-z0-9@])", re.ASCII)

_CONTENT = frozenset({"名詞", "動詞", "形容詞", "形状詞", "副詞", "接尾辞", "接頭辞", "連体詞", "記号"})
_STOP = frozenset(
    "為る 有る 居る 成る 出来る 言う 行く 来る 見る 下さる 頂く 致す 御座る 申す 仰る 仕舞う 呉れる 貰う 遣る 置く "
    "事 物 為 様 方 所 時 訳 筈 儘 此の 其の 彼の 何の 此れ 其れ 彼れ 何れ 此処 其処 何処 こう そう ああ どう 何 "
    "御 さん 様 達 等 迄 程 者 的 無い 良い 宜しい 又 尚 更に 先ず".split()
)
_ENGLISH_STOP = frozenset(
    "a an the and or but if then so of to in on at by for from with about as into is am are was were be been "
    "being do does did doing done have has had having i im ive me my we our us you your he she it its they them "
    "their this that these those there here what which who whom how when where why can could would should will "
    "shall may might must not no nor dont doesnt didnt cant cannot s t d ll m re ve didn don doesn isn wasn "
    "please thanks thank hello hi hey dear regards also just any some".split()
)


class Morpheme(NamedTuple):
    """One Sudachi unit (split mode A) of a cleaned text."""

    surface: str
    normalized: str
    pos: tuple[str, ...]
    """Sudachi's six part-of-speech fields."""
    start: int
    """Offset of the first character in the text that was analysed."""
    end: int


_Units = list[tuple[Any, int]]
"""For each part of a text its Sudachi units, and where it begins."""


class Span(NamedTuple):
    """A stretch of a text: ``text[start:end]``."""

    text: str
    start: int
    end: int


def clean(text: str) -> str:
    """Return ``text`` in NFKC without invisible and control characters.

    Line ends become ``\\n``; runs of other white space become one blank. Half-width kana and
    full-width digits come out in their usual width.
    """
    text = _LINE_END.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _CONTROL.sub("", text)
    text = unicodedata.normalize("NFKC", text)
    text = _INVISIBLE.sub("", text)  # NFKC can bring some back
    return _SPACES.sub(" ", text).strip()


def detect_language(text: str) -> Language:
    """Tell Japanese from English by script; any real share of kana or kanji means Japanese."""
    japanese = sum(map(len, _JAPANESE.findall(text)))
    latin = sum(map(len, _LATIN.findall(text)))
    if japanese == 0:
        return "en" if latin else "ja"
    # One Japanese character carries about as much as three Latin letters.
    return "ja" if japanese * 3 >= latin * 0.5 else "en"


def morphemes(text: str) -> list[Morpheme]:
    """Analyse ``text`` (as it is; call :func:`clean` first) into morphemes with offsets into it."""
    return list(_few_morphemes(text) if len(text) <= _SHORT else _morphemes(text))


class Sought(NamedTuple):
    """What :func:`morphemes_if` looks for."""

    pos: Callable[[tuple[str, ...]], bool]
    """Tells parts of speech that are sought, whatever the word."""
    nouns: frozenset[str]
    """Nouns that are sought whatever their kind; each a single character."""


def morphemes_if(text: str, sought: Sought) -> list[Morpheme]:
    """Return :func:`morphemes` of ``text`` when one of them is sought, else nothing, in half the time."""
    analysed = _units(text)
    is_sought, is_noun = _matcher(sought.pos), _matcher(_is_noun)
    here = sought.nouns.intersection(text)
    for units, _ in analysed:
        for m in units:
            if is_sought(m) or (here and is_noun(m) and m.surface() in here):
                return _with_offsets(text, analysed)
    return []


@lru_cache(maxsize=8)
def _matcher(wanted: Callable[[tuple[str, ...]], bool]) -> Callable[[Any], bool]:
    """Return a function that tells whether ``wanted`` is true of a Sudachi unit's part of speech."""
    _sudachi()
    matcher: Callable[[Any], bool] = _dictionary.pos_matcher(wanted)
    return matcher


def _is_noun(pos: tuple[str, ...]) -> bool:
    return pos[0] == "名詞"


@lru_cache(maxsize=32)
def _few_morphemes(text: str) -> tuple[Morpheme, ...]:
    """Remember the last short texts: names, requests and masking look at the same ones."""
    return tuple(_morphemes(text))


def _morphemes(text: str) -> list[Morpheme]:
    return _with_offsets(text, _units(text))


def _with_offsets(text: str, analysed: _Units) -> list[Morpheme]:
    found: list[Morpheme] = []
    for units, offset in analysed:
        for m in units:
            start, end = offset + m.begin(), offset + m.end()
            found.append(
                Morpheme(text[start:end], m.normalized_form(), _pos(m.part_of_speech_id()), start, end)
            )
    return found


def tokens(text: str) -> list[str]:
    """Return the index terms of ``text`` in order: normalised content words, then whole codes.

    Used alike for entries and inquiries, by the lexical leg and by the bundled models.
    """
    return [term for term, _ in tokens_with_surfaces(text)]


def tokens_with_surfaces(text: str) -> list[tuple[str, str]]:
    """Return each index term together with the word (cleaned, lower case) that it was made from."""
    lowered = clean(text).lower()
    return list(_analysed(lowered) if len(lowered) <= _SHORT else _analyse(lowered))


@lru_cache(maxsize=32)
def _analysed(lowered: str) -> tuple[tuple[str, str], ...]:
    """Remember the last short texts: both legs and the judge analyse the same inquiry."""
    return tuple(_analyse(lowered))


def _analyse(lowered: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for units, _ in _units(lowered):
        for m in units:
            if _is_content(m.part_of_speech_id()):
                surface = m.surface()
                term = _term(surface, m.normalized_form())
                if term:
                    found.append((term, surface))
    found.extend((span.text, span.text) for span in codes(lowered))
    return found


def codes(text: str) -> list[Span]:
    """Find codes that must be kept verbatim: ``AADSTS50034``, ``R123-78``, ``5.1.90``, ``0x80070005``.

    A code mixes letters and digits (four characters or more), or is digits joined by separators
    (two dots, or five digits with a hyphen). Words, plain numbers and mail addresses are not codes.
    """
    if not _DIGIT.search(text):
        return []
    return [
        Span(match.group(), match.start(), match.end())
        for match in _CODE_SHAPE.finditer(text)
        if _is_code(match.group())
    ]


def sentences(text: str) -> list[Span]:
    """Split ``text`` into sentences with offsets; a line break always ends one.

    Full stops inside brackets or quotation marks and inside figures do not end a sentence.
    """
    found: list[Span] = []
    for line in re.finditer(r"[^\n]+", text):
        start = line.start()
        depth = 0
        chars = line.group()
        for mark in _MARK.finditer(chars):
            if mark.lastgroup == "open":
                depth += 1
            elif mark.lastgroup == "close":
                depth = max(0, depth - 1)
            elif depth == 0 and _ends_sentence(chars, mark.start()):
                _add(found, text, start, line.start() + mark.end())
                start = line.start() + mark.end()
        _add(found, text, start, line.end())
    return found


def _ends_sentence(line: str, i: int) -> bool:
    char = line[i]
    following = line[i + 1 : i + 2]
    if char in "。！？!?｡":
        return following not in tuple("。！？!?｡」』)）")
    if char == "." and (following == "" or following.isspace()):
        word = line[:i].rsplit(" ", 1)[-1]
        if word.isdigit() and line[:i].strip() == word:  # the "1." of a numbered step
            return False
        return word.lower() not in {
            "e.g",
            "i.e",
            "mr",
            "ms",
            "mrs",
            "dr",
            "no",
            "vs",
            "ver",
            "inc",
            "co",
            "ltd",
        }
    return False


def _add(found: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        found.append(Span(text[start:end], start, end))


def _is_code(shape: str) -> bool:
    digits = sum(c.isdigit() for c in shape)
    if digits == 0:
        return False
    if any(c.isalpha() for c in shape):
        return len(shape) >= 4 and not re.fullmatch(r"\d+[a-z]+", shape, re.IGNORECASE)
    return shape.count(".") >= 2 or ("-" in shape and digits >= 5)


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Cut ``text`` into pieces that Sudachi accepts, at line or sentence ends where possible."""
    if len(text) * 4 <= _CHUNK_BYTES:
        if text:
            yield text, 0
        return
    size = _CHUNK_BYTES // 4
    start = 0
    while start < len(text):
        end = min(len(text), start + size)
        if end < len(text):
            cut = max(text.rfind(mark, start + size // 2, end) for mark in "\n。. ")
            end = cut + 1 if cut > 0 else end
        yield text[start:end], start
        start = end


_INFLECTIONS = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))


@lru_cache(maxsize=4096)
def _is_content(pos_id: int) -> bool:
    return _pos(pos_id)[0] in _CONTENT


@lru_cache(maxsize=200_000)
def _term(surface: str, normalized: str) -> str:
    if _LATIN_WORD.match(surface):
        if surface in _ENGLISH_STOP:
            return ""
        past = surface.endswith("ed")  # Sudachi knows "charged" as a word of its own
        return _english(surface) if past or normalized.isascii() else normalized
    term = normalized.lower().strip()
    if term in _STOP or not any(c.isalnum() for c in term):
        return ""
    return term.replace(" ", "")


_local = threading.local()
_dictionary_lock = threading.Lock()
_dictionary: Any = None


def _sudachi() -> Any:
    """Return this thread's tokenizer; the dictionary is shared."""
    tokenizer = getattr(_local, "tokenizer", None)
    if tokenizer is None:
        from sudachipy import Dictionary, SplitMode

        global _dictionary
        with _dictionary_lock:
            if _dictionary is None:
                _dictionary = Dictionary(dict="core")
        tokenizer = _local.tokenizer = _dictionary.tokenizer(mode=SplitMode.A)
    return tokenizer


@lru_cache(maxsize=20_000)
def in_dictionary(word: str) -> bool:
    """Tell whether Sudachi's dictionary has ``word``, or words that it is made of."""
    return not any(unit.is_oov() for unit in _sudachi().tokenize(word))


def _units(text: str) -> _Units:
    """Return Sudachi's units of each part of ``text``, and where the part begins.

    Sudachi looks words up without regard to case, so that a text and its lower case have the same units.
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text
    if len(lowered) > _SHORT:
        return _tokenized(lowered)
    remembered = getattr(_local, "units", None)
    if remembered is None:
        remembered = _local.units = lru_cache(maxsize=_REMEMBERED)(_tokenized)
    found: _Units = remembered(lowered)
    return found


def _tokenized(text: str) -> _Units:
    return [(_sudachi().tokenize(part), offset) for part, offset in _parts(text)]


@lru_cache(maxsize=4096)
def _pos(pos_id: int) -> tuple[str, ...]:
    _sudachi()
    return tuple(_dictionary.pos_of(pos_id))


@lru_cache(maxsize=100_000)
def _english(word: str) -> str:
    """Return the Japanese loan word of an inflected English word (invoices → インボイス), or its stem."""
    for ending, replacement in _INFLECTIONS:
        base = word.removesuffix(ending) + replacement
        if word.endswith(ending) and len(base) >= 4:
            units = list(_sudachi().tokenize(base))
            if len(units) == 1 and not units[0].normalized_form().isascii():
                return str(units[0].normalized_form())
    stemmer = getattr(_local, "stemmer", None)
    if stemmer is None:
        import snowballstemmer

        stemmer = _local.stemmer = snowballstemmer.stemmer("english")
    return str(stemmer.stemWord(word))
