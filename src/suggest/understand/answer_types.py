"""What kind of answer a question asks for, and whether a text holds something of that kind."""

from __future__ import annotations

import re
from functools import lru_cache

_ASKS: dict[str, str] = {
    "price": r"いくら|何円|料金|費用|価格|値段|金額は|how much|price|cost|fee\b",
    "time": r"いつ|何時|何日|何か月|何ヶ月|何年|期限|期間|日数|所要時間|どのくらい(?:の時間)?かか|どれくらい(?:の時間)?かか"
    r"|\bwhen\b|how long|deadline",
    "number": r"いくつ|何(?:人|個|件|台|回|文字|桁|枚)|上限|最大|制限は|容量|how many|limit|maximum",
    "place": r"どこ|どちら(?:から|で|に)|場所|見つから(?:な|ず)|見当たら|\bwhere\b|(?:can't|cannot) find",
    "reason": r"なぜ|何故|どうして|なんで|理由|原因|\bwhy\b|reason",
    "procedure": r"方法|手順|やり方|仕方|どうすれば|どうやって|どのように|どうしたら|教えて|したい|させたい|how (?:do|can|to|should)"
    r"|steps? to|want to|would like to",
    "permission": r"できますか|可能(?:です|でしょう)?か|できるの?でしょうか|ますか|対応していますか|使えますか|大丈夫ですか"
    r"|\b(?:can|may|could) (?:i|we|you|it)\b|is it possible|does it|do you|allowed|support",
}
_HOLDS: dict[str, str] = {
    "price": r"\d[\d,]*(?:\.\d+)? ?(?:円|ドル|ユーロ|万円)|[¥$€£] ?\d|無料|有料|free of charge",
    "time": r"\d+ ?(?:分|時間|日|営業日|週間|か月|ヶ月|カ月|年|秒)|\d{1,2}:\d\d|\d+ (?:minute|hour|day|week|month|year)|すぐに|immediately",
    "number": r"\d+ ?(?:人|名|個|件|台|回|文字|桁|枚|GB|MB|TB|KB|ユーザー|users?|%|characters|items|files)|上限|無制限|unlimited",
    "place": r"[>＞→]|画面|メニュー|タブ|ボタン|ページ|設定|menu|tab\b|page|button|settings|select|click",
    "reason": r"ため|ので|から(?:です|、)|原因|理由|because|due to|caused|reason",
    "procedure": r"(?:^|\n)\s*(?:\d+[.)．、]|[①-⑳]|手順)|クリック|選択し|押し|タップ|開き|入力し|click|select|tap\b|choose|enter\b|open\b",
    "permission": r"できま(?:す|せん)|可能|対応して|いただけま|使えま|ご利用(?:いただけ|にな)|\bcan(?:not)?\b|can't|supported|allowed|available",
}
_ASK = {kind: re.compile(words, re.IGNORECASE) for kind, words in _ASKS.items()}
_HOLD = {kind: re.compile(words, re.IGNORECASE) for kind, words in _HOLDS.items()}

ANSWER_TYPES = tuple(_ASKS)


@lru_cache(maxsize=1024)
def asked(question: str) -> tuple[str, ...]:
    """Return the kinds of answer that ``question`` asks for, the most particular first; often none."""
    return tuple(kind for kind, words in _ASK.items() if words.search(question))


def holds(text: str, kind: str) -> bool:
    """Tell whether ``text`` holds something that could be an answer of this ``kind``."""
    return _HOLD[kind].search(text) is not None
