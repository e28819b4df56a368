"""Past cases are masked before they are stored: texts, fields, old knowledge bases, and every byte on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from suggest import KnowledgeBase, read_entries
from suggest.errors import SourceError
from suggest.index import masking as index_masking
from suggest.index import plan as index_plan
from suggest.index import sync as index_sync
from suggest.index.analysis import Parts, analyse, parts_of
from suggest.index.analysis_pool import AnalysisPool, PreparedCase
from suggest.learn.outcomes import LabelledInquiry, as_line, masked
from suggest.records import Article, Entry, Inquiry, ResolvedCase
from suggest.testing import HashingEmbedder
from suggest.understand.masking import MASKING_VERSION, MaskedCase, mask, mask_case
from suggest.understand.personal_data import UNREAD, find_personal_data
from suggest.understand.placeholders import PLACEHOLDERS, has_placeholder, without_placeholders

SECRETS = (
    "嘉納治", "嘉納", "kano.osamu@example.jp", "090-0000-7321", "架空県見本市仮町3-4-5", "4242 4242 4242 4242", "MD-C-771204",
    "昭和51年8月3日",
)  # fmt: skip
INQUIRY = (
    "株式会社みほんの嘉納治と申します。プリンターが印刷できません。お客様番号は MD-C-771204 です。\n"
    "住所：架空県見本市仮町3-4-5\n生年月日：昭和51年8月3日\n電話：090-0000-7321\nメール：kano.osamu@example.jp"
)
REPLY = (
    "嘉納様\nお問い合わせありがとうございます。プリンターの電源を入れ直すと、印刷できるようになります。\n"
    "カード 4242 4242 4242 4242 への請求はありません。折り返しは 090-0000-7321 にいたします。"
)


def a_case(number: int = 1, **changes: object) -> ResolvedCase:
    given = {"id": f"case-{number}", "inquiry": INQUIRY, "reply": REPLY, "lang": "ja", **changes}
    return ResolvedCase.model_validate(given)


def articles() -> list[Entry]:
    return [
        Article(id=f"a{n}", lang="ja", title=f"返品の方法その{n}", body=f"三十日以内に{n}番の窓口へお電話（03-0000-{n:04}）ください。")
        for n in range(4)
    ]  # fmt: skip


def bytes_with(folder: Path, *values: str) -> list[tuple[str, str]]:
    files = [path for path in (folder, *folder.rglob("*")) if path.is_file()]
    return [(value, path.name) for path in files for value in values if value.encode() in path.read_bytes()]


def open_kb(folder: Path) -> KnowledgeBase:
    return KnowledgeBase.open(folder, embedder=HashingEmbedder())


def as_it_is(case: ResolvedCase) -> PreparedCase:
    return PreparedCase(MaskedCase(case, Counter()), analyse(parts_of(case)))


@pytest.fixture
def unmasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Make a knowledge base as it was before cases were masked, with three generations."""
    folder = tmp_path / "kb"
    with monkeypatch.context() as patch:
        for module in (index_masking, index_sync):
            patch.setattr(module, "MASKING_VERSION", 0)
        patch.setattr(AnalysisPool, "prepare", lambda _, cases: list(map(as_it_is, cases)))
        patch.setattr(index_masking, "source_hash", lambda entry: entry.content_hash)
        patch.setattr(index_plan, "source_hash", lambda entry: entry.content_hash)
        with open_kb(folder) as kb:
            for n in (2, 3, 4):
                kb.sync([*articles()[:n], a_case(1), a_case(2)])
    assert {value for value, _ in bytes_with(folder, *SECRETS)} == set(SECRETS)
    yield folder


def test_a_case_keeps_its_words_and_loses_its_people() -> None:
    masked, counts = mask_case(a_case())
    assert [s for s in SECRETS if s in masked.inquiry + masked.reply] == []
    assert "プリンターの電源を入れ直すと、印刷できるようになります。" in masked.reply
    assert masked.reply.startswith("〔氏名〕様")
    assert counts["name"] == 2
    assert counts["phone"] == 2
    assert counts["card"] == 1


def test_a_name_that_one_text_gives_away_is_masked_in_the_other() -> None:
    case = a_case(
        inquiry="氏名：小鳥遊 らん\n印刷できません", reply="小鳥遊のPCで直りました。らんの席も見ました。"
    )
    masked = mask_case(case).case
    assert "小鳥遊" not in masked.reply
    assert "らん" not in masked.reply


def test_other_fields_of_a_case() -> None:
    extra = {
        "customer_name": "しおり", "customer_email": "x", "phone": 9000001234, "memo": "折り返し 090-0000-7321", "rating": 4,
        "history": [{"from": "kano.osamu@example.jp", "担当者": "もも"}], "escalated": True, "order_id": None,
    }  # fmt: skip
    case = a_case(extra=extra, product="Kano", url="https://example.jp/?mail=kano.osamu@example.jp")
    masked = mask_case(case).case
    assert masked.extra == {
        "customer_name": "〔氏名〕", "customer_email": "〔メールアドレス〕", "phone": "〔電話番号〕", "memo": "折り返し 〔電話番号〕",
        "rating": 4, "history": [{"from": "〔メールアドレス〕", "担当者": "〔氏名〕"}], "escalated": True, "order_id": None,
    }  # fmt: skip
    assert masked.product == "Kano"
    assert "kano.osamu" not in masked.url


def test_masking_again_changes_nothing() -> None:
    once = mask_case(a_case()).case
    assert mask_case(once).case == once
    assert mask_case(once).counts == {}
    for kind in PLACEHOLDERS.values():
        for word in kind:
            assert mask(f"氏名：〔{word}〕様", strict=True).text == f"氏名：〔{word}〕様"


def test_too_slow_is_personal_as_a_whole() -> None:
    text = "折り返しは山田までお願いします。" * 10_000
    [span] = find_personal_data(text, seconds=0)
    assert (span.type, span.start, span.end) == (UNREAD, 0, len(text))


def test_values_at_the_seam_of_two_pieces() -> None:
    for shift in range(0, 40, 7):
        text = "あ" * (19_960 + shift) + " kano.osamu@example.jp " + "い" * 30_000
        assert [text[s.start : s.end] for s in find_personal_data(text)] == ["kano.osamu@example.jp"]


def test_no_byte_of_a_case_is_stored(tmp_path: Path) -> None:
    folder = tmp_path / "kb"
    rows = [
        entry.model_dump(mode="json")
        for entry in (*articles(), a_case(1), a_case(2, extra={"tel": SECRETS[3]}))
    ]
    source = tmp_path / "cases.jsonl"
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    with open_kb(folder) as kb:
        report = kb.sync(read_entries(source))
        assert bytes_with(folder, *SECRETS) == []
        assert report.masked["phone"] == 5
        assert report.masked["email"] == 2
        assert bytes_with(folder, "03-0000-0001")  # an article keeps its contact point
        again = kb.sync(read_entries(source))
        assert (again.unchanged, again.changed, again.masked) == (6, 0, {})
        assert kb.sync([*articles(), a_case(1), a_case(2, extra={"tel": SECRETS[3]})]).changed == 0
        changed = kb.sync([*articles(), a_case(1), a_case(2, reply=f"{REPLY} 嘉納より")])
        assert (changed.changed, changed.unchanged) == (1, 5)
        assert bytes_with(folder, *SECRETS) == []
        assert {m.lexical for m in kb.search("嘉納 氏名", vector_weight=0)} == {0.0}
        assert kb.status()["masking"] == MASKING_VERSION


def test_an_unfinished_sync_leaves_no_byte(tmp_path: Path) -> None:
    class Failing(HashingEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            raise MemoryError

    folder = tmp_path / "kb"
    with KnowledgeBase.open(folder, embedder=Failing()) as kb, pytest.raises(MemoryError):
        kb.sync([*articles(), a_case()])
    assert bytes_with(folder, "プリンター")
    assert bytes_with(folder, *SECRETS) == []


@pytest.mark.parametrize("kept", [False, True])
def test_an_older_knowledge_base_is_masked_at_its_next_sync(unmasked: Path, kept: bool) -> None:
    with open_kb(unmasked) as kb:
        assert kb.sync([*articles(), a_case(1), a_case(2)], dry_run=True).changed == 2
        assert bytes_with(unmasked, *SECRETS)
        given = articles() if kept else [*articles(), a_case(1), a_case(2)]
        report = kb.sync(given, keep_missing=kept)
        assert (report.changed, report.unchanged, report.removed) == (2, 4, 0)
        assert report.dropped_generations == (1, 2, 3)
        assert report.masked["name"] == 4
        assert bytes_with(unmasked, *SECRETS) == []
        assert {entry.id for entry in kb.entries() if entry.kind == "case"} == {"case-1", "case-2"}
        assert kb.verify()["ok"]
        again = kb.sync(given, keep_missing=kept)
        assert (again.changed, again.dropped_generations) == (0, ())


def test_adapting_does_not_pass_for_masking(unmasked: Path) -> None:
    with open_kb(unmasked) as kb:
        kb.adapt(drop=True)
        assert kb.status()["masking"] == 0
        assert kb.sync([*articles(), a_case(1), a_case(2)]).changed == 2
        assert bytes_with(unmasked, *SECRETS) == []


def test_workers_mask_alike() -> None:
    cases = [a_case(n, reply=f"{REPLY} {n}番", extra={"tel": "x"}) for n in range(40)]
    cases += [a_case(40, inquiry="印刷できません。", reply="用紙を入れ直してください。", extra={})]
    with AnalysisPool(2) as pool:
        pool([Parts("", "", "")] * 2_000)
        made = [each.masked for each in pool.prepare(cases)]
        assert pool._workers
    assert made == [mask_case(case) for case in cases]
    assert made[-1].case is cases[-1]  # nothing to mask


def test_messages_and_reject_files_hold_no_personal_data(tmp_path: Path) -> None:
    row = {"id": "x", "kind": "case", "inquiry": INQUIRY, "reply": REPLY, "lang": "嘉納治 090-0000-7321"}
    source, bad = tmp_path / "cases.jsonl", tmp_path / "bad.jsonl"
    source.write_text(json.dumps(row, ensure_ascii=False) + "\n{" + REPLY.replace("\n", ""), encoding="utf-8")
    with pytest.raises(SourceError) as raised:
        list(read_entries(source))
    assert [secret for secret in SECRETS if secret in str(raised.value)] == []
    with read_entries(source, skip_bad=bad) as reader:
        assert list(reader) == []
    assert bytes_with(tmp_path / "bad.jsonl", *SECRETS) == []
    assert "印刷できません" in bad.read_text(encoding="utf-8")
    assert reader.rejected == 2


def test_labels_are_kept_without_their_customer() -> None:
    label = LabelledInquiry(
        inquiry=Inquiry(id="q", text=INQUIRY, customer_id="MD-C-771204"), expected_entries={"a": 2}
    )
    line = as_line(masked(label))
    assert [secret for secret in SECRETS if secret in line] == []
    assert "プリンターが印刷できません" in line
    assert json.loads(line)["expected_entries"] == {"a": 2}


def test_placeholders_are_told_from_text() -> None:
    assert has_placeholder("〔氏名〕様")
    assert has_placeholder("Dear 〔name〕")
    assert not has_placeholder("〔注〕〔氏〕[name]")
    assert without_placeholders("〔氏名〕の〔電話番号〕") == " の "
