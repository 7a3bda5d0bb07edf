"""Kana: one reading written one way, put in order, and filed under its row (五十音)."""

import re
import unicodedata
from itertools import pairwise

_HALF_WIDTH = re.compile("[\uff65-\uff9f]+")  # ･ to ﾟ, the half-width katakana of JIS X 0201
_DECOMPOSED = re.compile("[\u3041-\u30ff][\u3099\u309a]")  # か + combining voiced mark
TO_HIRAGANA = {code: chr(code - 0x60) for code in range(0x30A1, 0x30F7)} | {
    0x30FD: "ゝ",
    0x30FE: "ゞ",
    0x3000: " ",
}
_KANA = re.compile("(?=.*[ぁ-ゖ])[ぁ-ゖゝゞー・ヷ-ヺ ]+")  # at least one letter

_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
_SOUNDS = str.maketrans("ぢづをゐゑ", "じずおいえ")
_ROWS = {
    "あ": "あいうえお",
    "か": "かきくけこ",
    "さ": "さしすせそ",
    "た": "たちつてと",
    "な": "なにぬねの",
    "は": "はひふへほ",
    "ま": "まみむめも",
    "や": "やゆよ",
    "ら": "らりるれろ",
    "わ": "わゐゑをん",
}
_ROW_OF = {kana: row for row, members in _ROWS.items() for kana in members}
_VOWELS = {
    "あ": "あかさたなはまやらわ",
    "い": "いきしちにひみりゐ",
    "う": "うくすつぬふむゆる",
    "え": "えけせてねへめれゑ",
    "お": "おこそとのほもよろを",
}
_VOWEL_OF = {kana: vowel for vowel, members in _VOWELS.items() for kana in members}


def widen_kana(text: str) -> str:
    """The text with half-width katakana made full-width; every other character as it was.

    NFKC is applied to runs of half-width katakana alone, so ﾐﾄﾞﾘ becomes ミドリ while 﨑, ㈱ and
    full-width digits stay. Kana whose voiced mark stands apart (か + U+3099) is put together.
    """
    wide = _HALF_WIDTH.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)
    return _DECOMPOSED.sub(lambda pair: unicodedata.normalize("NFC", pair.group()), wide)


def fold_kana(text: str) -> str:
    """The text with all kana as hiragana and the full-width space as a plain one."""
    return widen_kana(text).translate(TO_HIRAGANA)


def is_kana(text: str) -> bool:
    """Whether the text is a reading: kana in any form, with ー, ・ and spaces, and nothing else."""
    return _KANA.fullmatch(fold_kana(text)) is not None


def sort_key(kana: str) -> str:
    """A string that puts readings in dictionary order when compared by code point.

    First without voiced marks and small forms, ー read as the vowel before it, then by what was
    left out. A space counts, so all たかはし stand before たかはしま.

    Source: JIS X 4061 (日本語文字列照合順番), simplified to the order of readings.
    """
    folded = " ".join(fold_kana(kana).split())
    plain = "".join(_plain(character) for character in folded)
    vowels = [
        _VOWEL_OF.get(before, "ー") if character == "ー" else character
        for before, character in pairwise(" " + plain)
    ]
    return "".join(vowels) + "\t" + folded


def sounding(kana: str) -> str:
    """A reading as it sounds, so that two who write one name from hearing write it alike.

    Width, hiragana or katakana, spaces and ・, small letters, ぢづをゐゑ, and how a long vowel is
    written (ゆうこ, ゆーこ; おおの, おうの) make no difference. Voiced marks do.
    """
    plain = "".join(fold_kana(kana).replace("・", "").split()).translate(_SMALL)
    heard = ""
    for character in plain.translate(_SOUNDS):
        before = _VOWEL_OF.get(unicodedata.normalize("NFD", heard[-1])[0], "") if heard else ""
        if character in ("ー", before) or before + character in ("おう", "えい"):
            character = before
        heard += character
    return heard


def kana_row(kana: str) -> str:
    """The row a reading is filed under: あ, か, さ, た, な, は, ま, や, ら, わ, or 他."""
    folded = fold_kana(kana).strip()
    return _ROW_OF.get(_plain(folded[0]), "他") if folded else "他"


def _plain(character: str) -> str:
    """The kana without voiced mark and in its large form: が is か, っ is つ."""
    return unicodedata.normalize("NFD", character)[0].translate(_SMALL)
