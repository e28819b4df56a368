"""What agents read beside a lane: one message for each reason code, in both languages."""

from __future__ import annotations

from typing import Literal

from suggest.records import Reason

_MESSAGES: dict[str, tuple[str, str]] = {
    "not_calibrated": (
        "どのくらい当たるかをまだ確かめていないため、「そのまま送れる」とは判定していません。内容をご確認ください。",
        "Confidence has not been calibrated yet, so nothing is called ready. Please check the draft.",
    ),
    "provisional": (
        "当たる割合を実績で確かめる前の、目安による判定です。",
        "Judged by provisional cuts, before calibration.",
    ),
    "calibration_stale": (
        "当たる割合を確かめたあとにナレッジが更新されました。確かめ直すまでは「そのまま送れる」とは判定しません。",
        "The knowledge base has changed since confidence was calibrated. Nothing is called ready until that is redone.",
    ),
    "below_cut": (
        "根拠の確かさが、「そのまま送れる」とする基準に届いていません。",
        "Confidence is below the cut that keeps the promised share of errors.",
    ),
    "no_safe_cut": (
        "誤りを決めた割合以下に抑えられる基準がないため、「そのまま送れる」とは判定しません。",
        "No cut keeps the share of errors that was asked for, so nothing is called ready.",
    ),
    "chosen_by_agent": (
        "担当者が選んだ根拠で返信案を作り直しました。",
        "The draft was composed again from evidence that an agent chose.",
    ),
    "strong_match": ("質問に近い根拠が見つかりました。", "Close evidence was found."),
    "weak_match": (
        "近い記事・事例はありますが、回答の根拠としては弱めです。",
        "Entries are near, but too weak to answer from.",
    ),
    "no_match": ("根拠になる記事・事例が見つかりません。", "No article or past case answers this."),
    "concern_unanswered": (
        "回答の根拠がない質問が含まれています。",
        "One of the questions has no evidence to answer it.",
    ),
    "empty_knowledge_base": (
        "ナレッジベースにまだ登録がありません。",
        "The knowledge base holds no entries yet.",
    ),
    "empty_inquiry": ("お問い合わせの本文が空です。", "The inquiry has no text."),
    "unreadable_inquiry": (
        "本文を文章として読み取れません（文字化け・バイナリなど）。",
        "The text cannot be read as writing (garbled or binary).",
    ),
    "inquiry_too_long": (
        "本文が長いため、先頭部分だけを読みました。",
        "The text is very long; only its beginning was read.",
    ),
    "too_many_concerns": ("質問が多いため、人の確認が必要です。", "Many questions at once need a person."),
    "no_question": ("質問や依頼が読み取れません。", "No question or request was found."),
    "vague": (
        "対象や症状を特定する情報が足りません。",
        "The inquiry does not say enough to tell which answer fits.",
    ),
    "injection": (
        "システムへの指示のような文が含まれています。指示としては扱っていません。",
        "The text contains what looks like instructions to a machine; they were not followed.",
    ),
    "other_language": (
        "根拠がお問い合わせと異なる言語です。",
        "The evidence is in another language than the inquiry.",
    ),
    "internal_only": (
        "近い記事は社内限定のため、回答には引用できません。",
        "The nearest entry is internal and cannot be quoted.",
    ),
    "unreviewed_evidence": (
        "未確認の事例が根拠に含まれます。",
        "The evidence includes a case that nobody has reviewed.",
    ),
}


def reason(code: str, language: Literal["ja", "en"], evidence: str = "") -> Reason:
    """Make the reason ``code`` with its message in ``language``."""
    japanese, english = _MESSAGES[code]
    return Reason(code=code, message=japanese if language == "ja" else english, evidence=evidence)
