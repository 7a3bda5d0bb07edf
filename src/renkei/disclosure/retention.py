"""What law makes somebody keep: the list that is gone through before anything is erased (A11.7)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem
from renkei.region.wording import TEXTS

NONE: Final = "none"
KEPT: Final = ("chart", "paper", "software", "elsewhere")  # where somebody keeps it
GOES_ON: Final = "exists"  # of a dispute or an inquiry


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of record that law may make somebody keep; or what stands in the way of erasing."""

    key: str
    title: dict[str, str]  # by language
    law: dict[str, str]
    blocks: bool  # nothing is erased while there is one

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be said of it."""
        return (NONE, GOES_ON) if self.blocks else (NONE, *KEPT)


@cache
def items() -> tuple[Item, ...]:
    """The list, in its order."""
    read = tomllib.loads((TEXTS / "retention.toml").read_text(encoding="utf-8"))["item"]
    return tuple(
        Item(
            key=one["key"],
            title={language: one[language]["title"] for language in ("ja", "en")},
            law={language: one[language]["law"] for language in ("ja", "en")},
            blocks=one.get("blocks", False),
        )
        for one in read
    )


def asked(*, free: bool) -> tuple[Item, ...]:
    """What of the list is asked about.

    Args:
        free: it is a free group, which holds no record of anybody (A12.2): there it is asked alone
            what stands in the way.
    """
    return tuple(one for one in items() if one.blocks or not free)


def checked(given: Mapping[str, str], *, free: bool = False) -> dict[str, str]:
    """The answers, in the order of the list.

    Raises:
        Problem: one is missing, or a dispute or an inquiry goes on.
    """
    wanted = asked(free=free)
    for one in wanted:
        if given.get(one.key) not in one.answers:
            raise Problem(
                gettext_noop("Please say of every kind of record whether it applies."),
                field=f"retention-{one.key}",
            )
        if given[one.key] == GOES_ON:
            raise Problem(
                gettext_noop("While a dispute or an inquiry goes on, nothing may be erased."),
                field=f"retention-{one.key}",
            )
    return {one.key: given[one.key] for one in wanted}
