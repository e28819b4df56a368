"""Template phrases as claims, in the tone that the inquiry asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from suggest.compose.quoting import Line, Mark
from suggest.records import Channel, Claim, Reason, Source, Understanding
from suggest.templates import Language, Templates

Trouble = Literal["failure", "mishap", "none"]
Reader = Literal["beginner", "expert", "general"]

_READ = 4_000  # characters of an inquiry that tone is judged by
_FAILURE = re.compile(
    r"エラー|勝手に|[A-Za-z]{2,}-?[0-9]{3,}[^。\n]{0,12}(?:表示され|出て|出まし|出ます|出る)|なくなっ(?:た|て|ちゃ)|なくなりま|出てこ|行かな|行きませ|不具合|障害|おかしい|困って|困り|動作しない|動かな|動きませ|開かな|開けな|入れな(?!い(?:よう|設定))|届かな|届きませ|届いていませ"
    r"|(?:でき|出来|られ|れ|わか|使え|送れ|見え|入れ|消せ|進め|押せ|開け|読め|直ら|戻ら|出|来|反映され|表示され)(?:ません|ない(?:です|ん|の|$|[。、！!\s]))"
    r"|固まっ|フリーズ|落ち(?:る|て|ます|まし)|弾かれ|止まって(?:い|し|お|ま)|止まった|止まりま|消えて|消えま|消えた(?!こと|後|あと)|遅い|遅く|失敗|繋がら|つながら|(?<!グ)ループ|二重に|ずれて|文字化け"
)
_HOW = re.compile(
    r"(?:でき|出来|られ|れ|せ)(?:ません|ない)(?:か|でしょうか|もの|かな|設定|よう|の[?？]|のですか|んですか)|ない(?:よう|設定)"
    r"|なく(?:したい|する)|なくなった(?:時|とき|場合)|ないと(?:いけ|な|だめ|ダメ)"
    r"|わか(?:りません|らない)|分か(?:りません|らない)|見つか(?:りません|らない)"
    r"|(?:社員|職員|従業員|ユーザー|メンバー|部下|本人|誰|だれ|者|人|生徒|部署)(?:で?も|たち)?[がは]?(?:好き)?勝手に|勝手に(?=[^。、]{0,16}(?:になる、|という形|たい))"
    r"|(?:障害|不具合|エラー)(?:に備え|(?:など)?を(?:防|避|知り)|が起き(?:たら|た(?:場合|とき)))|がちな不具合|なくなったら|[^。、\n]{0,8}(?:しまわ|起き|なら|消え|切れ)ないか"
)
"""What sounds like a failure and is a wish, a fear, or what people do."""
_MISHAP = re.compile(
    r"切れて(?:い?まし|い?ます|い?た|しま)|期限切れ|忘れ(?:た|て|まし)|ド忘れ|なくし|失くし|紛失|壊し|壊れ|間違え|まちがえ|誤って|間違って|まちがって|手違い|うっかり|盗ま|水没|て(?:しまいまし|しまいます(?!か)|しまうそう|しまった|しまって)|ちゃ(?:った|って|いまし|います(?!か))"
)
_FAILURE_EN = re.compile(
    r"\b(?:error|can'?t|cannot|couldn'?t|can not|won'?t|doesn'?t|does not|didn'?t|not working|isn'?t working|broken|"
    r"fail(?:s|ed|ing)?|stuck|keeps? (?:asking|crashing|failing)|crash\w*|missing|disappeared|stopped|locked out|"
    r"wrong|blank|never (?:arriv|receiv|c[ao]me)\w*)\b",
    re.IGNORECASE,
)
_HOW_EN = re.compile(
    r"\bcan'?t (?:we|i|you)\b|\b(?:can'?t|cannot|couldn'?t) (?:find|see how|figure|tell)\b", re.IGNORECASE
)
_ASKS_HOW = re.compile(
    r"方法|手順|やり方|操作|どうすれば|どうしたら|どうやって|どのように|どこ(?:から|で|を|に|で|？|\?)|直し方|仕方|したい(?:です|の|。|$)"
    r"|\bhow (?:do|can|to|should)\b|\bsteps\b|\bwhere (?:do|can)\b|\bwhat now\b",
    re.IGNORECASE,
)
_ASKS_MORE = re.compile(
    r"(?:^|[。、\n])(?:あと|それと(?!も)|また|ついでに)、?[^。]*も|も(?:一緒に|併せて|あわせて)|(?:方法|やり方|手順|操作)と、|"
    r"\b(?:and also|as well as|and how)\b",
    re.IGNORECASE,
)
_ASKS_WHEN = re.compile(
    r"いつ|何(?:日|時間|分|か月|ヶ月)|期限|期間|目安|どのくらい|どれくらい|\b(?:when|how long|deadline)\b",
    re.I,
)
_ASKS_LEAVE = re.compile(
    r"たい|でき(?:ます|る|ない)(?:でしょう)?(?:か|の|もの)|可能|られ(?:ます|る)(?:でしょう)?か|ませんか|ないの|ほしい|欲しい"
    r"|\b(?:can (?:i|we|you)|is it possible|want|would like)\b",
    re.IGNORECASE,
)
_SAYS_NO = re.compile(
    r"(?:でき|対応(?:して|いたして)?(?:い|おり)|用意して(?:い|おり)|あり|ござい|いただけ|られ|サポートして(?:い|おり)|行えま?)ません"
    r"|\b(?:cannot|can't|not (?:possible|available|supported))\b",
    re.IGNORECASE,
)
_BEGINNER = re.compile(
    r"初心者|初めて(?:使|利用|な)|はじめて(?:使|利用|な)|(?:機械|パソコン|スマホ|ネット|ＰＣ|PC)(?:は|が|に)?(?:苦手|弱|疎|不慣れ|詳しくな)|"
    r"(?:詳しく|よく)(?:は)?(?:ない|ありません|わから|分から)|(?:やさしく|易しく|簡単に|わかりやすく|分かりやすく)(?:教|説明)|年寄り|高齢"
    r"|\b(?:beginner|not (?:very )?(?:technical|tech-savvy|good with computers)|in simple (?:words|terms)|for dummies)\b",
    re.IGNORECASE,
)
_EXPERT = re.compile(
    r"PowerShell|コマンド|スクリプト|レジストリ|グループ ?ポリシー|\bAPI\b|\bSAML\b|\bIdP\b|\bDNS\b|\bMX\b|\bSPF\b|\bDKIM\b|\bOAuth|\bSSO\b|"
    r"シングルサインオン|テナント|プロビジョニング|エンドポイント|NameID|レコード|ログを(?:採|取)得|\bCLI\b|\bregistry\b|\btenant\b|\bprovisioning\b",
    re.IGNORECASE,
)
_MISHAP_EN = re.compile(r"\b(?:forgot(?:ten)?|lost|stolen|by mistake|accidentally|broke)\b", re.IGNORECASE)


def trouble_of(understanding: Understanding) -> Trouble:
    """Tell a failing product (apologise) from the customer's own mishap (sympathise) and a mere question."""
    text = understanding.body[:_READ]
    if understanding.language == "ja":
        failure = _FAILURE.search(_HOW.sub("", text))
        mishap = _MISHAP.search(text)
    else:
        failure = _FAILURE_EN.search(_HOW_EN.sub("", text.replace("’", "'")))
        mishap = _MISHAP_EN.search(text)
    if failure:
        return "failure"
    return "mishap" if mishap else "none"


def reader_of(understanding: Understanding) -> Reader:
    """Tell from the words of an inquiry whether a beginner or an expert writes."""
    text = understanding.body[:_READ]
    if _BEGINNER.search(text):
        return "beginner"
    return "expert" if len({match.group().lower() for match in _EXPERT.finditer(text)}) >= 2 else "general"


def asks_more(concern: str) -> bool:
    """Tell whether a concern names a second matter beside the first (「…方法と、…のか」「あと…も一緒に」)."""
    return _ASKS_MORE.search(concern[:_READ]) is not None


def asks_when(concern: str) -> bool:
    """Tell whether a concern asks for a time or a deadline."""
    return _ASKS_WHEN.search(concern[:_READ]) is not None


def asks_leave(concern: str) -> bool:
    """Tell whether a concern wishes for something, or asks whether it can be done."""
    return _ASKS_LEAVE.search(concern[:_READ]) is not None


def says_no(answer: str) -> bool:
    """Tell whether an answer says that something cannot be had or done."""
    return _SAYS_NO.search(answer) is not None


def asks_how(concern: str) -> bool:
    """Tell whether a concern asks for a procedure."""
    return _ASKS_HOW.search(concern[:_READ]) is not None


@dataclass(frozen=True)
class Wording:
    """Phrases for one reply."""

    templates: Templates
    language: Language
    channel: Channel
    trouble: Trouble
    reader: Reader = "general"

    @property
    def in_trouble(self) -> bool:
        """Something went wrong for the customer, through the product or by themselves."""
        return self.trouble != "none"

    @property
    def japanese(self) -> bool:
        """The reply is in Japanese."""
        return self.language == "ja"

    def say(
        self,
        name: str,
        /,
        *,
        table: str = "phrases",
        mark: Mark = "text",
        entry_id: str | None = None,
        **variables: str,
    ) -> tuple[Line, ...]:
        """Render a phrase: one line, one template claim for each of its sentences."""
        found = self.templates.phrase(self.language, name, self.channel, table=table, **variables)
        return tuple(
            Line(
                (
                    Claim(
                        text=phrase.text,
                        source=Source(kind="template", template=phrase.name, entry_id=entry_id),
                    ),
                ),
                phrase.text,
                mark,
            )
            for phrase in found
        )

    def words(self, name: str, table: str, /, **variables: str) -> str:
        """Render a phrase that is not part of a reply (labels, reasons)."""
        return " ".join(
            phrase.text for phrase in self.templates.phrase(self.language, name, table=table, **variables)
        )

    def reason(self, code: str, /, **variables: str) -> Reason:
        """Word a reason for the agent; an ``entry`` becomes its evidence."""
        return Reason(
            code=code, message=self.words(code, "reasons", **variables), evidence=variables.get("entry", "")
        )

    def question(self, text: str) -> Line:
        """Make a numbered line of a question to the customer."""
        plain = " ".join(text.split())
        return Line((Claim(text=plain, source=Source(kind="template", template="question")),), plain, "step")

    def blank(self, subject: str) -> Line:
        """Make a marked blank that the agent fills in."""
        text = self.words("blank_note", "phrases", subject=subject)
        return Line((Claim(text=text, source=Source(kind="agent")),), text)
