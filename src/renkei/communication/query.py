"""What somebody looks for, and how the browser keeps it without being able to read it."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext_noop

from renkei.communication.index.tokens import SHORTEST, searched
from renkei.communication.models import Kind
from renkei.kernel import vault
from renkei.kernel.database import id_of, rows
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import fold
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.vitals import SIGNS

_NONCE: Final = 12  # bytes
ANY: Final = "any"  # of the vital signs
VITALS: Final = tuple(one for one in SIGNS if one != "diastolic")  # a blood pressure is one
WORDS: Final = 8  # that are looked for together


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Empty parts ask for nothing."""

    words: str = ""
    group: UUID | None = None
    author: str = ""  # part of a name or of its reading
    profession: str = ""
    kind: str = ""
    files: bool = False  # only what files go with
    vital: str = ""  # only what brings vital signs: "any", or one of ``VITALS``
    since: date | None = None
    until: date | None = None
    before: tuple[int, UUID] | None = None  # the last hit of the page above

    @property
    def parts(self) -> list[str]:
        """The words as they are compared, each once."""
        return list(dict.fromkeys(searched(one) for one in fold(self.words).split()))[:WORDS]

    @property
    def filtered(self) -> bool:
        """Whether anything but words is asked for."""
        asked = (self.author, self.profession, self.kind, self.files, self.vital)
        return any((*asked, self.since, self.until))


def check(query: Query) -> None:
    """See that it can be looked for.

    Raises:
        Problem: nothing is asked, or a word has one character alone.
    """
    parts = query.parts
    if not parts and not query.filtered:
        raise Problem(gettext_noop("Please write what you look for."), field="words")
    if any(len(one) < SHORTEST for one in parts):
        raise Problem(gettext_noop("Please write words of two characters or more."), field="words")
    if query.kind and query.kind not in Kind.values:
        raise Problem(gettext_noop("Please choose one of the kinds."), field="kind")
    if query.vital and query.vital not in (ANY, *VITALS):
        raise Problem(gettext_noop("Please choose one of the vital signs."), field="vital")
    if query.since and query.until and query.since > query.until:
        raise Problem(gettext_noop("The first day has to come before the last."), field="until")


# ── What was asked for, kept by the browser without being able to read it ────────────────────────


def _sealing(standing: Standing) -> tuple[AESGCM, bytes]:
    """A key of the region for this alone, and the session: what is sealed opens in no other."""
    assert standing.who.region is not None
    found = rows("SELECT key_id FROM region_region WHERE id = %s", [standing.who.region.hex])
    key = id_of(found[0][0])
    return AESGCM(vault.derived([key], "query")[key]), standing.who.session.encode()


@disclosure("communication.search", on="region")
def keep(standing: Standing, query: Query) -> str:
    """What was asked for as something to hand to the browser, so that words stand in no address.

    Raises:
        Problem: it cannot be looked for like that.
    """
    check(query)
    key, session = _sealing(standing)
    nonce = os.urandom(_NONCE)
    sealed = nonce + key.encrypt(nonce, orjson.dumps(_plain(query)), session)
    return urlsafe_b64encode(sealed).decode()


@disclosure("communication.search", on="region")
def kept(standing: Standing, sealed: str) -> Query | None:
    """What ``keep`` sealed in this session; None if it is of another or was changed."""
    key, session = _sealing(standing)
    try:
        raw = urlsafe_b64decode(sealed)
        given = orjson.loads(key.decrypt(raw[:_NONCE], raw[_NONCE:], session))
    except (InvalidTag, ValueError):
        return None
    group, since, until, before = (given[name] for name in ("group", "since", "until", "before"))
    return Query(
        words=given["words"],
        group=UUID(group) if group else None,
        author=given["author"],
        profession=given["profession"],
        kind=given["kind"],
        vital=given.get("vital", ""),
        files=given["files"],
        since=date.fromisoformat(since) if since else None,
        until=date.fromisoformat(until) if until else None,
        before=(before[0], UUID(before[1])) if before else None,
    )


def _plain(query: Query) -> dict[str, Any]:
    return {
        "words": query.words,
        "group": query.group.hex if query.group else "",
        "author": query.author,
        "profession": query.profession,
        "kind": query.kind,
        "files": query.files,
        "vital": query.vital,
        "since": query.since.isoformat() if query.since else "",
        "until": query.until.isoformat() if query.until else "",
        "before": [query.before[0], query.before[1].hex] if query.before else None,
    }
