from __future__ import annotations

from pathlib import Path

import pytest

from suggest import Inquiry, KnowledgeBase, Settings, Suggester
from suggest.records import Article, Entry, ResolvedCase
from suggest.settings import Judging

QUESTION = "打刻リーダーの電池を交換する手順を教えてください"
POINT = "打刻リーダーの電池は、背面のふたを開けて交換していただけます。"


def suggester(folder: Path, *entries: Entry) -> Suggester:
    kb = KnowledgeBase.open(folder, settings=Settings(judging=Judging(provisional=True)))
    others = [Article(id=f"o{n}", title=f"別の話題{n}", body="関係のない説明です。") for n in range(40)]
    kb.sync([*entries, *others])
    return Suggester(kb)


def battery(**fields: object) -> Article:
    values = {
        "id": "a",
        "title": "打刻リーダーの電池を交換する手順",
        "body": POINT,
        "point": POINT,
        "lang": "ja",
    }
    return Article(**(values | fields))


def test_a_strong_match_is_ready_in_provisional_mode(tmp_path: Path) -> None:
    suggestion = suggester(tmp_path, battery()).suggest(Inquiry(text=QUESTION))
    assert suggestion.lane == "ready"
    assert suggestion.draft is not None and POINT in suggestion.draft.text


def test_a_draft_with_a_blank_for_the_agent_is_not_ready(tmp_path: Path) -> None:
    suggestion = suggester(tmp_path, battery(requires_identity_check=True)).suggest(Inquiry(text=QUESTION))
    assert suggestion.draft is not None
    assert any(claim.source.kind == "agent" for claim in suggestion.draft.claims)
    assert suggestion.lane == "review"


@pytest.mark.parametrize(("trust", "lane"), [("unreviewed", "review"), ("curated", "ready")])
def test_a_draft_that_quotes_an_unreviewed_case_is_not_ready(tmp_path: Path, trust: str, lane: str) -> None:
    case = ResolvedCase(
        id="c",
        inquiry="リーダーの電池が切れたので交換したいです",
        reply="次の手順で交換できます。\n1. 背面のふたを開けます。\n2. 単三電池を2本入れ替えます。\n3. ふたを閉めます。",
        resolves_with="a",
        trust=trust,
        lang="ja",
    )
    suggestion = suggester(tmp_path, battery(), case).suggest(Inquiry(text=QUESTION))
    assert suggestion.draft is not None
    assert "c" in {claim.source.entry_id for claim in suggestion.draft.claims}
    assert suggestion.lane == lane


def test_an_empty_knowledge_base_makes_nothing_up(tmp_path: Path) -> None:
    suggestion = Suggester(KnowledgeBase.open(tmp_path)).suggest(Inquiry(text=QUESTION))
    assert (suggestion.lane, suggestion.draft, suggestion.matches) == ("review", None, ())
    assert "empty_knowledge_base" in {reason.code for reason in suggestion.reasons}
