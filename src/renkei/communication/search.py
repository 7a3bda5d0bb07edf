"""Searching what was said, in all of one's groups or in one.

Query are the groups that the person may see at this moment, and no other: what somebody else's
groups hold changes neither the answer nor the time it takes. The index says where words may stand;
every entry is then read, opened and looked at before it counts. Each search leaves a line in the
searcher's own stream: in how many groups, how much was found, which entries were shown. Never the
words.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any, Final
from uuid import UUID

from renkei.communication.found import note_found
from renkei.communication.hits import COLUMNS, MEASURED, SAID, Hit, Opened, Opening
from renkei.communication.index.keeping import store
from renkei.communication.index.store import Candidate
from renkei.communication.index.tokens import PURPOSE, searched, tokens
from renkei.communication.query import ANY, Query, check
from renkei.communication.synonyms import widen
from renkei.group.selectors import visible_keys
from renkei.group.shell import GroupLine, Shell, every_line, shell
from renkei.kernel import clock, vault
from renkei.kernel.clock import to_us
from renkei.kernel.database import id_of, on_postgresql, rows
from renkei.kernel.errors import Unknown
from renkei.people.faces import open_profile
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record

PAGE: Final = 20  # hits
TOKENS: Final = 8  # that the index is asked for; what it finds is looked at anyway
UNINDEXED: Final = 200  # newest entries that are looked at although the index is behind
MOST: Final = 20_000  # entries opened for one page; who finds so much has to say it more exactly


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, newest first."""

    shell: Shell
    lines: list[GroupLine]  # all groups that can be searched, those in the archive last
    asked: Query
    also: list[str]  # other words for what was asked, which were looked for as well
    hits: list[Hit]
    more: bool  # there are older ones
    groups: int  # in how many groups it was looked for
    behind: bool  # some entries are not in the index yet
    stopped: bool  # so many were looked at that older ones were not

    @property
    def last(self) -> Hit:
        """The oldest on this page."""
        return self.hits[-1]

    @property
    def group(self) -> GroupLine | None:
        """The one group in which it was looked for."""
        return next((one for one in self.lines if one.id == self.asked.group), None)


Candidates = Iterator[tuple[list[Candidate], int]]
"""Where it may stand, newest first by and by; see ``Store.candidates``."""


class _Looking:
    """One search while it runs."""

    def __init__(self, standing: Standing, asked: Query) -> None:
        self.asked = asked
        self.parts, self.also = widen(asked.parts)
        seen = visible_keys(standing.who.reach)
        if asked.group is not None and asked.group not in seen:
            raise Unknown("group")
        self.groups = {asked.group: seen[asked.group]} if asked.group else seen
        self.frame = shell(standing)
        self.lines = every_line(standing, self.frame)
        one = asked.vital if asked.vital != ANY else ""
        self.opening = Opening(self.lines, self.parts, vital=one)
        self._more = MEASURED if one else ""
        self._clause, self._values = self._filter()
        self.behind = False

    # Which entries to look at

    def candidates(self) -> Candidates:
        """Where what is asked for may stand."""
        if not self.parts:
            yield from self._by_filter()
            return
        yield self._not_in_the_index(), 2**62
        keys = vault.derived([key for key, _ in self.groups.values()], PURPOSE)
        yield from _newest_first([self._indexed(keys, words) for words in product(*self.parts)])

    def _indexed(self, keys: Mapping[UUID, bytes], words: Sequence[str]) -> Candidates:
        """Where the index says that all of these words may stand."""
        wanted = {}
        for group, (key, _) in self.groups.items():
            if key in keys:
                found = set().union(*(tokens(keys[key], word) for word in words))
                wanted[group] = array("q", sorted(found)[:TOKENS])
        fewest = min((len(one) for one in wanted.values()), default=0)
        if fewest:
            yield from store().candidates({group: one[:fewest] for group, one in wanted.items()})

    def _not_in_the_index(self) -> list[Candidate]:
        """The newest entries that the follower has not taken yet."""
        at = store().positions(list(self.groups))
        left: list[Candidate] = []
        for group, (_, last) in self.groups.items():
            behind = range(last, at.get(group, 0), -1)
            left += [(group, seq) for seq in behind[: UNINDEXED - len(left)]]
            self.behind |= len(left) >= UNINDEXED and bool(behind)
        return left

    def _by_filter(self) -> Candidates:
        """Without words: the newest entries that fit, straight from the logs."""
        marks = ", ".join(["%s"] * len(self.groups))
        ids = [group.hex for group in self.groups]
        taken = 0
        while ids:
            found = rows(
                "SELECT t.group_id, t.seq, t.sent_at FROM communication_communication t"
                f" LEFT JOIN people_practitionerrole r ON r.id = t.role_id"
                f" WHERE t.group_id IN ({marks}) AND {SAID}{self._clause}"
                " ORDER BY t.sent_at DESC, t.id DESC LIMIT 100 OFFSET %s",
                [*ids, *self._values, taken],
            )
            end = len(found) < 100
            yield [(id_of(one[0]), one[1]) for one in found], 0 if end else found[-1][2]
            if end:
                return
            taken += 100

    # What they say

    def opened(self, candidates: Sequence[Candidate]) -> list[Opened]:
        """Those of the entries in which everything stands."""
        found: list[Opened] = []
        for at in range(0, len(candidates), 250):
            some = candidates[at : at + 250]
            typed = "%s::uuid, %s::bigint" if on_postgresql() else "%s, %s"
            listed = ", ".join([f"({typed})"] * len(some))
            values = [value for group, seq in some for value in (group.hex, seq)]
            sql = _ENTRIES.format(more=self._more, listed=listed) + self._clause
            read = rows(sql, [*values, *self._values])
            found += [said for one in read if (said := self.opening.open(one)) is not None]
        return found

    # Filters

    def _filter(self) -> tuple[str, list[Any]]:
        """What is asked for beside the words, as a condition and its values."""
        asked, clauses = self.asked, list[str]()
        values: list[Any] = []
        if asked.kind:
            clauses.append("t.kind = %s")
            values.append(asked.kind)
        if asked.profession:
            clauses.append("r.profession = %s")
            values.append(asked.profession)
        if asked.files:
            clauses.append(_WITH_FILES)
        if asked.vital:
            clauses.append("t.measured IS NOT NULL")
        if asked.since:
            clauses.append("t.sent_at >= %s")
            values.append(to_us(clock.begins(asked.since)))
        if asked.until and asked.until < clock.today():  # nothing is later than today
            clauses.append("t.sent_at < %s")
            values.append(to_us(clock.begins(asked.until + timedelta(days=1))))
        if asked.before:
            clauses.append("(t.sent_at < %s OR (t.sent_at = %s AND t.id < %s))")
            values += [asked.before[0], asked.before[0], asked.before[1].hex]
        if asked.author:
            people = self._people()
            clauses.append(f"t.sender_id IN ({', '.join(['%s'] * len(people))})")
            values += people
        return "".join(f" AND {one}" for one in clauses), values

    def _people(self) -> list[str]:
        """Who of those who are or were in these groups has such a name."""
        marks = ", ".join(["%s"] * len(self.groups))
        found = rows(_PEOPLE.format(marks), [group.hex for group in self.groups])
        part, people = searched(self.asked.author), ["0" * 32]
        for one in found:
            profile = open_profile(id_of(one[0]), id_of(one[1]), one[2])
            if any(part in searched(profile[name]) for name in ("name", "kana")):
                people.append(id_of(one[0]).hex)
        return people


_WITH_FILES = "EXISTS (SELECT 1 FROM communication_attachment w WHERE w.communication_id = t.id)"
_ENTRIES = f"""
    WITH w(grp, seq) AS (VALUES {{listed}})
    SELECT {COLUMNS}{{more}} FROM w
    JOIN communication_communication t ON t.group_id = w.grp AND t.seq = w.seq
    LEFT JOIN people_practitionerrole r ON r.id = t.role_id
    WHERE {SAID}"""
_PEOPLE = """
    SELECT a.id, a.key_id, a.profile_sealed FROM people_account a
    WHERE a.id IN (SELECT m.account_id FROM group_member m WHERE m.group_id IN ({}))"""


def _newest_first(streams: list[Candidates]) -> Candidates:
    """Several as one: each time from where the newest may be left."""
    if len(streams) == 1:
        yield from streams[0]
        return
    left = dict.fromkeys(range(len(streams)), 2**62)
    while left:
        at = max(left, key=left.__getitem__)
        some, newest_left = next(streams[at], ([], 0))
        if newest_left:
            left[at] = newest_left
        else:
            del left[at]
        yield some, max(left.values(), default=0)


def _age(said: Opened) -> tuple[int, int]:
    return -said.sent_us, -said.id.int


@disclosure("communication.search", on="region")
def _search(standing: Standing, asked: Query) -> tuple[Standing, Found]:
    looking = _Looking(standing, asked)
    opened: dict[UUID, Opened] = {}
    count, stopped = 0, False
    for candidates, newest_left in looking.candidates():
        opened |= {said.id: said for said in looking.opened(candidates)}
        count += len(candidates)
        if _is_enough(opened, newest_left):
            break
        if stopped := count > MOST and newest_left > 0:
            break
    ordered = sorted(opened.values(), key=_age)
    found = Found(
        shell=looking.frame,
        lines=looking.lines,
        asked=asked,
        also=looking.also,
        hits=[looking.opening.shown(said) for said in ordered[:PAGE]],
        more=len(ordered) > PAGE,
        groups=len(looking.groups),
        behind=looking.behind,
        stopped=stopped,
    )
    return standing, found


def _is_enough(opened: dict[UUID, Opened], newest_left: int) -> bool:
    """Whether a page is full and nothing that comes later belongs on it."""
    if len(opened) <= PAGE:
        return False
    return sorted(said.sent_us for said in opened.values())[-PAGE - 1] > newest_left


def search(actor: Actor, asked: Query) -> Found:
    """What was said and holds all the words, newest first; on record before this returns.

    Raises:
        Problem: it cannot be looked for like that.
        Unknown: the one group is not for this person.
    """
    check(asked)
    standing, found = _search(actor, None, asked)
    assert standing.who.account is not None
    with own_record(
        standing, "communication.search", f"Account/{standing.who.account.hex}"
    ) as change:
        change.detail |= {"groups": found.groups, "hits": len(found.hits)}
        shown = [(hit.group.id, hit.seq, hit.whole) for hit in found.hits]
        change.detail["found"] = note_found(change, shown)
    return found


@disclosure("communication.search", on="region")
def see_search(standing: Standing, group: UUID | None) -> tuple[Shell, list[GroupLine]]:
    """The page on which to ask, and the groups that can be searched; nothing is looked for yet.

    Raises:
        Unknown: the one group is not for this person.
    """
    frame = shell(standing)
    lines = every_line(standing, frame)
    if group is not None and all(line.id != group for line in lines):
        raise Unknown("group")
    return frame, lines
