"""The words offices use: headings, professions, yes and no, and their many ways of writing."""

import re
import unicodedata
from collections.abc import Iterable

from renkei.region.folder.model import PROFESSIONS

_HEADINGS = {
    "name": "氏名 名前 お名前 職員名 職員氏名 スタッフ名 スタッフ氏名 name fullname 氏名漢字",
    "family": "姓 名字 苗字 familyname lastname surname",
    "given": "名 givenname firstname",
    "kana": "ふりがな フリガナ かな カナ よみ ヨミ 読み 読みがな よみがな 読み仮名"
    " 氏名かな 氏名カナ 氏名ふりがな 氏名フリガナ kana furigana reading",
    "family_kana": "せい セイ 姓かな 姓カナ 姓ふりがな 姓フリガナ familynamekana",
    "given_kana": "めい メイ 名かな 名カナ 名ふりがな 名フリガナ givennamekana",
    "profession": "職種 資格 職業 職名 職種名 profession occupation job qualification",
    "sex": "性別 sex gender",
    "email": "メール メールアドレス eメール eメールアドレス email mail メアド アドレス id"
    " emailaddress mailaddress",
    "administrator": "連携管理者 管理者 管理者権限 管理権限 administrator admin",
    "pledged_on": "誓約日 誓約書 誓約 誓約書日付 誓約書提出日 誓約年月日 様式3 pledgedate pledgedon"
    " pledge",
    "trained_on": "講習日 研修日 講習 研修 教育日 教育 受講日 講習受講日 研修受講日 trainingdate"
    " trainedon training",
}
_PROFESSIONS = {
    "医師": "医者 ドクター dr doctor physician 医",
    "歯科医師": "歯科医 歯医者 dentist",
    "薬剤師": "管理薬剤師 pharmacist",
    "看護師": "正看護師 正看 看護婦 訪問看護師 ns rn nurse ナース registerednurse",
    "准看護師": "准看 準看護師 準看 准看護婦 lpn",
    "保健師": "保健婦 phn publichealthnurse",
    "理学療法士": "pt physicaltherapist physiotherapist",
    "作業療法士": "ot occupationaltherapist",
    "言語聴覚士": "st speechtherapist",
    "歯科衛生士": "衛生士 dh dentalhygienist",
    "管理栄養士": "dietitian nutritionist",
    "介護支援専門員": "ケアマネ ケアマネジャー ケアマネージャー ケアマネージャ 主任ケアマネ"
    " 主任ケアマネジャー 主任ケアマネージャー 主任介護支援専門員 cm caremanager",
    "介護福祉士": "介福 certifiedcareworker careworker",
    "訪問介護員": "ヘルパー ホームヘルパー 訪問ヘルパー helper homehelper",
    "社会福祉士": "socialworker",
    "医療ソーシャルワーカー": "msw 医療相談員 medicalsocialworker",
    "福祉用具専門相談員": "福祉用具 福祉用具相談員",
    "相談支援専門員": "相談支援員",
    "事務": "事務員 事務職 事務職員 医療事務 事務長 事務担当 clerk office",
    "行政職員": "行政 公務員 市職員 市役所職員",
    "その他": "other ほか 他",
}
_SEXES = {"男": "男性 m male", "女": "女性 f female", "その他": "他 other"}
_YES = "1 ○ 〇 ◯ ● ◎ はい 有 あり y yes true ✓ ✔ レ 連携管理者 管理者 する"
_NO = "0 × ✕ ✗ x いいえ 無 なし n no false - ー しない"


def fold(word: str) -> str:
    """A word for looking up: widths, capitals, spaces and punctuation of headings made one."""
    plain = unicodedata.normalize("NFKC", word).lower()
    return re.sub(r"[\s※*:_・./-]", "", plain) or plain.strip()


def _index(table: dict[str, str]) -> dict[str, str]:
    """Every way of writing with what it means, the meaning itself included."""
    return {fold(one): key for key, words in table.items() for one in (key, *words.split())}


_HEADING_OF = _index(_HEADINGS)
_PROFESSION_OF = _index(_PROFESSIONS)
_SEX_OF = _index(_SEXES)
_ANSWER_OF = {fold(one): True for one in _YES.split()} | {fold(one): False for one in _NO.split()}
_BRACKETS = re.compile(r"[(\[【〔<].*?[)\]】〕>]")


def find_heading(cell: str) -> str | None:
    """What a column with this heading holds; None if it is no heading one knows."""
    wide = unicodedata.normalize("NFKC", cell)
    bare = _BRACKETS.sub("", wide)  # ふりがな（全角）, 氏名【必須】
    return _HEADING_OF.get(fold(re.sub(r"[()]", "", wide))) or _HEADING_OF.get(fold(bare))


def find_profession(word: str, known: Iterable[str] = PROFESSIONS) -> str | None:
    """The profession that is meant; None if it is none of those known."""
    found = _PROFESSION_OF.get(fold(word), word.strip())
    return found if found in known else None


def find_sex(word: str) -> str | None:
    """男, 女 or その他; None if it is none of them."""
    return _SEX_OF.get(fold(word))


def find_answer(word: str) -> bool | None:
    """Yes or no; None if it is neither."""
    return _ANSWER_OF.get(fold(word))
