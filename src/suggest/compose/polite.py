"""Plain and noun-ending sentences in です・ます style, by changing no more than the ending.

「対象者を選択」→「対象者を選択します。」, 「設定を開く」→「設定を開きます。」, 「30分だ」→「30分です。」. What stays is verbatim;
what is put in its place is one of a closed list of endings, so that a draft still shows what comes from where.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from suggest.text import Morpheme, morphemes

_STOP = re.compile(r"[。．.\s]+$")
_REASON_END = re.compile(r"(?<=[ぁ-ん])(?:ため|から)(?:です|でございます)[。．]?$")
_LABEL_END = re.compile(r"「([^「」]{1,20})」$")
_TAILS = (  # fixed noun endings: what is cut, what follows instead
    (re.compile(r"(?:が|は|も)?あり$"), "があります。"),
    (re.compile(r"(?:は|も)?なし$"), "はありません。"),
    (re.compile(r"(?<=[一-龥ァ-ヴー])不可$"), "できません。"),
    (re.compile(r"(?<=[一-龥ァ-ヴー])可$"), "できます。"),
)
_WHEN = re.compile(r"(?:とき|時|場合|際|ため)(?:には|は|に|、)[^は]*$")
_TOPIC = re.compile(r"(?<!とき)(?<!時)(?<!場合)(?<!際)(?<!に)(?<!で)は(?!せず|しない|[、]?[^。]*は)")
_OBJECT = re.compile(r"を[^、をは]{0,8}$")
_DONE_TO = frozenset("反映 表示 適用 保存 削除 通知 送信 記録 解除 更新 課金 集計 廃止 破棄 送付".split())
_POLITE_BEFORE = re.compile(r"(?:です|ます|ません|ました|でした|ください|下さい|ましょう|でしょう)$")
_ENDING = re.compile(
    r"(?:[いきぎしちにびみり])?(?:ま(?:す|せん|した|せんでした))。|です。|でした。|(?:し|され)ます。|"
    r"[っいんし]?[てで]ください。|があります。|(?:は)?ありません(?:でした)?。|できま(?:す|せん)。|。"
)


_DOES = re.compile(
    r"(?:(?P<suru>(?:選択|クリック|タップ|入力|移動|確認|実行|インストール|再起動|同期|特定|アップグレード|打刻|提出|(?:アプリ|OS|再度|上書きで)を?更新"
    r"|(?:手順|方法|コマンド|コマンドレット|モード|クライアント|アカウント|ブラウザー|ツール)を使用"
    r"|(?:ページ|サイト|ポータル|センター|[a-z/]) ?にアクセス|\[?(?:オン|オフ)\]? ?に)し)"
    r"|(?P<te>従い|開き|押し|試し|選び))ます[。．]?$",
    re.IGNORECASE,
)
_TE = {"従い": "って", "開き": "いて", "押し": "して", "試し": "して", "選び": "んで"}
_SOMEONE = re.compile(
    r"(?<!また)(?<!ある)(?<!に)(?<!場合)(?<!とき)(?<!時)(?<!際)(?<!後)(?<!前)(?<!次)(?<!として)(?<!日)は(?!い|せず)|が|自動|では|サポート|当社|弊社|担当|窓口|こちらで|にて|"
    r"(?:と|ば|たら|だり|たり)、|^\s*[|*]|[|] |(?:お客様|ユーザー|管理者|システム|アプリ)(?:に|は|が|側)"
)
"""Someone or something else may be what acts, or it follows from what is done."""
_WITHIN = re.compile(
    r"が[^、。がは]{1,24}(?:(?<!に[対関])する|した|している|される|された|されない|きない|できる|ない|ある|いる|なった|れた|れる)(?=[^、。ま])"
)
"""「エラーが表示される場合」: what acts within a clause is not what acts in the sentence."""


class Polite(NamedTuple):
    """How a sentence is made polite: ``text[:keep] + ending``."""

    keep: int
    ending: str


def is_ending(text: str) -> bool:
    """Tell whether ``text`` is one of the endings that may be put to a quotation."""
    return _ENDING.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def polite(sentence: str) -> Polite | None:
    """Return how to end a plain or noun-ending Japanese sentence politely; None when it cannot be told."""
    body = _STOP.sub("", sentence)
    if not body or _POLITE_BEFORE.search(body) or body[-1] in "：:」』)）]？?！!":
        return _after_label(body)
    for pattern, ending in _TAILS:
        found = pattern.search(body)
        if found and found.start() > 1:
            return Polite(found.start(), ending)
    words = [m for m in morphemes(body) if m.surface.strip()]
    if not words:
        return None
    last = words[-1]
    if last.pos[0] in ("動詞", "助動詞", "形容詞"):
        return _inflected(words, body)
    if last.pos[0] == "名詞" or last.pos[0] in ("接尾辞", "形状詞", "助詞", "代名詞"):
        return _noun(body, last, words[-2] if len(words) > 1 else None)
    return None


def told_apart(reason: str) -> Polite | None:
    """Return how to end a reason that stands apart from what it explains: 「…行っているためです」 → 「…行っています。」.

    None for a sentence that does not end in ためです or からです, or whose verb cannot be told.
    """
    found = _REASON_END.search(reason)
    if found is None or _POLITE_BEFORE.search(reason[: found.start()]):
        return None
    return polite(reason[: found.start()] + "。")


def requested(sentence: str) -> Polite | None:
    """Return how to ask the reader for what an article says is done: 「…を選択します。」 → 「…を選択してください。」.

    None unless it can be told that it is the reader who does it.
    """
    plain = polite(sentence)
    if plain is not None:
        told = sentence[: plain.keep] + plain.ending
        asked = requested(told)
        if asked is None:
            return None
        keep = min(plain.keep, asked.keep)
        return Polite(keep, told[keep : asked.keep] + asked.ending)
    found = _DOES.search(sentence)
    if found is None or _SOMEONE.search(_WITHIN.sub("", sentence)):
        return None
    if found.group("suru"):
        return Polite(found.end("suru"), "てください。")
    verb = found.group("te")
    te = _TE[verb]
    return Polite(
        found.end("te") - (0 if te == "して" else 1), "てください。" if te == "して" else f"{te}ください。"
    )


def _after_label(body: str) -> Polite | None:
    """「…を選び、「保存」」 → 「…を選び、「保存」します。」"""
    label = _LABEL_END.search(body)
    if label is None:
        return None
    inner = [m for m in morphemes(label.group(1)) if m.surface.strip()]
    if inner and inner[-1].pos[2] == "サ変可能" and label.start() and body[label.start() - 1] in "、で":
        return Polite(len(body), "します。")
    return None


def _noun(body: str, last: Morpheme, previous: Morpheme | None) -> Polite | None:
    if last.pos[0] == "助詞" and last.surface not in ("のみ", "から", "まで", "だけ", "ため", "ほど", "など"):
        return None
    if last.surface in ("こと", "もの", "よう", "とき", "場合", "際"):
        return None
    if last.pos[2] != "サ変可能" or last.surface in ("必要", "注意", "原則"):
        return Polite(len(body), "です。")
    before = re.sub("または|あるいは", "、", body[: last.start])
    if previous is not None and (
        previous.pos[0] in ("動詞", "形容詞", "連体詞") or previous.surface in ("の", "た", "な")
    ):
        return Polite(len(body), "です。")
    if _OBJECT.search(before):
        return Polite(len(body), "します。")
    if last.surface in _DONE_TO and _TOPIC.search(before) and not _WHEN.search(before):
        return Polite(len(body), "されます。")
    return Polite(len(body), "します。")


def _inflected(words: list[Morpheme], body: str) -> Polite | None:
    last = words[-1]
    past = last.pos[0] == "助動詞" and last.surface in ("た", "だ") and "タ" in last.pos[4]
    rest = words[:-1] if past else words
    if not rest:
        return None
    if not past and last.pos[0] == "助動詞" and last.normalized in ("だ", "です"):  # 「だ」「である」
        return Polite(last.start, "です。")
    head = rest[-1]
    if head.normalized == "有る" and len(rest) > 1 and rest[-2].surface == "で":
        return Polite(rest[-2].start, "でした。" if past else "です。")
    negative = head.normalized in ("ない", "無い") and head.surface in ("ない", "なかっ")
    if negative:
        stem = _stem(rest[-2]) if len(rest) > 1 and rest[-2].pos[0] in ("動詞", "助動詞") else None
        end = "ませんでした。" if past else "ません。"
        if stem is None:
            return Polite(head.start, f"あり{end}") if head.pos[0] == "形容詞" else None
        return _joined(rest[-2], stem, end)
    if head.pos[0] == "形容詞" and not past:
        return Polite(len(body), "です。")
    if head.pos[0] in ("動詞", "助動詞"):
        stem = _stem(head)
        return None if stem is None else _joined(head, stem, "ました。" if past else "ます。")
    return None


def _joined(word: Morpheme, stem: str, ending: str) -> Polite | None:
    common = 0
    while common < min(len(stem), len(word.surface)) and stem[common] == word.surface[common]:
        common += 1
    made = stem[common:] + ending
    return Polite(word.start + common, made) if is_ending(made) else None


def _stem(word: Morpheme) -> str | None:
    """Return the 連用形 of a verb, written as the word is: 選ぶ → 選び, 開ける → 開け, する → し."""
    kind, surface = word.pos[4], word.surface
    if kind.startswith("サ行変格"):
        root = re.sub(r"(?:する|し|さ|せ)$", "", surface)
        return f"{root}し"
    if kind.startswith("カ行変格"):
        return "来" if surface.startswith("来") else "き"
    if "一段" in kind or kind.startswith(("助動詞-レル", "助動詞-セル")):
        return surface.removesuffix("る") if word.pos[5].startswith(("終止", "連体")) else surface
    if kind.startswith("五段") or kind == "文語四段":
        row = kind.removeprefix("五段-")[0]
        base = {
            "カ": "き",
            "ガ": "ぎ",
            "サ": "し",
            "タ": "ち",
            "ナ": "に",
            "バ": "び",
            "マ": "み",
            "ラ": "り",
            "ワ": "い",
        }.get(row)
        return None if base is None else surface[:-1] + base
    return None
