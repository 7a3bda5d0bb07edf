"""What people were told, and whether it holds.

Everything that was acknowledged must be there, once. What was asked for and not acknowledged may be
there or not, until it was asked for again and acknowledged.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Post:
    """A message somebody sent."""

    group: str
    account: str
    key: str
    text: str
    id: str = ""
    seq: int = 0  # 0 until acknowledged
    version: int = 1
    wordings: set[str] = field(default_factory=set)  # what it may say now
    withdrawn: set[bool] = field(default_factory=lambda: {False})


@dataclass
class Coming:
    """Somebody from outside who is invited into a group, joins, writes and leaves, again and again.

    ``step`` is the next to do: invite, approve, accept, write, leave; ``unsure`` while it was asked
    for and not acknowledged.
    """

    group: str
    account: str
    role: str
    step: int = 0
    unsure: bool = False
    joined: int = 0


@dataclass
class Verdict:
    """How what was acknowledged fared."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unverifiable: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing was lost, doubled or unverifiable."""
        return not (self.lost or self.doubled or self.unverifiable)

    def __str__(self) -> str:
        return "\n".join([*self.lost, *self.doubled, *self.unverifiable][:20]) or "all is well"


class Memory:
    """All that was said and done."""

    def __init__(self) -> None:
        self.posts: dict[str, Post] = {}
        self.drafts: dict[tuple[str, str], set[str]] = {}
        self.understood: set[tuple[str, str]] = set()
        self.read: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self.coming: list[Coming] = []
        self.acknowledged = 0
        self.unexpected: list[str] = []  # answers that nobody should get
        self._cursors: dict[tuple[str, str], int] = {}

    def newest(self, group: str) -> int:
        """The highest number anybody was told of."""
        return max((post.seq for post in self.posts.values() if post.group == group), default=1)

    def judge(self, found: dict[str, Any]) -> Verdict:
        """Compare with what the witness found."""
        verdict = Verdict(self.acknowledged)
        verdict.unverifiable += found["breaks"]
        for group, there in found["groups"].items():
            self._judge_log(group, there, verdict)
            self._judge_cursors(group, there, verdict)
        for (group, account), allowed in self.drafts.items():
            kept = found["groups"][group]["drafts"].get(account, "")
            if kept not in allowed:
                verdict.lost.append(f"draft {kept!r} of {account} is none of {allowed!r}")
        for message, account in self.understood - {tuple(one) for one in found["understood"]}:
            verdict.lost.append(f"了解 of {account} to {message}")
        for one in self.coming:
            self._judge_coming(one, found["groups"][one.group], verdict)
        return verdict

    def _judge_log(self, group: str, there: dict[str, Any], verdict: Verdict) -> None:
        entries = there["entries"]
        numbers = [entry["seq"] for entry in entries]
        if numbers != list(range(1, len(numbers) + 1)) or there["last_seq"] != len(numbers):
            verdict.unverifiable.append(f"{group}: numbers {numbers[-5:]} of {there['last_seq']}")
        by_key = {entry["key"]: entry for entry in entries if entry["key"]}
        verdict.doubled += _more_than_once(group, entries)
        for post in self.posts.values():
            if post.group == group:
                _judge_post(post, by_key.get(post.key), verdict)

    def _judge_cursors(self, group: str, there: dict[str, Any], verdict: Verdict) -> None:
        for account, cursor in there["cursors"].items():
            before = self._cursors.get((group, account), 0)
            if not before <= cursor <= there["last_seq"]:
                verdict.unverifiable.append(f"cursor {before} → {cursor} of {there['last_seq']}")
            self._cursors[group, account] = cursor
        for gone in [key for key in self._cursors if key[0] == group]:
            if gone[1] not in there["cursors"]:
                del self._cursors[gone]  # a new membership begins anew
        on_record: dict[str, set[int]] = {}
        seen: Counter[tuple[str, int]] = Counter()
        for member, account, first, last in there["readings"]:
            on_record.setdefault(account, set()).update(range(first, last + 1))
            seen.update((member, seq) for seq in range(first, last + 1))
        for (where, account), ranges in self.read.items():
            known = on_record.get(account, set())
            for first, last in ranges if where == group else []:
                if not known >= set(range(first, last + 1)):
                    verdict.lost.append(f"reading {first}-{last} of {account}")
        verdict.doubled += [f"reading {one} {n} times" for one, n in seen.items() if n > 1]

    @staticmethod
    def _judge_coming(one: Coming, there: dict[str, Any], verdict: Verdict) -> None:
        invited, inside = one.account in there["invited"], one.account in there["cursors"]
        joined = sum(e["event"] == "joined" and e["subject"] == one.role for e in there["entries"])
        expected = {0: (False, False), 1: (True, False), 2: (True, False)}
        states = {expected.get(one.step, (False, True))}
        if one.unsure:
            states.add(expected.get((one.step + 1) % 5, (False, True)))
        if (invited, inside) not in states:
            verdict.lost.append(f"{one}: invited {invited}, inside {inside}")
        if joined not in {one.joined, one.joined + (one.unsure and one.step == 2)}:
            verdict.doubled.append(f"{one}: joined {joined} times")


def _more_than_once(group: str, entries: Iterable[dict[str, Any]]) -> list[str]:
    keys = Counter(entry["key"] for entry in entries if entry["key"])
    marks = Counter(entry["text"].rsplit("#", 1)[-1] for entry in entries if "#" in entry["text"])
    return [
        f"{group}: {what} {count} times"
        for what, count in (keys + Counter()).items() | marks.items()
        if count > 1
    ]


def _judge_post(post: Post, entry: dict[str, Any] | None, verdict: Verdict) -> None:
    if entry is None:
        if post.seq:
            verdict.lost.append(f"message {post.seq} of {post.group}")
        return
    if post.seq and entry["seq"] != post.seq:
        verdict.lost.append(f"message {post.seq} of {post.group} is at {entry['seq']}")
    if entry["text"] not in post.wordings:
        verdict.lost.append(f"message {post.seq} of {post.group} says {entry['text']!r}")
    if entry["withdrawn"] not in post.withdrawn:
        verdict.lost.append(f"message {post.seq} of {post.group}: withdrawn {entry['withdrawn']}")
