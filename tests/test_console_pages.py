from __future__ import annotations

import re
from typing import Any

import pytest

from suggest import ReviewQueue
from suggest.records import Draft
from suggest.review.console.drafts import assemble, blocks_of, taken_apart
from suggest.review.console.words import LANGUAGES, catalogue

from .review_console import INQUIRIES, Visitor, item_of, local  # noqa: F401 - a fixture

Local = tuple[Visitor, ReviewQueue]


def blocks_on(html: str) -> list[str]:
    """Return the editable texts of a page, as a browser would send them back."""
    import html as entities

    found = re.findall(r'<textarea name="block"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    return [entities.unescape(text) for text in found]


def test_both_languages_say_the_same_things() -> None:
    keys = [set(catalogue(language)) for language in LANGUAGES]
    assert keys[0] == keys[1]
    for key in keys[0]:
        named = [set(re.findall(r"{(\w+)}", catalogue(language)[key])) for language in LANGUAGES]
        assert named[0] == named[1], key


@pytest.mark.parametrize(
    "path",
    ["/queue", "/search", "/candidates", "/insight", "/data", "/audit?check=true", "/queue?state=all&q=x"],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_answers(local: Local, path: str, language: str) -> None:
    visitor, _ = local
    answer = visitor.get(path, **{"accept-language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert "style=" not in answer.text and "<script>" not in answer.text and "onclick" not in answer.text


def test_the_queue_shows_the_urgent_first_and_filters(local: Local) -> None:
    visitor, _ = local
    page = visitor.get("/queue").text
    assert page.index("弁護士") < page.index("請求書を再発行")
    assert "他社の秘密" not in page
    only = visitor.get("/queue?q=請求書").text
    assert "請求書を再発行" in only and "弁護士" not in only


def test_a_suggestion_shows_sources_reasons_and_what_confidence_means(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    page = visitor.get(f"/items/{item_id}").text
    assert 'id="source-1"' in page and 'class="quoted"' in page
    assert "信頼度はまだ表示できません" in page
    assert "faq-password" in page
    assert queue.item(item_id, tenant="default").claim is not None


def test_an_approval_leads_on_and_can_be_undone(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    texts = blocks_on(visitor.get(f"/items/{item_id}").text)
    draft = queue.item(item_id, tenant="default").suggestion
    assert draft is not None and draft.draft is not None
    answer = visitor.post(f"/items/{item_id}/decide", {"action": "approve", "version": 1, "block": texts})
    assert answer.status_code == 303 and f"done={item_id}" in answer.headers["location"]
    item = queue.item(item_id, tenant="default")
    assert (item.state, item.final_text, item.reviewer) == ("approved", draft.draft.text, "sato")
    page = visitor.get(answer.headers["location"]).text
    assert "inq-0 を承認しました。" in page and "元に戻す" in page
    undone = visitor.post(f"/items/{item_id}/undo")
    assert "inq-0 の処理を元に戻しました。" in visitor.get(undone.headers["location"]).text
    assert visitor.get("/queue?done=nothing").status_code == 200
    assert queue.item(item_id, tenant="default").state == "open"


def test_changed_text_is_an_edit_and_line_ends_do_not_count(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    texts = blocks_on(visitor.get(f"/items/{item_id}").text)
    changed = [text.replace("\n", "\r\n") for text in texts]
    changed[-1] += "\r\n追伸です。"
    visitor.post(f"/items/{item_id}/decide", {"action": "approve", "version": 1, "block": changed})
    item = queue.item(item_id, tenant="default")
    assert item.state == "edited"
    assert (
        item.final_text is not None
        and item.final_text.endswith("\n追伸です。")
        and "\r" not in item.final_text
    )


def test_an_undone_edit_comes_back_into_its_fields(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    texts = blocks_on(visitor.get(f"/items/{item_id}").text)
    texts[1] += "\n\nお急ぎのところ恐れ入ります。"
    visitor.post(f"/items/{item_id}/decide", {"action": "approve", "version": 1, "block": texts})
    visitor.post(f"/items/{item_id}/undo")
    assert blocks_on(visitor.get(f"/items/{item_id}").text) == texts


def test_any_text_is_taken_apart_so_that_it_can_be_put_together_again(local: Local) -> None:
    _, queue = local
    suggestion = queue.item(item_of(queue, "inq-0"), tenant="default").suggestion
    assert suggestion is not None and suggestion.draft is not None
    draft = suggestion.draft
    texts = [block.text for block in blocks_of(draft)]
    both = ["冒頭です。", *texts[1:-1], "結びです。"]
    assert taken_apart(draft, assemble(draft, both)) is not None
    for changed in (both, ["", *texts[1:]], [*texts[:-1], ""], ["全文"] + [""] * (len(texts) - 1)):
        text = assemble(draft, changed)
        found = taken_apart(draft, text)
        assert found is not None and assemble(draft, found) == text


def test_what_was_typed_survives_a_conflict(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    texts = blocks_on(visitor.get(f"/items/{item_id}").text)
    texts[-1] = "書きかけの大事な文面"
    queue.swap_evidence(item_id, "faq-invoice", tenant="default", reviewer="sato")
    answer = visitor.post(f"/items/{item_id}/decide", {"action": "approve", "version": 1, "block": texts})
    assert answer.status_code in (409, 422)
    assert "書きかけの大事な文面" in answer.text
    assert queue.item(item_id, tenant="default").state == "open"


def test_what_another_holds_can_only_be_read(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-1")
    queue.claim(item_id, tenant="default", reviewer="suzuki")
    page = visitor.get(f"/items/{item_id}").text
    assert "suzuki が対応中です" in page and 'id="approve"' not in page
    answer = visitor.post(f"/items/{item_id}/decide", {"action": "reject", "version": 1})
    assert answer.status_code == 409
    onward = visitor.get(f"/next?after={item_of(queue, 'inq-0')}").headers["location"]
    assert item_id not in onward


def test_reject_and_escalate_keep_reason_and_route(local: Local) -> None:
    visitor, queue = local
    one, other = item_of(queue, "inq-1"), item_of(queue, "inq-3")
    visitor.post(
        f"/items/{one}/decide",
        {"action": "reject", "version": 1, "reason_code": "outdated", "reason": "料金が古い"},
    )
    visitor.post(f"/items/{other}/decide", {"action": "escalate", "version": 1, "route": "legal"})
    records = {record.item_id: record for record in queue.decisions(tenant="default")}
    assert (records[one].event, records[one].reason_code, records[one].reason) == (
        "reject",
        "outdated",
        "料金が古い",
    )
    assert (records[other].event, records[other].route) == ("escalate", "legal")


def test_one_act_approves_the_holding_reply_and_hands_over(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-3")
    page = visitor.get(f"/items/{item_id}").text
    form = page[page.index('id="decide"') :]
    assert re.findall(r'name="action" value="(\w+)"', form)[0] == "escalate"
    suggestion = queue.item(item_id, tenant="default").suggestion
    assert suggestion is not None and suggestion.draft is not None
    visitor.post(f"/items/{item_id}/decide", {"action": "escalate", "version": 1, "block": blocks_on(page)})
    item = queue.item(item_id, tenant="default")
    assert (item.state, item.final_text) == ("escalated", suggestion.draft.text)
    assert (item.decisions[-1].route, item.candidate_id) == (suggestion.route, None)


def test_swapped_evidence_makes_another_draft(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    answer = visitor.post(f"/items/{item_id}/swap", {"entry_id": "faq-invoice"})
    assert answer.status_code == 303
    page = visitor.get(f"/items/{item_id}").text
    assert "「契約・請求」の画面から再発行できます。" in page
    assert visitor.post(f"/items/{item_id}/swap", {"entry_id": "nothing"}).status_code == 422


def test_hints_while_typing(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-0")
    texts = blocks_on(visitor.get(f"/items/{item_id}").text)
    assert any("60分" in text for text in texts)
    changed = [text.replace("60分", "90分") for text in texts]
    changed[-1] += "【ご確認ください: 期日】"
    answer = visitor.post(f"/items/{item_id}/hints", {"block": changed}).text
    assert "記入が必要です" in answer and "90" in answer
    assert "90" not in visitor.post(f"/items/{item_id}/hints", {"block": texts}).text


def test_import_of_files_names_the_bad_line(local: Local) -> None:
    visitor, queue = local
    before = queue.items(tenant="default", state="all").total

    def send(data: bytes, name: str = "inquiries.csv") -> Any:
        return visitor.post("/data/inquiries", files={"file": (name, data)})

    csv = "id,text,channel\nx-1,領収書をください,chat\nx-2,解約したい,phone\n"
    assert "2件を取り込みました" in send(csv.encode("cp932")).text
    assert "取り込み済みの2件" in send(csv.encode()).text
    bad = send(b'{"id": "y", "text": "a"}\n{"id": "z", "text": 3}\n', "a.jsonl")
    assert bad.status_code == 422 and "a.jsonl:2" in bad.text
    foreign = send(b'{"id": "y", "text": "a", "tenant": "other"}', "a.jsonl")
    assert foreign.status_code == 422
    assert queue.items(tenant="default", state="all").total == before + 2


def test_one_typed_inquiry_opens(local: Local) -> None:
    visitor, _ = local
    answer = visitor.post("/data/inquiry", {"text": "領収書の宛名を変えたい", "channel": "chat"})
    assert "領収書の宛名を変えたい" in visitor.get(answer.headers["location"]).text


def test_export_and_surveys(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-1")
    visitor.post(f"/items/{item_id}/decide", {"action": "reject", "version": 1, "reason": "=1+1"})
    answer = visitor.get("/data/decisions?form=csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf") and '"\'=1+1"' in answer.text
    assert visitor.get("/data/decisions?form=jsonl").text.count("\n") == 1
    assert visitor.get("/data/decisions?since=yesterday").status_code == 422
    done = visitor.post("/data/surveys", files={"file": ("s.csv", b"inquiry_id,score\ninq-1,5\ninq-0,2\n")})
    assert "2件" in done.text
    assert queue.figures(tenant="default").csat.of == 2


def test_entries_show_no_strangers_data_and_no_script_links(local: Local) -> None:
    visitor, _ = local
    case = visitor.get("/entry?id=case-password").text
    assert "山田太郎" not in case and "〔氏名〕" in case
    evil = visitor.get("/entry?id=faq-evil").text
    assert "javascript:" not in evil and "<script>alert" not in evil and "{{ 7*7 }}" in evil
    assert visitor.get("/entry?id=other-faq-password").status_code == 404


def test_blocks_put_together_are_the_draft(local: Local) -> None:
    _, queue = local
    seen = 0
    for item in queue.items(tenant="default").items:
        suggestion = queue.item(item.item_id, tenant="default").suggestion
        if suggestion is None or suggestion.draft is None:
            continue
        draft: Draft = suggestion.draft
        blocks = blocks_of(draft)
        assert assemble(draft, [block.text for block in blocks]) == draft.text
        shown = [piece.claim for block in blocks for piece in block.pieces if piece.claim is not None]
        assert sorted(claim.text for claim in shown) == sorted(claim.text for claim in draft.claims)
        seen += 1
    assert seen >= len(INQUIRIES) - 2
