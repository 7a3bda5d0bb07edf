"""How Japanese offices write: kana, dates in eras, telephone and postal numbers, names, messages.

Nothing here alters the characters of a person's name: 髙 stays 髙, 﨑 stays 﨑, and an ideographic
variation sequence keeps its selector.
"""

from renkei.kernel.japanese.contact import (
    EmailFault,
    PhoneFault,
    PostalCodeFault,
    is_role_address,
    normalise_email,
    normalise_phone,
    normalise_postal_code,
    town,
)
from renkei.kernel.japanese.dates import (
    DateFault,
    DateTooEarly,
    NotADate,
    OutsideEra,
    age_on,
    format_date,
    parse_date,
    wareki,
)
from renkei.kernel.japanese.folding import Folded, fold, folded
from renkei.kernel.japanese.kana import (
    fold_kana,
    is_kana,
    kana_row,
    sort_key,
    sounding,
    widen_kana,
)
from renkei.kernel.japanese.places import joints
from renkei.kernel.japanese.romaji import romanise
from renkei.kernel.japanese.writing import (
    MESSAGE_MAX,
    clean_text,
    initials,
    length,
    narrow,
    narrow_number,
    split_name,
    stray_control,
)

__all__ = [
    "MESSAGE_MAX",
    "DateFault",
    "DateTooEarly",
    "EmailFault",
    "Folded",
    "NotADate",
    "OutsideEra",
    "PhoneFault",
    "PostalCodeFault",
    "age_on",
    "clean_text",
    "fold",
    "fold_kana",
    "folded",
    "format_date",
    "initials",
    "is_kana",
    "is_role_address",
    "joints",
    "kana_row",
    "length",
    "narrow",
    "narrow_number",
    "normalise_email",
    "normalise_phone",
    "normalise_postal_code",
    "parse_date",
    "romanise",
    "sort_key",
    "sounding",
    "split_name",
    "stray_control",
    "town",
    "wareki",
    "widen_kana",
]
