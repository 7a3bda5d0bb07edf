"""People who write, and people who listen, while the server is ill-treated.

A person asks one thing at a time and asks again until it is acknowledged, with the same key, as the
page does. Acknowledged is what was answered whole: status and body.
"""

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from benchmarks import client

from .memory import Coming, Memory, Post
from .place import Place

FORM = "x-www-form-urlencoded"
WORDS = ("訪問しました。", "体温36.8度。", "血圧128/74。", "夕食は八割。", "薬は飲めています。")
PATIENCE = 20.0  # seconds for one answer


class Away(Exception):
    """No whole answer came."""


@dataclass
class Ask:
    """One request and what its answer means."""

    request: bytes
    acknowledged: Callable[[bytes], None]
    expected: frozenset[int] = frozenset({200, 201, 204})
    settled: frozenset[int] = frozenset()  # when asked again: it had been done
    unsure: Callable[[], None] = lambda: None
    tries: int = 0


@dataclass
class Line:
    """A connection that is made anew when it breaks."""

    port: int
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, limit=2**22
                )
            assert self.reader is not None
            self.writer.write(request)
            async with asyncio.timeout(PATIENCE):
                return await client.answer(self.reader)
        except (OSError, EOFError, TimeoutError, ValueError, IndexError) as error:
            self.close()
            raise Away from error

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@dataclass
class Person:
    """Somebody at work: asks, again and again, until told to stop."""

    me: dict[str, Any]
    asks: Iterator[Ask | None]
    memory: Memory
    line: Line
    pending: Ask | None = None
    refused: int = 0  # clear answers that it could not be done now

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self.pending is None:
                self.pending = next(self.asks)
            if self.pending is None or not await self.one():
                await asyncio.sleep(0.03)

    async def settle(self) -> None:
        """Ask again for what was not acknowledged."""
        while self.pending is not None and not await self.one():
            await asyncio.sleep(0.05)

    async def one(self) -> bool:
        ask = self.pending
        assert ask is not None
        ask.unsure()
        ask.tries += 1
        try:
            status, body = await self.line.ask(ask.request)
        except Away:
            return False
        if status == 503:
            self.refused += 1
            return False
        self.pending = None
        if status in ask.expected or (ask.tries > 1 and status in ask.settled):
            ask.acknowledged(body)
            self.memory.acknowledged += 1
            return True
        self.memory.unexpected.append(f"{status} to {ask.request[:60]!r}: {body[-300:]!r}")
        return False


class Work:
    """What everybody does, drawn by lot."""

    def __init__(self, place: Place, memory: Memory, lot: random.Random) -> None:
        self.place, self.memory, self.lot = place, memory, lot
        self._mine: dict[str, list[Post]] = {}

    def people(self) -> list[Person]:
        """Four of each group, and two who come and go."""
        line = self.place.port
        found = [
            Person(me, self._of_member(me, group), self.memory, Line(line))
            for group in self.place.groups
            for me in self.place.members(group)[:3]
            if group == me["groups"][-1]
        ]
        for number, group in enumerate(self.place.groups[:2]):
            outsider = self.place.people[-1 - number]
            coming = Coming(group, outsider["account"], UUID(outsider["role"]).hex)
            self.memory.coming.append(coming)
            asks = self._of_coming(coming, outsider)
            found.append(Person(outsider, asks, self.memory, Line(line)))
        return found

    def _uuid(self) -> str:
        return str(UUID(int=self.lot.getrandbits(128), version=4))

    def _json(self, me: dict[str, Any], path: str, body: dict[str, str]) -> bytes:
        sent = json.dumps(body, ensure_ascii=False).encode()
        return client.post(path, me["cookie"], me["csrf_token"], sent)

    def _of_member(self, me: dict[str, Any], group: str) -> Iterator[Ask]:
        kinds = [self.post, self.draft, self.correct, self.withdraw, self.understand, self.read]
        while True:
            (kind,) = self.lot.choices(kinds, (50, 12, 8, 4, 12, 14))
            ask = kind(me, group)
            yield ask if ask is not None else self.post(me, group)

    def post(self, me: dict[str, Any], group: str) -> Ask:
        key = self._uuid()
        text = "".join(self.lot.choices(WORDS, k=3)) + f"#{key}"
        post = Post(group, me["account"], key, text, wordings={text})
        self.memory.posts[key] = post
        draft = self.memory.drafts.setdefault((group, me["account"]), {""})

        def acknowledged(body: bytes) -> None:
            found = json.loads(body)
            post.id, post.seq = found["id"], found["seq"]
            self._mine.setdefault(me["account"], []).append(post)
            self.memory.drafts[group, me["account"]] = {""}

        body = {"text": text, "kind": "report", "confirmed": "yes", "key": key}
        return Ask(
            self._json(me, f"/groups/{group}/messages", body),
            acknowledged,
            unsure=lambda: draft.add(""),
        )

    def draft(self, me: dict[str, Any], group: str) -> Ask:
        text = f"書きかけ {self._uuid()}"
        allowed = self.memory.drafts.setdefault((group, me["account"]), {""})

        def acknowledged(_: bytes) -> None:
            self.memory.drafts[group, me["account"]] = {text}

        request = self._json(me, f"/groups/{group}/draft", {"text": text})
        return Ask(request, acknowledged, unsure=lambda: allowed.add(text))

    def _one_of_mine(self, me: dict[str, Any]) -> Post | None:
        mine = [post for post in self._mine.get(me["account"], []) if post.withdrawn == {False}]
        return self.lot.choice(mine[-20:]) if mine else None

    def correct(self, me: dict[str, Any], group: str) -> Ask | None:
        post = self._one_of_mine(me)
        if post is None:
            return None
        text = f"訂正{post.version}。" + post.text

        def acknowledged(_: bytes) -> None:
            post.version += 1
            post.wordings = {text}

        request = self._json(
            me, f"/messages/{post.id}/correct", {"text": text, "version": str(post.version)}
        )
        return Ask(request, acknowledged, unsure=lambda: post.wordings.add(text))

    def withdraw(self, me: dict[str, Any], group: str) -> Ask | None:
        post = self._one_of_mine(me)
        if post is None:
            return None

        def acknowledged(_: bytes) -> None:
            post.withdrawn = {True}

        request = self._json(me, f"/messages/{post.id}/withdraw", {"reason": "書き間違い"})
        unsure = lambda: post.withdrawn.add(True)  # noqa: E731
        return Ask(request, acknowledged, settled=frozenset({403, 404, 422}), unsure=unsure)

    def understand(self, me: dict[str, Any], group: str) -> Ask | None:
        others = [
            post
            for post in self.memory.posts.values()
            if post.seq and post.group == group and post.account != me["account"]
            and post.withdrawn == {False}
        ]  # fmt: skip
        if not others:
            return None
        post = self.lot.choice(others[-10:])
        # Its author may take it back while this is on its way.
        return Ask(
            self._json(me, f"/messages/{post.id}/understand", {}),
            lambda _: self.memory.understood.add((post.id, me["account"])),
        )

    def read(self, me: dict[str, Any], group: str) -> Ask:
        if self.lot.random() < 0.5:
            return Ask(client.get(f"/groups/{group}", me["cookie"]), lambda _: None)
        last = self.memory.newest(group)
        first = max(1, last - self.lot.randrange(30))
        ranges = self.memory.read.setdefault((group, me["account"]), [])
        request = self._json(me, f"/groups/{group}/read", {"first": str(first), "last": str(last)})
        return Ask(request, lambda _: ranges.append((first, last)))

    def _of_coming(self, coming: Coming, me: dict[str, Any]) -> Iterator[Ask | None]:
        """Invited, approved, accepted, a word said, left; and again."""
        people = self.place.people
        manager = self.place.members(coming.group)[0]
        manager = next(one for one in self.place.members(coming.group) if one is not people[0]
                       or coming.group == people[0]["groups"][0])  # fmt: skip
        administrator = people[people.index(me) % 10]
        invitation: list[str] = []
        while True:
            key = UUID(me["role"]).hex
            body = {"person": key, f"role-{key}": "訪問介護", "invite": "1"}
            yield self._step(coming, manager, f"/groups/{coming.group}/invite", body)
            invitation.clear()
            while not invitation:
                yield self._look_for(invitation, me)
            yield self._step(coming, administrator, f"{invitation[0]}/approve", {})
            yield self._step(coming, me, f"{invitation[0]}/accept", {})
            said = self.post(me, coming.group)
            kept = said.acknowledged

            def and_on(body: bytes, kept: Callable[[bytes], None] = kept) -> None:
                kept(body)
                coming.step = 4

            said.acknowledged = and_on
            yield said
            yield self._step(coming, me, f"/groups/{coming.group}/leave", {"reason": "転居"})

    def _step(self, coming: Coming, me: dict[str, Any], path: str, body: dict[str, str]) -> Ask:
        def acknowledged(_: bytes) -> None:
            coming.joined += coming.step == 2
            coming.step, coming.unsure = (coming.step + 1) % 5, False

        return Ask(
            client.post(path, me["cookie"], me["csrf_token"], urlencode(body).encode(), FORM),
            acknowledged,
            expected=frozenset({302, 303}),
            settled=frozenset({403, 404, 422}),
            unsure=lambda: setattr(coming, "unsure", True),
        )

    @staticmethod
    def _look_for(invitation: list[str], me: dict[str, Any]) -> Ask:
        def acknowledged(body: bytes) -> None:
            found = re.search(rb"/invitations/[0-9a-f-]{36}", body)
            if found:
                invitation.append(found[0].decode())

        return Ask(client.get("/home", me["cookie"]), acknowledged)


@dataclass
class Follower:
    """A live stream that takes up where it broke off, and remembers everything it was told.

    ``resume`` says how: ``after`` for each group, ``last`` with the header Last-Event-ID besides,
    or ``page`` as the pages do, which compare with the greeting and fetch what they missed.
    """

    me: dict[str, Any]
    resume: str
    memory: Memory
    port: int
    cursors: dict[str, int] = field(default_factory=dict)
    told: dict[tuple[str, int], str] = field(default_factory=dict)  # the mark of each message
    wrong: list[str] = field(default_factory=list)
    streams: int = 0
    heard_at: float = 0.0
    last: str = ""

    async def follow(self) -> None:
        while True:
            with suppress(OSError, EOFError, ValueError):
                await self._stream()
            await asyncio.sleep(0.05)

    async def _stream(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        try:
            writer.write(self._greeting())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                if b" 503 " not in head.split(b"\r\n")[0]:
                    self.wrong.append(f"{self.me['email']}: {head[:40]!r}")
                return
            self.streams += 1
            rest = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                rest += (await reader.readexactly(size + 2))[:-2]
                *events, rest = rest.split(b"\n\n")
                for event in events:
                    await self._hear(event)
        finally:
            writer.close()

    def _greeting(self) -> bytes:
        query, more = "", ""
        if self.resume in ("after", "last") and self.cursors:
            groups = list(self.cursors.items())
            if self.resume == "last" and self.last:
                groups = [one for one in groups if one[0] != self.last.split(":")[0]]
                more = f"Last-Event-ID: {self.last}\r\n"
            query = "?" + "&".join(f"after={group}:{seq}" for group, seq in groups)
        made = client.get(f"/live{query}", self.me["cookie"], "text/event-stream")
        return made[:-2] + more.encode() + b"\r\n"

    async def _hear(self, event: bytes) -> None:
        fields = dict(line.split(": ", 1) for line in event.decode().split("\n") if ": " in line)
        kind, data = fields.get("event", ""), json.loads(fields.get("data", "{}"))
        if kind == "hello":
            await self._hello(data["groups"])
        elif kind == "joined":
            self.cursors[data["group"]] = data["seq"]
        elif kind == "gone":
            self._forget(data["group"])
        elif kind == "message":
            self.last = fields["id"] if data["group"] in self.cursors else self.last
            await self._message(data["group"], data["seq"], data["html"])

    async def _hello(self, groups: dict[str, int]) -> None:
        for group in set(self.cursors) - set(groups):
            self._forget(group)
        for group, seq in groups.items():
            if group not in self.cursors:
                self.cursors[group] = seq
            elif self.resume == "page":
                await self._fetch(group, seq)

    def _forget(self, group: str) -> None:
        self.cursors.pop(group, None)
        if self.last.startswith(group):
            self.last = ""

    async def _message(self, group: str, seq: int, html: str) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        if self.resume == "page" and seq <= self.cursors[group]:
            return
        if self.resume == "page" and seq > self.cursors[group] + 1:
            await self._fetch(group, seq - 1)
        if seq != self.cursors[group] + 1:
            self.wrong.append(f"{self.me['email']}: {seq} after {self.cursors[group]} of {group}")
        self._tell(group, seq, html)

    def _tell(self, group: str, seq: int, html: str) -> None:
        found = re.search(r"#([0-9a-f-]{36})", html)
        self.told[group, seq] = found[1] if found else ""
        self.cursors[group] = seq

    async def _fetch(self, group: str, until: int) -> None:
        line = Line(self.port)
        try:
            while self.cursors[group] < until:
                path = f"/groups/{group}/entries?after={self.cursors[group]}&live=1"
                request = client.get(path, self.me["cookie"], "application/json")
                try:
                    status, body = await line.ask(request)
                except Away as away:
                    raise EOFError from away
                if status == 404:
                    return self._forget(group)
                if status != 200:
                    raise EOFError
                shown = json.loads(body)
                if shown["first"] != self.cursors[group] + 1:
                    self.wrong.append(f"{self.me['email']}: page from {shown['first']}")
                for seq in range(shown["first"], shown["last"] + 1):
                    self._tell(group, seq, "")
        finally:
            line.close()

    def judge(self, found: dict[str, Any]) -> list[str]:
        """What does not fit to what lies in the data."""
        wrong, self.wrong = self.wrong, []
        for group, seq in self.cursors.items():
            if seq != found["groups"][group]["last_seq"]:
                wrong.append(f"{self.me['email']} stands at {seq} of {group}")
        for (group, seq), mark in self.told.items():
            entries = found["groups"][group]["entries"]
            there = entries[seq - 1]["key"] if seq <= len(entries) else "nothing"
            if mark and mark != there:
                wrong.append(f"{self.me['email']} was told {mark} at {seq}, where {there} is")
        return wrong
