"""What past customers told stays with the agent: drafts and matches over the sample data, and examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suggest import KnowledgeBase
from suggest.pipeline import Suggester
from suggest.records import Article, Inquiry, ResolvedCase
from suggest.settings import Judging, Settings, Voice
from suggest.understand import find_personal_data
from tests.conftest import SAMPLE
from tests.test_compose import LOCKED, quoted, run

ARTICLE = Article(
    id="freeze",
    title="画面が固まる",
    body="画面が固まるときは、次の手順をお試しください。\n1. アプリを終了します。\n2. 端末の電源を入れ直します。\n3. アプリを開き直します。",
)


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (SAMPLE / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("provisional", [True, False])
def test_no_labelled_string_reaches_another_customer(sample_kb_folder: Path, provisional: bool) -> None:
    labels = {p["text"] for case in rows("cases.jsonl") for p in case.get("pii", [])}  # type: ignore[attr-defined]
    assert len(labels) > 50
    leaks: list[tuple[str, str, str]] = []
    settings = Settings(judging=Judging(provisional=provisional))
    with KnowledgeBase.open(sample_kb_folder, settings=settings) as kb:
        suggester = Suggester(kb)
        for row in rows("_labelled/inquiries.jsonl"):
            inquiry = Inquiry.model_validate({k: row[k] for k in ("id", "text", "channel", "lang")})
            found = suggester.suggest(inquiry, top=20)
            shown = [found.draft.text if found.draft else ""]
            shown += [text for m in found.matches if m.kind == "case" for text in (m.title, m.snippet)]
            others = [label for label in labels if label not in inquiry.text]
            leaks += [(inquiry.id, label, text) for text in shown for label in others if label in text]
    assert leaks == []


@pytest.mark.parametrize(
    "place",
    [
        "清水健太のパソコン", "営業部の井上の端末", "木村花の席", "三菱商事の林の機器", "高梨翔の機器", "Ken Watanabeの機器", "マンション青葉302号室",
        "takahashi_kの端末",
    ],
)  # fmt: skip
def test_sentences_that_may_name_someone_are_not_quoted(place: str) -> None:
    case = ResolvedCase(
        id="c",
        inquiry="画面が固まります",
        reply=f"{place}では、画面が固まるときに無線を切ると使えるようになります。画面が固まるときは、省電力の設定を切ると固まらなくなります。",
    )
    draft, _, reasons = run("画面が固まります", ARTICLE, case, detector=find_personal_data)
    assert place not in draft.text
    assert "省電力の設定" in quoted(draft.example)
    assert "personal_data_left_out" in {r.code for r in reasons}


def test_what_the_past_inquiry_names_is_not_quoted_from_the_reply() -> None:
    case = ResolvedCase(
        id="c",
        inquiry="画面が固まります。お客様番号 MD-7731 です。",
        reply="画面が固まるときは、MD-7731 の契約では省電力の設定を切ると固まらなくなります。",
    )
    draft, _, _ = run("画面が固まります", ARTICLE, case, detector=find_personal_data)
    assert "MD-7731" not in draft.text


SAME = "同様のお問い合わせでも、こちらの手順で解決しております。"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("アプリを終了し、端末の電源を入れ直してから、アプリを開き直していただけますか。", True),
        ("1. アプリを終了します。\n2. 端末の電源を入れ直します。\n3. アプリを開き直します。", True),
        ("ケーブルを交換いたしましたので、ご確認ください。", False),
        ("アプリを終了し、端末の電源を入れ直し、アプリを開き直しても改善しませんでしたので、交換いたしました。", False),
    ],
)  # fmt: skip
def test_same_steps_are_claimed_only_where_the_case_gives_them(reply: str, said: bool) -> None:
    case = ResolvedCase(id="c", inquiry="画面が固まります", reply=reply, resolves_with="freeze")
    draft, _, _ = run("画面が固まります", ARTICLE, case)
    assert "電源を入れ直します" in draft.text
    assert (SAME in draft.text) is said


@pytest.mark.parametrize("channel", ["email", "chat", "phone", "form"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_closing_suits_any_product(channel: str, language: str) -> None:
    steps = "1. Close the lid.\n2. Press the button.\n3. Wait for ten seconds."
    article = Article(
        id="en",
        lang="en",
        title="It does not start",
        body=f"If it does not start, follow these steps.\n{steps}",
    )
    draft, _, _ = (
        run("画面が固まります。動きません", ARTICLE, channel=channel)
        if language == "ja"
        else run("It does not start", article, channel=channel, language="en")
    )
    closing = "".join(claim.text for claim in draft.closing)
    assert "画面" not in closing
    assert "screen" not in closing
    assert ("現在の状況" if language == "ja" else "happens now") in closing


def test_english_frame_without_latin_names() -> None:
    article = Article(id="en", lang="en", title="Unlock", body="The account is unlocked after 30 minutes.")
    ask = "When is the account unlocked?"

    def text(**voice: str) -> str:
        draft, _, _ = run(ask, article, language="en", voice=Voice(**voice))
        return str(draft.text)

    japanese = text(company="株式会社ミホンワークス", team="サポートチーム")
    assert japanese.startswith("Thank you for contacting us.\n\nThe account")
    assert "Kind regards" not in japanese
    assert "ミホン" not in japanese
    assert text().endswith("please let us know.")
    assert text(company="MihonWorks", team="サポート").endswith("Kind regards,\n\nMihonWorks")
    assert text(signature="MihonWorks Support").endswith("Kind regards,\n\nMihonWorks Support")


def test_identity_check_leaves_the_way_to_the_agent() -> None:
    draft, _, _ = run("ロックの解除方法は?", LOCKED.model_copy(update={"requires_identity_check": True}))
    assert [c.text for c in draft.claims if c.source.kind == "agent"] == [
        "【ご確認ください: ご本人確認の方法】"
    ]


def test_billing_holding_reply_fits_a_refund() -> None:
    draft, _, _ = run("不良品なので返金してください", lane="escalate", route="billing")
    assert "ご請求・ご返金の件で、ご心配をおかけし申し訳ございません。" in draft.text
    assert "ご契約" not in draft.text
