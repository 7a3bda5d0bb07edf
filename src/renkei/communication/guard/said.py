"""What a text says in one place, and whether the clause it stands in denies or only supposes it."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

# A polite predicate is the end of a sentence, also where nothing is written between it and the next.
_SENTENCE_END = re.compile(
    r"[。!?\n]|(?<=[^\d])\.(?=[^\d]|$)"
    r"|(?:です|ます|ました|ません|でした)(?=[^がかけのしよねとっも、。」』)んでらゆわさなねぐ時際場様方中前後\n])"
)
_CLAUSE_END = re.compile(r"[。!?\n、,]")
# Spaces of a hurried writer, where a predicate stands before: as good as a full stop.
PAUSE = re.compile(
    r"[^\S\n](?:(?<=です.)|(?<=ます.)|(?<=した.)|(?<=せん.)|(?<=てる.)|(?<=ない.)|(?<=った.)|(?<=んだ.)|(?<=すよ.)|(?<=いた.))"
)
_FAR: Final = 200  # characters to either side that a sentence is looked at
_THING = (
    r"(?:など|等|とか|や[^。、\n]{1,8}|も?・[^。、\n]{1,14}|といった)?(?:の|な|する|した|している|しているような|のような|らしき|様の?)?"
    r"(?:訴え|症状|発作|様子|徴候|兆候|所見|念慮|企図|願望|様症状|出現|発生|状態|既往|感じ|感|差|こと|印象|様|気配|自覚|再発|悪化|エピソード|発言|素振り|そぶり|言葉|問題|事|量|持続|増強|残存|愁訴)?"
)
_NEGATED = re.compile(
    _THING
    + r"(?:は|も|が|を|の|に|には|とは|では|さえ|なども|等も|までは|も特に|は特に|は一度も|は全く|は一切|もその後)?(?:ともに|共に|とも|いずれも|どちらも|すべて|全て|特に|両方とも)*"
    r"(?:っ?て(?:は)?い?(?:な(?:い(?!か)|く)|ません|おらず)|て?おらず|ナシ|ナイ|な(?:し|い(?!か(?:と|、|。|$))|く(?!な)|かっ)|無(?:し|く(?!な)|い|(?!理|[くけか]))|あり?ません|ございません|認め(?:ず|ません|られ(?:ず|ません)|ない|ていません)"
    r"|[みミ見]られ(?:ず|ません|ない|ていません)|見(?:え)?ません|訴え(?:ず|ません|ない|られず|はな|もな|な)|否定|起き(?:ず|ません|てい?(?:ない|ません)|なか)|起こ(?:らず|りません|って(?:い)?ません|して(?:い)?ません|さず)"
    r"|出(?:て(?:い)?(?:ない|ません|おらず|なく)|ません|ず(?:に済|、|。|$)|現(?:なし|せず|は?な))|して(?:い)?(?:ない(?!か)|ません|おらず|なく)|しません|しない(?!か)|せず(?:に)?|しなかった|しておりません"
    r"|生じ(?:て(?:い)?ません|ず|ません)|至(?:ら|りません|って(?:い)?ません)|消失(?:し|$|。|、)|ゼロ|0回|\(?[-−]\)|\(-|[-−](?:$|、|。|/|\s)|陰性|ではな|でな(?:く|い)|じゃな|言(?:わず|いません)|聞かれ(?:て(?:い)?|て?おり)?(?:ず|ません)|なら(?:ず|ない|なか|なく)(?:に?済)?|続いて(?:い)?ません|残って(?:い)?ません|来(?:て(?:い)?ません|ず)|感じ(?:ない|ません|ず)|増え(?:て(?:い)?ません|ず)|強くな(?:い|く(?!な))|ひどくな(?:い|く(?!な))"
    r"|希望(?:し|され)(?:ない|ません|ず)|希望なし|望(?:まない|みません|まれ(?:ない|ません|ず)|まず)|行(?:わない|いません|わず)|不要|控え|なさそう|もう(?:ない|なく|ありません)|心配(?:は)?(?:な|あ?りません|いりません|不要)|(?:や|・|、)?[^。、\n]{0,8}(?:も|は)(?:なし|ない|なく|ありません|みられ(?:ず|ません|ない)|見られ(?:ず|ません|ない)|認め(?:ず|ません)))"
)
_INFLECTED = re.compile(
    r"(?:く|くは|くも|み|みは|みも|みなど|みや[^。、\n]{1,8}は|さ(?:など|等)?(?:の)?(?:自覚)?(?:症状|訴え)?(?:は|も)?|そう(?:で|に|な様子)?(?:は|も)?|がる様子(?:は|も)?|いという(?:訴え|こと)(?:は|も)?|い(?:など)?(?:と)?(?:は|も)?(?:言|訴え|おっしゃ)|い様子(?:は|も)?|い感じ(?:は|も)?|いこと(?:は|も)?|む様子(?:は|も)?|むこと(?:は|も)?)"
    r"(?:な(?:い(?!か)|く(?!な)|し|さそう)|ありません|(?:訴え|みられ|見られ|認め)?(?:ず|ません|なし)|わない|わず|いません)"
)
_DENIED_AFTER = re.compile(
    r"[^。、\n]{0,12}(?:ことは(?:ない|ありません|なか)|わけでは(?:ない|ありません)|様子は?(?:も)?(?:ない|ありません|見られ|みられ|なく|なし)|心配は?(?:ない|ありません|なさ)|危険は?(?:ない|ありません)|恐れは(?:ない|ありません)|ほどでは(?:ない|ありません)|なくなり(?:ま|、)|なくなって|には至(?:ら|りま|って)|ではありません|ではない(?!か)|ではなく|なしで|まではいか)"
)
_COULD_BE = re.compile(
    r"[^。、\n]{0,14}?(?:たら(?!し|い(?:い|よ)か)|(?<!なけ)れば|なければ(?!な|い)|場合|とき(?:は|に|の|には|、|用)|(?<!\d)時(?:は|に|の|には|、|用|も|指示|薬|屯用|頓用|使用|投与|坐薬|座薬|対応|$)|際(?:は|に|の|には|、|も)|よう(?:なら|であれば|でしたら|だったら)|なら(?:ば|、|1|す|電|救)|(?:の|ないか(?:と)?|に対する)(?:心配|懸念|不安)|への不安|(?<![なの])が(?:心配|不安)な|予防|防止|防[ぐぎげ]|ないよう|ぬよう|に備え|の備え|有無|かどうか|か(?:を)?(?:確認|観察|チェック|見て|みて|聞い)|(?<!では)(?<!じゃ)ないか(?:$|、|を|確|見|観|み|注|気|ど|心|と(?:心配|不安|聞|たず|尋))"
    r"|対策|(?:の|への|時の?|場合の)対応|対応(?:方法|手順|策|法|マニュアル|力)|対処(?:法|方法)|(?:の|への|時の?)対処|手当て|処置(?:の|法)|について|(?<!と)の(?:説明|勉強|研修|講習|訓練|演習|資料|マニュアル|パンフ|(?<!との)話|既往|経験|薬|坐薬|頓服|サイン|兆候|徴候が|症状が出|見分け|原因|予測|既応|歴|方(?:へ|に|が|の|は|も|を))|を(?:説明|想定|予測|防|避け|予防|繰り返して(?:き|い)た)|既往|歴(?:あり|が|の|は|も|、|。|$)|後遺症|後の(?:方|リハ|経過|生活|状態)|(?:し|り|れ|き|い)やす|サイン|傾向|体質|持ち(?:の|で)|(?<![をがはも])止めの?(?:薬|坐薬|座薬|テープ|注射|剤|の)|(?:の|時の?|用の?|予防の?|に効く|を抑える|を防ぐ)お?薬(?:を|は|が|の|、|で|も)|スケール|評価(?!で)|とは(?:何|ど)|と(?:いう|の)(?:言葉|テーマ|題)|しないため|にならない|にならぬ|ならないよう|しないよう|起こさない|起こさぬ|させない|されないよう|に注意|に気をつけ|に気を付け|にご?注意|への|教室|セミナー|講座|ポスター|ガイド|カード|キット|訓練|研修|例(?:えば|として|:)|など(?:の|が)(?:症状|とき|場合|あ(?:れば|ったら))|しそう(?:な(?:とき|場合|ら)|になったら)|しないか|の可能性(?:がある(?:ため|ので|方)|に備|を(?:考|説|話)|について|もあるため|が高いため)|可能性に備)"
)
_RISK = re.compile(
    r"[^。、\n]{0,7}?(?<!ショックの)(?<!命の)(?:恐れ|おそれ|リスク|危険性|懸念(?!してい))"
)
_WHEN_LATER = re.compile(
    r"(?:場合(?:は|に|には|、|の|で)?|とき(?:は|に|には|、)?|(?<!\d)時(?:は|に|には|、)|(?:ようなら|ようであれば|ようでしたら)|なら(?:ば|、|すぐ)?|たら(?:、|すぐ|必ず|まず|早|電|連|1|救|お|中)?|れば(?:、)?|際(?:は|に|には))"
    r"[^。\n]{0,40}?(?:電話|連絡|119|救急車|呼[んびぶ]|受診|対応|ください|下さい|お願い|使[いう用っ]|坐薬|座薬|頓服|指示|報告|中止|伝え|します|する(?:。|$|こと|よう)|とのこと|こと(?:。|$|に)|いたし|相談|決め|飛んで|駆けつけ)"
)
_FINITE = re.compile(
    r"(?:て(?:い)?(?:ます|る|ました|た)|て(?:おり|お)(?:ます|ました)|ました|ます|です|でした|あり|だ|(?<!なっ)た|と(?:の|訴え|言|おっしゃ)[^、]*|状態)(?:が|けど|けれど|けれども|ので|から|ため|し|ものの)?$"
)
_BARE = re.compile(r"(?:など|や|と|も|・|等|の|症状|発作|様|・[^。、\n]{1,10})*")
_NEXT_ITEM_NEGATED = re.compile(
    r"(?:[、,・/]|や|と|も|及び|および|または|または|並びに)(?P<items>(?:[^。、,\n]{1,14}[、,])*?)[^。、,\n]{0,14}?"
    r"(?:は|も|が|の訴え|の症状|など|等|ともに|とも|いずれも|どれも|どちらも|共に|全て|すべて|特に|症状|発作)*(?:な(?:し|い(?!か))|なく(?!な)|無し|ありません|みられ(?:ず|ません|ない)|見られ(?:ず|ません|ない)|認め(?:ず|ません|ない)|訴え(?:なし|ず|ません)|否定|\([-−]\)|せず|していません|しておらず|起きて(?:い)?ません|出て(?:い)?ません|ゼロ)"
)
_PREDICATE = re.compile(r"(?:ます|ました|です|あり(?!ませ)|でした|ている|ており|(?<!し)た|る|し)$")
_CANNOT = (
    "ら",
    "か",
    "話せ",
    "べれ",
    "喋れ",
    "立て",
    "歩け",
    "上がれ",
    "見え",
    "吸え",
    "飲め",
    "使え",
    "動け",
    "られ",
    "持て",
    "握れ",
    "座れ",
    "聞き取れ",
)
_PART_OF_IT = re.compile(
    r"ない|ません|ず(?:に)?|なく(?:なり|なって|なった)?|ん(?=。|$)"
)  # 止まら|ない
_NOUNS = frozenset(("けいれん", "ひきつけ", "ケイレン", "冷や汗", "いたみ"))
# A thing whose clause ends with a denial, if it is not the denial of getting better.
_ENDS_DENIED = re.compile(
    r"(?![^。、\n]*(?:続|止ま|とま|改善|治ま|おさま|効|反応|返事|意識|動|薬|戻|回復|軽快|落ち着|変化|変わり))[^。、\n]{0,28}?"
    r"(?:なし|無し|ありません(?:でした)?|認め(?:ず|ません(?:でした)?|られず|られません|ない)|[み見]られ(?:ず|ません(?:でした)?|ない)|(?:には|とは)?(?:なら|至ら)(?:ず|ない|なかった|なかったです))"
)
_NOT_CALLED = re.compile(r"ません|ますか(?:と|」)[^。、\n]{0,4}(?:聞|尋|問)")
_NOT_STRUCK = re.compile(
    r"頭(?:部)?(?:は|を|も|の)?(?:打撲|外傷|強打|打っ|打|ぶつけ)(?:た様子|た形跡)?(?:は|も)?(?:て(?:おらず|いな|いません)|なし|ありません|たず|ず)"
)
_ORDERED = re.compile(
    r"(?:場合(?:は|に|には)?|とき(?:は|に)?|(?<!\d)時(?:は|に)|ようなら|なら|(?<!訪問し)(?<!行っ)(?<!着い)(?<!入っ)(?<!測っ)たら|れば|際は)[^。\n]{0,30}$"
)
_TO_BE_DONE = re.compile(
    r"(?:ん?で)?(?:する|という|との|の|へ|を|も)?(?:くだ|もら|ほし|いただ|と(?:お願|伝|説|話|指示)|お願|検討|指示|約束|取決|取り決|予定|こと|よう|か|。|$|、|し?ます|して(?:くだ|もら|いただ))"
)


@dataclass(frozen=True, slots=True)
class Said:
    """Words in a text with what follows in their clause, and the sentence around them."""

    text: str
    start: int
    end: int
    first: int  # of the sentence
    last: int
    rest: str  # of the clause, after the words

    @property
    def words(self) -> str:
        """The words themselves."""
        return self.text[self.start : self.end]

    @property
    def sentence(self) -> str:
        """The sentence they stand in."""
        return self.text[self.first : self.last]

    @property
    def begun(self) -> str:
        """The sentence before them."""
        return self.text[self.first : self.start]

    @property
    def is_noun(self) -> bool:
        """Whether they end as a noun does, so that what follows may deny it: 胸痛|なし."""
        last = self.text[self.end - 1]
        return not "ぁ" <= last <= "ゖ" or last in "さみ" or self.words in _NOUNS


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a text end."""
    return [end.end() for end in _SENTENCE_END.finditer(text)]


def sentence_at(text: str, at: int, ends: list[int]) -> tuple[int, int]:
    """Where the sentence begins and ends that holds the place."""
    after = bisect_right(ends, at)
    first = max(ends[after - 1] if after else 0, at - _FAR)
    last = min(ends[after] if after < len(ends) else len(text), at + _FAR)
    return first, last


def said_at(text: str, start: int, end: int, ends: list[int]) -> Said:
    """The words there, up to where they truly end: 止まら|ない, 苦し|さ, 痛|み."""
    first, last = sentence_at(text, start, ends)
    last = max(last, end)
    if text[start:end].endswith(_CANNOT) and (part := _PART_OF_IT.match(text, end)):
        end = part.end()
    clause_end = _CLAUSE_END.search(text, end, last)
    rest = text[end : min(clause_end.start() if clause_end else len(text), last)]
    if rest[:1] in ("さ", "み") and rest[1:2] in ("は", "が", "も", "の", "を", "、"):
        end, rest = end + 1, rest[1:]
    return Said(text, start, end, first, last, rest)


def is_denied(said: Said) -> bool:
    """Whether the clause, or the list that the words begin, says that there is none of it."""
    rest = said.rest
    if _NEGATED.match(rest) or _INFLECTED.match(rest) or _DENIED_AFTER.match(rest):
        return True
    if said.text[said.start] in "頭額" and _NOT_STRUCK.match(said.text, said.start):
        return True
    if not said.is_noun:
        return False
    if _ENDS_DENIED.fullmatch(rest):
        return True
    listed = said.text[said.end + len(rest) : said.last]
    return _BARE.fullmatch(rest) is not None and _list_denied(listed)


def could_be(said: Said) -> bool:
    """Whether the clause speaks of what could be, is feared, prevented, taught or prepared for."""
    if _RISK.match(said.rest) or _COULD_BE.match(said.rest):
        return True
    if _FINITE.search(said.words + said.rest):
        return False
    return _WHEN_LATER.search(said.text, said.end, said.last) is not None


def could_be_called(said: Said) -> bool:
    """Whether calling for help is what is to be done if it comes to that."""
    if _COULD_BE.match(said.words) or _NOT_CALLED.match(said.text, said.end - 1):
        return True
    ordered = _ORDERED.search(said.begun) is not None
    return ordered and _TO_BE_DONE.match(said.text, said.end) is not None


def _list_denied(after: str) -> bool:
    """Whether the list that goes on ends with a denial: 胸痛、冷汗、呼吸苦なし."""
    found = _NEXT_ITEM_NEGATED.match(after)
    if found is None:
        return False
    return not any(
        _PREDICATE.search(item) for item in found["items"].strip("、,").split("、") if item
    )
