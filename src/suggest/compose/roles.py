"""What a sentence does: conclusion, cause, condition, note, reference, contact, plain (体言止め).

Japanese endings carry the role (です・ます forms, 〜ため, 〜場合は), so patterns over the ends and
beginnings of sentences find it; English goes by its signal words. Everything works on the text as stored.
"""

from __future__ import annotations

import re
from typing import Literal

Role = Literal[
    "conclusion", "cause", "condition", "note", "reference", "contact", "plain", "fragment", "heading"
]

_TAIL = r"[。．.!！\s]*$"
_POLITE = re.compile(
    r"(?:です|ます|ません|ました|でした|ください|下さい|でしょう|ましょう|ませ)(?:か|ね|よ|が)?(?:\s?[(（][^()（）]{1,80}[)）])?[。．.!！?？)）」\"\s]*$"
)
_ACTION = re.compile(
    r"(?:ください|下さい|ましょう|ます|する|す|く|ぐ|る|つ|ぶ|む|う|ぬ|願います|いたします)" + _TAIL
)
_NOT_ACTION = re.compile(
    r"(?:です|できます|いません|あります|なります|ています|されます|れます|できる|ある|なる|いる|ません|ない|こと|とき|場合)"
    + _TAIL
)
_ENGLISH_ACTION = re.compile(
    r"^(?:[\[\"“']|(?:then|next|first|finally|please|now|if [^,]{3,60}),?\s+)?"
    r"(?:select|click|choose|open|go|enter|type|press|tap|sign|log|check|make|set|turn|add|remove|copy|paste|save|"
    r"download|upload|install|reinstall|restart|update|ask|use|find|try|wait|scan|confirm|contact|send|create|"
    r"run|move|clear|switch|register|look|in the|under|on the)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"ため(?:です|である|、|に、|でございます|だ)|ためです|からです|(?<=[すたいだ])ので、|が原因|原因は|原因の|によるもの|理由は"
    r"|仕様(?:です|となって|のため)|可能性(?:があ|が高|がござ)|仕組み(?:です|になって|と|のため)|を示(?:すコード|してい)"
)
_ENGLISH_CAUSE = re.compile(
    r"\b(?:because|since|due to|caused by|the reason|this is why|so that|means that)\b", re.I
)
_REFERENCE = re.compile(
    r"(?:を|も|から|の記事|のページ|にて)?(?:ご?参照|ご覧|お読み|ご一読)(?:してください|ください|下さい|いただ|します|する|になって|願)"
    r"|「[^」]{2,80}」\s*の手順に従|「[^」]{2,80}」\s*(?:に記載|で説明)されている(?!よう)|「[^」]{2,80}」\s*(?:に従って|に記載|で説明|を試す|の説明|に移動)[^。]{0,16}[。]?$"
    r"|(?:次|以下|下記)の(?:リソース|ガイド|ドキュメント|資料)|のヘルプを表示します。?$|^(?:関連項目|関連情報|詳細情報|参考)\b|^(?:詳細|詳しく)(?:については|は|情報)"
    r"|\b(?:see|refer to|read|learn more|for more (?:information|details))\b[^.]{0,120}\.?$",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"いずれか|one of the following|either of", re.IGNORECASE)
_NAMED = re.compile(r"「[^「」]{4,80}」(?!や|のような)")
_QUESTION = re.compile(r"(?:です|ます|ません|でしょう|ました|でした)か[。？?]*$|\?$")
_REMEDY = re.compile(
    r"(?:ない|ません|ている|た|問題がある|(?:エラー|問題)が(?:ある|発生する|起きる))(?:場合|とき|際)(?:に)?は、[^。]*「[^「」]{4,80}」"
)
_FOLLOWED = re.compile(r"「[^「」]{4,80}」の手順に(?:従|沿)")
_NOTE = re.compile(
    r"^(?:※|\*\s|注意?(?:意事項)?\s*[:：]|注意?\s|重要|ヒント|メモ|備考|なお|ただし|但し|例外|note\b|caution|important\b|however)",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"(?:お問い?合わ?せ|ご連絡|ご相談|お電話|お申し付け|お知らせ)(?:を)?(?:ください|下さい|いただ|願|お願い)"
    r"|(?:サポート|窓口|担当|ヘルプデスク)[^。]{0,20}(?:連絡|問い合わせ)"
    r"|\b(?:contact us|contact support|get in touch|reach out|let us know)\b",
    re.IGNORECASE,
)
_MENU = re.compile(r"[>＞].*(?:選択|変更|クリック|タップ|押す|する|入力|確認|オン|オフ|開く|選ぶ)$")
_REQUEST = re.compile(r"(?:ください|下さい|ましょう|お願いいたします|お願いします)" + _TAIL)
_CONDITION = re.compile(r"(?:場合|とき|時|際)(?:は|には|に)?[、:：]?\s*$|には[、:：]\s*$")
_INTRO = re.compile(
    r"(?:以下|下記|次|つぎ)の[^。]{0,24}(?:手順|操作|方法|順|とおり|通り|ように|項目|いずれか|点|条件|内容|もの|場合|設定|ステップ|種類|オプション|こと|リンク|記事)"
    r"|(?:以下|下記|次)(?:を|に|は|では|が|から|です)|手順[^。]{0,12}(?:とおり|通り|です|以下|次|:|：)"
    r"|(?:には|場合は?|手順|とき)\s*[:：]\s*$|下に示す|次のとおり|次に示"
    r"|\b(?:following|steps? below|these steps|as follows|here'?s how|do this|below)\b|^(?:to|if|when)\b[^.]{0,80}:\s*$",
    re.IGNORECASE,
)
_JAPANESE = re.compile("[\u3041-\u30ff\u3400-\u9fff]")


def is_japanese(text: str) -> bool:
    """Tell whether any kana or kanji occurs."""
    return _JAPANESE.search(text) is not None


def is_polite(sentence: str) -> bool:
    """Tell whether a sentence ends in です・ます style (English sentences always pass)."""
    return _POLITE.search(sentence) is not None or (
        not is_japanese(sentence) and len(sentence) > 3 and sentence.rstrip()[-1:] in ".!?)\"'”"
    )


def is_question(sentence: str) -> bool:
    """Tell whether a sentence asks the reader something (「問題が発生していませんか。」)."""
    return _QUESTION.search(sentence) is not None


def is_instruction(sentence: str) -> bool:
    """Tell whether a sentence tells the reader to do something."""
    if not is_japanese(sentence):
        return _ENGLISH_ACTION.search(sentence) is not None
    return _ACTION.search(sentence) is not None and _NOT_ACTION.search(sentence) is None


def introduces(sentence: str) -> bool:
    """Tell whether a sentence announces what stands below it (「次の手順に従います」)."""
    return _INTRO.search(sentence) is not None


def role_of(sentence: str) -> Role:
    """Say what a sentence does."""
    if _REFERENCE.search(sentence):
        return "reference"
    if _NOTE.search(sentence):
        return "note"
    if _CONTACT.search(sentence):
        return "contact"
    if _CONDITION.search(sentence):
        return "condition"
    if not is_polite(sentence) and not (is_instruction(sentence) and sentence.rstrip()[-1:] in "。．."):
        return "plain" if sentence.rstrip()[-1:] == "。" or _MENU.search(sentence) else "fragment"
    japanese = is_japanese(sentence)
    if (_CAUSE if japanese else _ENGLISH_CAUSE).search(sentence) and not is_request(sentence):
        return "cause"
    return "conclusion"


def gives_choice(sentence: str) -> bool:
    """Tell whether a sentence announces alternatives (「次のいずれかの手順」)."""
    return _CHOICE.search(sentence) is not None


def names_document(sentence: str) -> bool:
    """Tell whether a reference names what is to be read, so that the reader can look for it."""
    return _NAMED.search(sentence) is not None


def is_remedy(sentence: str) -> bool:
    """Tell whether a reference is what to do when something is wrong: 「エラーが表示されている場合は、「…」を参照してください。」"""
    return _REMEDY.search(sentence) is not None and _REFERENCE.search(sentence) is not None


def follows_document(sentence: str) -> bool:
    """Tell whether a sentence says that the procedure is the one of a named document."""
    return _FOLLOWED.search(sentence) is not None


def is_request(sentence: str) -> bool:
    """Tell whether a sentence asks the reader politely to act (〜ください)."""
    if not is_japanese(sentence):
        return _ENGLISH_ACTION.search(sentence) is not None
    return _REQUEST.search(sentence) is not None
