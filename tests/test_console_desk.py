"""What an agent does at the desk beside deciding: reads candidates, swaps, takes back, withdraws, searches."""

from __future__ import annotations

import re

import pytest

from suggest import Inquiry, ReviewQueue
from suggest.records import Claim, Draft, Source
from suggest.review.console.drafts import blocks_of
from suggest.understand.headline import questions_alone

from .review_console import Visitor, item_of, local

__all__ = ["local"]
Local = tuple[Visitor, ReviewQueue]


def _import(queue: ReviewQueue, text: str, inquiry_id: str = "new") -> str:
    queue.import_inquiries([Inquiry(id=inquiry_id, text=text)], reviewer="importer")
    return item_of(queue, inquiry_id)


def _others(page: str) -> list[str]:
    return re.findall(r'<li class="card(?: apart)?">.*?</li>', page.partition('id="others"')[2], re.DOTALL)


def test_candidates_can_be_read_before_they_are_chosen(local: Local) -> None:
    visitor, queue = local
    page = visitor.get(f"/items/{item_of(queue, 'inq-0')}").text
    case = next(card for card in _others(page) if "case-password" in card)
    assert "過去の事例" in case and "日本語" in case
    assert "<mark>パスワード</mark>" in case  # a word of the inquiry, in the part that matches
    assert "山田太郎" not in case
    assert 'value="case-password"' in case


def test_what_cannot_be_quoted_is_not_offered(local: Local) -> None:
    visitor, queue = local
    item_id = _import(queue, "How do I reset my password? I forgot my password.")
    cards = _others(visitor.get(f"/items/{item_id}").text)
    assert any("お問い合わせと言語が違うため" in card for card in cards)
    assert all('class="swap"' not in card for card in cards if "お問い合わせと言語が違うため" in card)


def test_a_swap_is_seen_and_taken_back_with_one_key(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    before = visitor.get(f"/items/{item_id}").text
    visitor.post(f"/items/{item_id}/swap", {"entry_id": "faq-invoice"})
    page = visitor.get(f"/items/{item_id}").text
    assert "「請求書を再発行したい」をもとに返信案を作り直しました。" in page
    fresh = re.findall(r'<div class="block [^"]* fresh".*?</div>', page, re.DOTALL)
    assert fresh and "契約・請求" in fresh[0] and ">1</sup>" in fresh[0]
    assert "担当者が選んだ根拠" in page and 'id="undo"' in page
    assert "もとに返信案を作り直しました" not in before
    visitor.post(f"/items/{item_id}/undo")
    again = visitor.get(f"/items/{item_id}").text
    assert "もとに返信案を作り直しました" not in again and "パスワードをお忘れの方" in again


def test_an_escalation_becomes_a_reply_by_choosing_a_source(local: Local) -> None:
    visitor, queue = local
    item_id = _import(queue, "パスワードを忘れました。再設定の方法は？対応がひどすぎる。責任者を出せ。")
    assert queue.item(item_id, tenant="default").lane == "escalate"
    page = visitor.get(f"/items/{item_id}").text
    assert "引き継がず、この根拠で返信案を作る" in page
    visitor.post(f"/items/{item_id}/swap", {"entry_id": "faq-password"})
    page = visitor.get(f"/items/{item_id}").text
    assert "引き継ぎメモ" not in page and "承認して次へ" in page
    visitor.post(f"/items/{item_id}/undo")
    assert "引き継ぎメモ" in visitor.get(f"/items/{item_id}").text


def test_numbers_of_sources_stand_after_the_whole_sentence() -> None:
    def claim(text: str, kind: str, entry: str | None = None, template: str | None = None) -> Claim:
        return Claim(text=text, source=Source(kind=kind, entry_id=entry, template=template))

    said = (
        claim("設定を選び", "entry", "faq-1"),
        claim("ます。", "template", "faq-1", "ja/ending"),
        claim("画面が開きます。", "entry", "faq-1"),
        claim("別の手順です。", "entry", "faq-2"),
        claim("お知らせください。", "template", None, "ja/closing"),
    )
    text = "".join(one.text for one in said)
    [block] = blocks_of(Draft(text=text, language="ja", channel="email", point=said))
    shown = [(piece.text, block.cited_after(n)) for n, piece in enumerate(block.pieces)]
    assert shown == [
        ("設定を選び", None),
        ("ます。", None),
        ("画面が開きます。", 1),
        ("別の手順です。", 2),
        ("お知らせください。", None),
    ]
    [ended] = blocks_of(Draft(text="設定を選びます。", language="ja", channel="email", point=said[:2]))
    assert [ended.cited_after(n) for n in range(2)] == [None, 1]


def test_figures_of_the_cited_article_are_no_news(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    item = queue.item(item_id, tenant="default")
    assert item.suggestion is not None and item.suggestion.draft is not None
    text = item.suggestion.draft.text.replace("60分", "")
    told = visitor.post(
        f"/items/{item_id}/hints", {"block": f"{text}\nリンクは60分以内に開いてください。"}
    ).text
    assert "引用した記事にもない" not in told
    told = visitor.post(
        f"/items/{item_id}/hints", {"block": f"{text}\nリンクは45分以内に開いてください。"}
    ).text
    assert "引用した記事にもない数値" in told or "数値が変わっています" in told


def test_the_search_says_when_nothing_is_near(local: Local) -> None:
    visitor, queue = local
    near = visitor.get("/search?q=請求書を再発行したい").text
    assert "近い順に" in near and "faq-invoice" in near
    far = visitor.get("/search?q=ピザの配達").text
    assert "近い記事・事例は見つかりませんでした" in far and "近い順に" not in far
    assert not any(found.near for found in queue.search("ピザの配達", tenant="default"))


def test_one_and_many_are_withdrawn(local: Local) -> None:
    visitor, queue = local
    total = queue.items(tenant="default").total
    item_id = item_of(queue, "inq-1")
    assert "取り下げる" in visitor.get(f"/items/{item_id}").text
    refused = visitor.post(f"/items/{item_id}/withdraw", {"reason": " "})
    assert refused.status_code == 422
    gone = visitor.post(f"/items/{item_id}/withdraw", {"reason": "試行"})
    assert "inq-1 を取り下げました。" in visitor.get(gone.headers["location"]).text
    assert queue.items(tenant="default").total == total - 1
    sent = {"state": "open", "reason": "試行のため", "count": total}
    assert visitor.post("/queue/withdraw", sent).status_code == 409  # one less than was shown
    assert queue.items(tenant="default").total == total - 1
    done = visitor.post("/queue/withdraw", {**sent, "count": total - 1})
    page = visitor.get(done.headers["location"]).text
    assert f"{total - 1}件を取り下げました" in page and "inq-1" in page
    assert queue.items(tenant="default").total == 0
    assert queue.figures(tenant="default").inquiries == 0
    assert queue.verify() == []
    visitor.post(f"/items/{item_id}/undo")
    assert queue.items(tenant="default").total == 1


def test_the_route_is_kept_from_page_to_page(local: Local) -> None:
    visitor, queue = local
    texts = [f"弁護士に相談し、訴訟を検討しています。第{n}報です。" for n in range(55)]
    queue.import_inquiries([Inquiry(text=text) for text in texts], reviewer="importer")
    page = visitor.get("/queue?route=legal").text
    assert page.count('class="rowlink"') == 50
    assert "/queue?route=legal&amp;page=2" in page or "/queue?page=2&amp;route=legal" in page
    second = visitor.get("/queue?route=legal&page=2").text
    assert second.count('class="rowlink"') == 6
    item_id = item_of(queue, "inq-3")
    shown = visitor.get(f"/items/{item_id}?route=legal").text
    assert 'href="/queue?route=legal"' in shown and 'name="route_filter" value="legal"' in shown
    onward = visitor.post(f"/items/{item_id}/decide", _escalated(queue, item_id))
    assert "route=legal" in onward.headers["location"]
    assert visitor.get("/queue?route=billing").text.count('class="rowlink"') == 0


def _escalated(queue: ReviewQueue, item_id: str) -> dict[str, object]:
    version = queue.item(item_id, tenant="default").version
    return {"action": "escalate", "version": version, "route": "legal", "route_filter": "legal"}


def test_the_audit_page_leads_to_older_entries(local: Local) -> None:
    visitor, queue = local
    queue.import_inquiries([Inquiry(text=f"印刷の方法{n}") for n in range(60)], reviewer="importer")
    page = visitor.get("/audit").text
    numbers = [int(n) for n in re.findall(r'<tr><td class="n">(\d+)</td>', page)]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 50
    assert f"/audit?before={numbers[-1]}" in page
    older = visitor.get(f"/audit?before={numbers[-1]}").text
    assert [int(n) for n in re.findall(r'<tr><td class="n">(\d+)</td>', older)] == list(
        range(numbers[-1] - 1, 0, -1)
    )


@pytest.mark.parametrize(
    ("concerns", "questions"),
    [
        (
            ["人事の田中です。 いつもありがとうございます。\n有給が付いていません", "人事の田中です。 いつもありがとうございます。\n半日休みの取り方は？"],
            ("有給が付いていません", "半日休みの取り方は？"),
        ),
        (["写真が付けられません。\n普通に撮っただけです。\n何MBまで大丈夫ですか。"], ("何MBまで大丈夫ですか。",)),
        (["引っ越しました。\n住所を変えたいのですが。\n戻し方も"], ("住所を変えたいのですが。 戻し方も",)),
        (["ログインできません"], ("ログインできません",)),
        ([], ()),
    ],
)  # fmt: skip
def test_questions_stand_without_what_leads_to_them(concerns: list[str], questions: tuple[str, ...]) -> None:
    assert questions_alone(concerns) == questions
