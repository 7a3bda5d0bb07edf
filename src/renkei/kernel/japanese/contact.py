"""Ways to reach somebody, judged by their shape alone: telephone, postal code, e-mail."""

import re

from renkei.kernel.japanese.writing import narrow, narrow_number

_PHONE = re.compile(r"\d+(?:-\d+)*")
_BRACKETS = re.compile(r"(\d)\((\d+)\)(\d)|\((\d+)\)(\d)")  # 000(00)1061, (000)00-1061
_POSTAL_CODE = re.compile(r"〒?\s*(\d{3})-?(\d{4})")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62})+"
)
_EMAIL_MAX = 254  # characters; RFC 5321 leaves no room for more
_ROLE_WORDS = (
    "info", "office", "jimu", "jimusho", "contact", "admin", "kanri", "soumu", "somu", "keiri",
    "staff", "shokuin", "kango", "houmon", "homon", "nurse", "yakkyoku", "pharmacy", "clinic",
    "byoin", "hospital", "uketsuke", "reception", "renkei", "soudan", "support", "help", "shop",
    "tenpo", "mail", "fax", "all", "group", "team", "postmaster", "webmaster", "noreply",
)  # fmt: skip
_ROLE_KANJI = ("事務", "代表", "受付", "総務", "職員", "連携")


_TOWN = re.compile(
    r"(?:東京都|北海道|(?:京都|大阪)府|[^0-9都道府県]{2,3}県)?"  # says little within a region
    r"([^0-9]*?[市区町村郡])?([^0-9]*)"
)
_BLOCK = re.compile(r"[一二三四五六七八九十]+(?=丁目|番|号)")


class PhoneFault(ValueError):
    """Not the shape of a telephone number; carries a Japanese sentence for people."""


class PostalCodeFault(ValueError):
    """Not the shape of a postal code; carries a Japanese sentence for people."""


class EmailFault(ValueError):
    """Not the shape of an e-mail address; carries a Japanese sentence for people."""


def normalise_phone(text: str) -> str:
    """The number half-width, its hyphens where they were written, brackets as hyphens.

    Judged by shape only, 10 or 11 digits; whether a numbering plan knows it is not asked.

    Raises:
        PhoneFault: other characters, or too few or too many digits.
    """
    number = _BRACKETS.sub(_hyphenate, narrow_number(text))
    digits = sum(character.isdigit() for character in number)
    if not (number.isascii() and _PHONE.fullmatch(number)):
        raise PhoneFault("電話番号は数字とハイフンで書いてください（例: 0000-00-1061）。")
    if not 10 <= digits <= 11:
        raise PhoneFault(f"電話番号は10桁か11桁です（{digits}桁あります）。")
    return number


def normalise_postal_code(text: str) -> str:
    """The postal code as 000-0001, whether or not it came with 〒, a hyphen or full-width digits.

    Raises:
        PostalCodeFault: not seven digits.
    """
    found = _POSTAL_CODE.fullmatch(narrow_number(text))
    if found is None or not (found[1] + found[2]).isascii():
        raise PostalCodeFault("郵便番号は7桁の数字で書いてください（例: 000-0001）。")
    return f"{found[1]}-{found[2]}"


def town(address: str) -> str:
    """The town in an address, without block and number: 若葉町二丁目1番 → 若葉町.

    By its shape alone; an address in which none is seen is its own town.
    """
    plain = narrow_number(address).strip()
    found = _TOWN.match(_BLOCK.sub("0", plain))
    assert found is not None  # everything in it may be missing
    return ((found[1] or "") + found[2]).rstrip(" -") or plain


def normalise_email(text: str) -> str:
    """The address half-width and in lower case, as people sign in with it.

    Raises:
        EmailFault: not of the shape name@example.jp.
    """
    address = narrow(text).lower()
    if len(address) > _EMAIL_MAX or not _EMAIL.fullmatch(address):
        raise EmailFault("メールアドレスの形ではありません（例: name@hoshimi.example）。")
    return address


def is_role_address(email: str) -> bool:
    """Whether an address looks like that of a desk and not of one person (A14.2)."""
    local = email.partition("@")[0].lower()
    parts = re.split(r"[^a-z]+", local)
    return any(part in _ROLE_WORDS for part in parts) or any(one in local for one in _ROLE_KANJI)


def _hyphenate(found: re.Match[str]) -> str:
    """A number in brackets set between hyphens."""
    if found[4] is not None:
        return f"{found[4]}-{found[5]}"
    return f"{found[1]}-{found[2]}-{found[3]}"
