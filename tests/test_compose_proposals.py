"""Drafts from evidence that is too weak to answer from: proposals that an agent has to see to."""

from __future__ import annotations

from suggest.records import Article

from .test_compose import LOCKED, LOCKED_CASE, STATED, run, verbatim

QUESTION = "MD-1005と表示されてログインできません。"
OTHER = Article(id="faq-name", title="請求書の宛名の変更", body="宛名は、管理画面 >「契約」で変更できます。")


def test_a_proposal_is_marked_before_its_point() -> None:
    draft, _, reasons = run(QUESTION, LOCKED, LOCKED_CASE, weak=[True])
    verbatim(draft, LOCKED, LOCKED_CASE)
    kinds = [claim.source.kind for claim in draft.point]
    mark = draft.point[kinds.index("agent")]
    assert kinds.index("agent") < kinds.index("entry")
    assert mark.text == (
        f"【ご確認ください: 「{LOCKED.title}」をもとにした案です。お問い合わせに当てはまるかをお確かめのうえ、"
        "当てはまらない場合は書き直してください】"
    )
    [said] = [reason for reason in reasons if reason.code == "weak_evidence"]
    assert said.evidence == LOCKED.id


def test_a_proposal_from_a_past_case_names_it_by_its_id() -> None:
    draft, _, _ = run(QUESTION, LOCKED_CASE, weak=[True])
    assert "【ご確認ください: case-lockedをもとにした案です。" in draft.text
    assert "高橋" not in draft.text


def test_an_english_proposal() -> None:
    article = Article(id="en", title="Locked account", body="An account is locked for 30 minutes.", lang="en")
    draft, _, _ = run("My account is locked, what can I do?", article, weak=[True], language="en")
    assert '[Please check: this draft is only a proposal from "Locked account".' in draft.text


def test_of_several_questions_one_with_weak_evidence_stays_blank() -> None:
    draft, _, reasons = run([QUESTION, "請求書の宛名を変えられますか"], LOCKED, OTHER, weak=[False, True])
    blanks = [claim.text for claim in draft.claims if claim.source.kind == "agent"]
    assert blanks == [
        "【ご確認ください: 「請求書の宛名を変えられますか」へのご回答（「請求書の宛名の変更」を参照）】"
    ]
    assert "管理画面 >「契約」" not in draft.text
    assert "weak_evidence" not in {reason.code for reason in reasons}


def test_a_frame_for_several_questions_that_nothing_answers() -> None:
    asked = [QUESTION, "請求書の宛名を変えられますか"]
    draft, _, reasons = run(asked, LOCKED, OTHER, weak=[True, True])
    blanks = [claim.text for claim in draft.claims if claim.source.kind == "agent"]
    assert [title in blank for title, blank in zip((LOCKED.title, OTHER.title), blanks, strict=True)] == [
        True,
        True,
    ]
    assert {claim.source.kind for claim in draft.claims} == {"agent", "template"}
    assert "agent_blank" in {reason.code for reason in reasons}
    assert run(asked, LOCKED, OTHER, weak=[True, False], answerable=[False, False])[0] is None


def test_evidence_in_another_language_gives_a_frame_that_names_it() -> None:
    draft, _, reasons = run("How long is the account locked?", LOCKED, language="en", lane="review")
    blanks = [claim.text for claim in draft.claims if claim.source.kind == "agent"]
    assert blanks == [f'[Please check: answer to "How long is the account locked?" (see {LOCKED.id})]']
    assert "evidence_in_other_language" in {reason.code for reason in reasons}


def test_nothing_is_proposed_beside_questions_back() -> None:
    draft, _, _ = run(QUESTION, LOCKED, weak=[True], questions=("ご利用の端末",))
    assert "5回間違える" not in draft.text
    assert "ご利用の端末" in draft.text


def test_a_second_question_that_may_be_left_out_is_said() -> None:
    asked = "招待メールが届きません。あと、宛先のアドレスを変える方法も教えてください"
    assert "second_question" in {reason.code for reason in run(asked, STATED)[2]}
    assert "second_question" not in {reason.code for reason in run("招待メールが届きません。", STATED)[2]}
    alternatives = "招待メールが届きません。まだ送られていないのですか。それとも、期限も切れたのですか"
    assert "second_question" not in {reason.code for reason in run(alternatives, STATED)[2]}
