"""Where the name of an organization may be broken: みどり野つむぎ｜訪問看護｜ステーション."""

import re

_KIND = re.compile(
    "(?<=.)(?="
    "訪問看護|訪問介護|訪問リハビリ|居宅介護|通所|相談所|地域包括支援|包括支援|支援センター|センター|"
    "ステーション|クリニック|デイサービス|リハビリ|診療所|医院|病院|歯科|薬局|連携推進室|推進室)"
)


def joints(name: str) -> tuple[str, ...]:
    """The pieces of a name that stay together; joined they are the name itself."""
    return tuple(_KIND.split(name))
