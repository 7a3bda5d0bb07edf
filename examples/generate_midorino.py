"""Write the fictional region ``examples/midorino/`` from ``examples/midorino_source/``.

Everything is invented. The output depends only on the source files and ``SEED``:
running this script twice gives the same bytes.

    python examples/generate_midorino.py
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

SEED = 20260824
TOTAL = 3000
FIRST_DAY = date(2026, 8, 24)
LAST_DAY = date(2026, 11, 22)
HOLIDAYS = {date(2026, m, d) for m, d in ((9, 21), (9, 22), (9, 23), (10, 12), (11, 3))}
HERE = Path(__file__).resolve().parent
SOURCE = HERE / "midorino_source"
TARGET = HERE / "midorino"

STORY_PATIENT = dict(
    zip(
        "ABCDEFGH",
        ("Q01", "Q02", "Q03", "Q04", "Q06", "Q07", "Q08", "Q09"),
        strict=True,
    )
)
YOUNG = {"Q07", "Q08", "Q11", "Q15", "Q20", "Q29", "Q30", "Q31", "Q38"}
LAST_ORDINARY_DAY = {"Q03": date(2026, 10, 4)}
LAST_DAY_OF_STAFF = {"N6": date(2026, 9, 29)}
FIRST_DAY_OF_STAFF = {("Q12", "N5"): date(2026, 9, 30)}

ROLE_OF_PROFESSION = {
    "医師": "D",
    "歯科医師": "T",
    "薬剤師": "P",
    "看護師": "N",
    "准看護師": "N",
    "理学療法士": "RP",
    "作業療法士": "RO",
    "言語聴覚士": "RS",
    "歯科衛生士": "TH",
    "管理栄養士": "B",
    "介護支援専門員": "C",
    "介護福祉士": "H",
    "訪問介護員": "H",
    "福祉用具専門相談員": "F",
    "事務": "X",
}
ROLE_OF_ORGANIZATION = {"M02": "W", "M11": "S", "M14": "W", "M15": "E"}
CHILD_BANK = {"N": "NC", "NM": "NMC", "D": "DC", "F": "FC", "P": "PC", "W": "W3C"}
CHILD_BANK |= dict.fromkeys(("RP", "RO", "RS"), "RC")

# Reports wanted per patient and quarter year, before the sum is fitted to TOTAL.
WISHES = {"N": 17, "NM": 3, "H": 18, "C": 5, "P": 5, "RP": 6, "RO": 5, "RS": 5, "S": 9}
WISHES |= {"F": 2, "T": 2, "TH": 4, "B": 3, "W": 4, "E": 14, "D": 6}

# When people write: (from, to) in minutes of the day, with a weight each.
Windows = list[tuple[int, int, int]]
WINDOWS: dict[str, Windows] = {
    "D": [(484, 510, 3), (760, 800, 5), (1140, 1196, 4)],
    "N": [(605, 745, 5), (800, 1020, 6)],
    "NM": [(560, 720, 3), (850, 1050, 4)],
    "H": [(735, 800, 2), (1080, 1200, 8)],
    "C": [(545, 720, 4), (790, 1075, 5)],
    "P": [(960, 1110, 1)],
    "S": [(930, 958, 1)],
    "W": [(570, 710, 3), (790, 1000, 4)],
    "T": [(790, 1010, 1)],
    "E": [(570, 700, 2), (880, 1140, 4)],
}
DEFAULT_WINDOWS: Windows = [(600, 720, 3), (790, 1020, 4)]
WEEKDAYS_ONLY = {"C", "W", "F", "T", "TH", "B", "NM", "RP", "RO", "RS", "P"}


@dataclass(frozen=True)
class Person:
    key: str
    organization: str
    profession: str
    sex: str
    email: str
    administrator: bool
    name: str
    kana: str

    @property
    def role(self) -> str:
        if self.organization in ("M01", "M03") and self.profession == "看護師":
            return "NM"
        if self.key in ("E2",):
            return "N"
        if self.profession == "管理栄養士":
            return "B"
        by_organization = ROLE_OF_ORGANIZATION.get(self.organization)
        if by_organization and self.profession not in ("医師", "事務"):
            return by_organization
        return ROLE_OF_PROFESSION[self.profession]

    @property
    def surname(self) -> str:
        return "ホア" if self.key == "H2" else self.name.split(" ")[0]


@dataclass
class Line:
    """A sentence of the source with its conditions."""

    text: str
    conditions: tuple[str, ...] = ()

    def fits(self, tags: set[str], month: int) -> bool:
        months = [int(c[1:]) for c in self.conditions if re.fullmatch(r"m\d+", c)]
        if months and month not in months:
            return False
        for condition in self.conditions:
            if re.fullmatch(r"m\d+", condition):
                continue
            if condition.startswith("!"):
                if condition[1:] in tags:
                    return False
            elif condition not in tags:
                return False
        return True


@dataclass
class Patient:
    code: str
    team: list[str]
    managers: set[str]
    tags: set[str] = field(default_factory=set)
    words: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    vitals: tuple[float, int, int, int, int] = (36.5, 120, 70, 74, 97)
    weights: list[tuple[date, float]] = field(default_factory=list)
    start: date = FIRST_DAY
    dated: list[tuple[date, str, str, str]] = field(default_factory=list)
    own: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    organization_of: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> date:
        return LAST_ORDINARY_DAY.get(self.code, LAST_DAY)


@dataclass
class Thread:
    conditions: Line
    fixed_day: date | None
    lines: list[tuple[str, int, str]] = field(default_factory=list)
    used: int = 0


@dataclass
class Trigger:
    words: list[str]
    said_by: str
    answered_by: str
    days: tuple[int, int]
    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Message:
    patient: str
    author: str
    at: datetime
    text: str
    kind: str


def read_lines(name: str) -> list[str]:
    text = (SOURCE / name).read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line and not line.startswith("# ")]


def day_of(token: str) -> date:
    return date(2026, int(token[:2]), int(token[2:4]))


def parse_line(text: str) -> Line:
    """Conditions stand in round brackets before the sentence or at its end."""
    match = re.fullmatch(r"\(([a-z0-9!,]+)\) (.+)", text)
    if match:
        return Line(match[2], tuple(match[1].split(",")))
    match = re.fullmatch(r"(.+)\((m\d+(?:,m\d+)*)\)", text, re.DOTALL)
    if match:
        return Line(match[1], tuple(match[2].split(",")))
    return Line(text)


def read_organizations() -> dict[str, dict[str, str]]:
    with (SOURCE / "organizations.csv").open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row for row in csv.DictReader(stream)}


def read_people(organizations: dict[str, dict[str, str]]) -> dict[str, Person]:
    people = {}
    for line in read_lines("people.txt"):
        key, organization, profession, sex, mailbox, administrator, rest = line.split(" ", 6)
        name, kana = rest.split("/")
        domain = organizations[organization]["email"].split("@")[1]
        people[key] = Person(
            key,
            organization,
            profession,
            sex,
            f"{mailbox}@{domain}",
            administrator == "1",
            name,
            kana,
        )
    return people


def read_patients() -> dict[str, Patient]:
    patients: dict[str, Patient] = {}
    patient: Patient | None = None
    for line in read_lines("patients.txt"):
        if line.startswith("@"):
            code, *team = line[1:].split(" ")
            keys = [member.rstrip("*") for member in team]
            patient = Patient(code, keys, {m[:-1] for m in team if m.endswith("*")})
            patients[code] = patient
            continue
        if patient is None:
            raise ValueError(f"line before the first patient: {line}")
        if line.startswith("・") or not re.match(r"[A-Za-z0-9/]+( |$)", line):
            day, minute, key, text = patient.dated[-1]
            patient.dated[-1] = (day, minute, key, f"{text}\n{line}")
            continue
        head, _, rest = line.partition(" ")
        if re.match(r"\d{4}", head):
            key, _, text = rest.partition(" ")
            patient.dated.append((day_of(head), head[5:], key, text))
        elif head == "tags":
            patient.tags = set(rest.split())
        elif head in ("fam", "far", "o2"):
            patient.words[head] = rest
        elif head == "vit":
            warmth, pressure, pulse, oxygen = rest.split()
            upper, lower = pressure.split("/")
            patient.vitals = (
                float(warmth),
                int(upper),
                int(lower),
                int(pulse),
                int(oxygen),
            )
        elif head == "weight":
            pairs = (item.split("=") for item in rest.split())
            patient.weights = [(day_of(day), float(value)) for day, value in pairs]
        elif head == "start":
            patient.start = day_of(rest)
        elif head == "b1org":
            patient.organization_of["B1"] = rest
        else:
            patient.own[head].append(parse_line(rest))
    for patient in patients.values():
        patient.tags |= {word for word in ("fam", "far") if word in patient.words}
        if patient.code not in YOUNG:
            patient.tags.add("old")
    for line in read_lines("likes.txt"):
        code, likes, hobbies, aim = (part.strip() for part in line.split("|"))
        patients[code].choices = {
            "like": likes.split("、"),
            "hobby": hobbies.split("、"),
            "aim": [aim],
        }
    return patients


def read_phrases() -> dict[str, list[Line]]:
    banks: dict[str, list[Line]] = defaultdict(list)
    role = ""
    for line in read_lines("phrases.txt"):
        if line.startswith("## "):
            role = line[3:]
        else:
            banks[role].append(parse_line(line))
    return banks


def read_threads() -> list[Thread]:
    threads: list[Thread] = []
    for line in read_lines("threads.txt"):
        if line.startswith("= "):
            conditions, _, fixed = line[2:].partition(" @")
            thread = Thread(
                Line("", tuple(conditions.split(","))), day_of(fixed) if fixed else None
            )
            threads.append(thread)
            continue
        head, text = line.split(" ", 1)
        role, days = head.split("+")
        threads[-1].lines.append((role, int(days), text))
    return threads


def read_replies() -> tuple[list[Trigger], dict[str, list[str]]]:
    triggers: list[Trigger] = []
    tails: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in read_lines("replies.txt"):
        if line.startswith("? "):
            words, said_by, answered_by, days = (p.strip() for p in line[2:].split("|"))
            low, high = days.split("-")
            triggers.append(Trigger(words.split(","), said_by, answered_by, (int(low), int(high))))
            section = ""
        elif line.startswith("= "):
            section = line[2:]
        elif section:
            tails[section].append(line)
        else:
            match = re.match(r"(H[12]): (.+)", line)
            voice, text = (match[1], match[2]) if match else ("", line)
            triggers[-1].answers[voice].append(text)
    return triggers, tails


def read_stories() -> list[tuple[str, datetime, str, str]]:
    stories = []
    for line in read_lines("stories.txt"):
        story, day, clock, key, text = line.split(" ", 4)
        at = datetime.fromisoformat(f"{day}T{clock}")
        stories.append((STORY_PATIENT[story], at, key, text))
    return stories


class Writer:
    """Collects messages; keeps texts apart, people unhurried and sentences fresh."""

    def __init__(self, people: dict[str, Person], patients: dict[str, Patient]) -> None:
        self.random = random.Random(SEED)
        self.people = people
        self.patients = patients
        self.banks = read_phrases()
        self.triggers, self.tails = read_replies()
        self.messages: list[Message] = []
        self.texts: Counter[str] = Counter()
        self.busy: dict[str, list[datetime]] = defaultdict(list)
        self.used: dict[str, set[str]] = defaultdict(set)
        self.occupied: dict[tuple[str, str], set[date]] = defaultdict(set)
        self.last_vitals: dict[tuple[str, date], tuple[float, int, int, int, int]] = {}
        self.acknowledged: set[tuple[str, date]] = set()

    # -- words ---------------------------------------------------------------

    def fill(self, text: str, patient: Patient, day: date, **words: str) -> str:
        rng = self.random
        text = re.sub(r"\{([^{}]*\|[^{}]*)\}", lambda m: rng.choice(m[1].split("|")), text)
        for key, value in words.items():
            text = text.replace("{" + key + "}", value)
        physicians = (p.surname for p in self.people.values() if "医師" in p.profession)
        for surname in physicians:
            text = text.replace(f"{surname}さん", f"{surname}先生")

        def number(match: re.Match[str]) -> str:
            low, high, step = match[1], match[2], match[3]
            if "." in low:
                return f"{rng.uniform(float(low), float(high)):.1f}"
            return str(rng.randrange(int(low), int(high) + 1, int(step or 1)))

        text = re.sub(r"<([\d.]+)-([\d.]+)(?::(\d+))?>", number, text)
        relative = patient.words.get("fam") or patient.words.get("far") or "ご本人"
        text = text.replace("<fam2>", relative)
        for key, values in patient.choices.items():
            if f"<{key}>" in text:
                text = text.replace(f"<{key}>", rng.choice(values))
        for key, value in patient.words.items():
            text = text.replace(f"<{key}>", value).replace(f"<{key.upper()}>", value)
        return text.replace("<W>", f"{self.weight(patient, day):.1f}")

    def weight(self, patient: Patient, day: date) -> float:
        points = patient.weights
        value = points[0][1] if points else 0.0
        for (day1, weight1), (day2, weight2) in pairwise(points):
            if day1 <= day <= day2:
                share = (day - day1).days / max(1, (day2 - day1).days)
                value = weight1 + (weight2 - weight1) * share
        wobble = random.Random(f"{patient.code}{day}").choice((-0.1, 0.0, 0.0, 0.1))
        return round(value + wobble, 1)

    def vitals(self, patient: Patient, day: date) -> tuple[float, int, int, int, int]:
        """The day's values: near the person's own, a little higher when it grows cold."""
        rng = random.Random(f"{patient.code}-{day}")
        warmth, upper, lower, pulse, oxygen = patient.vitals
        cold = (day - FIRST_DAY).days // 30
        return (
            round(warmth + rng.choice((-0.2, -0.1, 0, 0, 0.1, 0.2)), 1),
            upper + rng.randrange(-8, 9, 2) + cold,
            lower + rng.randrange(-6, 7, 2),
            pulse + rng.randrange(-5, 6),
            min(99, oxygen + rng.choice((-1, 0, 0, 0, 1))),
        )

    def vitals_text(self, person: Person, patient: Patient, day: date) -> str:
        t, u, w, p, s = self.vitals(patient, day)
        self.last_vitals[(patient.code, day)] = (t, u, w, p, s)
        wide = str.maketrans("0123456789./", "０１２３４５６７８９．／")
        styles = {
            "N1": f"KT {t}、BP {u}/{w}、P {p}、SpO2 {s}。",
            "N2": f"体温{t}℃、血圧{u}/{w}、脈拍{p}、SpO2は{s}%でした。",
            "N3": f"BT {t}、HR {p}、BP {u}/{w}、SpO2 {s}%。",
            "N5": f"KT{t} BP{u}/{w} P{p} SpO2 {s}%。",
            "N6": f"ＫＴ{t}、ＢＰ{u}/{w}、Ｐ{p}、ＳｐＯ２{s}".translate(wide) + "。",
            "N7": f"T {t} / BP {u}-{w} / P {p} / SpO2 {s}\n",
            "N8": f"{t}℃、{u}/{w}、脈{p}、酸素{s}%。",
            "N9": f"【バイタル】KT {t}　BP {u}/{w}　P {p}　SpO2 {s}\n",
            "N10": f"バイタルはKT {t}、BP {u}/{w}、P {p}、SpO2 {s}。",
            "N16": f"体温 {t}、血圧 {u}/{w}、脈 {p}、SpO2 {s}。",
            "E2": f"KT {t}　BP {u}/{w}　P {p}　SpO2 {s}。",
        }
        text = styles.get(person.key, styles["N1"])
        if "child" in patient.tags:
            short = {
                "N3": f"BT {t}、HR {p}、SpO2 {s}%。",
                "N10": f"KT {t}、P {p}、SpO2 {s}。",
            }
            return short.get(person.key, f"KT {t}、HR {p}、SpO2 {s}。")
        if self.random.random() < 0.15:
            return f"BP {u}/{w}、KT {t}。"
        return text

    def pick(
        self,
        bank: Iterable[Line],
        patient: Patient,
        day: date,
        tags: set[str],
        count: int,
    ) -> list[str]:
        fresh = [
            line
            for line in bank
            if line.fits(tags, day.month) and line.text not in self.used[patient.code]
        ]
        seasonal = [line for line in fresh if any(c[:1] == "m" for c in line.conditions)]
        chosen: list[Line] = []
        for _ in range(min(count, len(fresh))):
            pool = [line for line in fresh if line not in chosen]
            if seasonal and self.random.random() < 0.3:
                pool = [line for line in seasonal if line not in chosen] or pool
            first = _topic(chosen[0].text) if chosen else None
            pool = [line for line in pool if not first or _topic(line.text) != first] or pool
            chosen.append(self.random.choice(pool))
        for line in chosen:
            self.used[patient.code].add(line.text)
        return [self.fill(line.text, patient, day) for line in chosen]

    # -- times ---------------------------------------------------------------

    def free(self, key: str, at: datetime) -> bool:
        email = self.people[key].email
        return all(abs((at - other).total_seconds()) >= 420 for other in self.busy[email])

    def moment(self, key: str, day: date, after: datetime | None = None) -> datetime | None:
        """A time of the day at which this person usually writes, later than ``after``."""
        role = self.people[key].role
        windows = WINDOWS.get(role, DEFAULT_WINDOWS)
        earliest = 0
        if after is not None and after.date() == day:
            earliest = after.hour * 60 + after.minute + 12
        usable = [
            (max(low, earliest), high, share) for low, high, share in windows if high > earliest
        ]
        for _ in range(40):
            if not usable:
                return None
            low, high, _share = self.random.choices(usable, [w[2] for w in usable])[0]
            minute = self.random.randint(low, high)
            at = datetime.combine(day, time(minute // 60, minute % 60, self.random.randrange(60)))
            if self.free(key, at):
                return at
        return None

    def workday(self, key: str, day: date) -> date:
        """The day itself, or the next one on which this profession works."""
        if self.people[key].role in WEEKDAYS_ONLY:
            while day.weekday() >= 5 or day in HOLIDAYS:
                day += timedelta(days=1)
        return day

    def answer_moment(self, key: str, day: date, after: datetime) -> datetime:
        day = self.workday(key, max(day, after.date()))
        at = self.moment(key, day, after)
        office = self.people[key].role in WEEKDAYS_ONLY
        if at is None and after.hour < 20 and day == after.date() and not office:
            at = after + timedelta(minutes=self.random.randint(14, 75), seconds=17)
            while not self.free(key, at):
                at += timedelta(minutes=8)
        while at is None:
            day = self.workday(key, day + timedelta(days=1))
            at = self.moment(key, day)
        return at

    # -- messages --------------------------------------------------------------

    def post(self, patient: str, key: str, at: datetime, text: str, kind: str) -> Message:
        person = self.people[key]
        if key not in self.patients[patient].team:
            raise ValueError(f"{key} is not in the team of {patient}: {text}")
        message = Message(patient, key, at, text.strip(), kind)
        self.messages.append(message)
        self.texts[message.text] += 1
        self.busy[person.email].append(at)
        self.occupied[(patient, person.role)].add(at.date())
        return message

    def distinct(self, text: str, key: str) -> str:
        """The text, with a closing of that voice when it has been used already."""
        if text.endswith("か。") and self.texts[text] == 1:
            return text
        role = self.people[key].role
        section = key if key in ("H1", "H2") else {"RP": "R", "RO": "R", "RS": "R"}.get(role, role)
        section = {"NM": "N", "TH": "T"}.get(section, section)
        options = [text] + [_join(text, tail, key) for tail in self.tails[section]]
        return next((option for option in options if not self.texts[option]), "")

    def bank_of(self, patient: Patient, role: str) -> str:
        return CHILD_BANK.get(role, role) if "child" in patient.tags else role

    def tags_for(self, patient: Patient, person: Person) -> set[str]:
        tags = set(patient.tags)
        tags |= {"M02": {"hosp"}, "M14": {"comm"}}.get(
            patient.organization_of.get(person.key, person.organization), set()
        )
        if patient.weights:
            tags.add("weight")
        if person.role == "RS":
            tags.add("st")
        return tags

    def members(self, patient: Patient, role: str, day: date) -> list[str]:
        def there(key: str) -> bool:
            until = LAST_DAY_OF_STAFF.get(key, LAST_DAY)
            since = FIRST_DAY_OF_STAFF.get((patient.code, key), FIRST_DAY)
            return since <= day <= until

        roles = {"R": {"RP", "RO", "RS"}}.get(role, {role})
        return [k for k in patient.team if self.people[k].role in roles and there(k)]

    def own_lines(self, patient: Patient, key: str) -> list[Line]:
        role = self.people[key].role
        names = [key, role, role[:1]] if role not in ("NM",) else [key]
        if key in ("H1", "H2"):
            names = [key]
        found: list[Line] = []
        for name in dict.fromkeys(names):
            found += patient.own.get(name, [])
        return found

    def report(self, patient: Patient, key: str, day: date) -> str:
        """One daily report in the voice of its author; empty when nothing is left to say."""
        rng = self.random
        person = self.people[key]
        role = person.role
        tags = self.tags_for(patient, person)
        own = self.own_lines(patient, key)
        bank = self.bank_of(patient, key if key in ("H1", "H2") else role)
        lines = list(self.banks[bank])
        if bank == "N":
            special = (
                "tube",
                "o2",
                "dm",
                "insulin",
                "cath",
                "hf",
                "park",
                "pain",
                "hd",
                "mind",
            )
            lines += [
                line
                for line in self.banks["NO"]
                for _ in range(2 if any(c in special for c in line.conditions) else 1)
            ]
        mine = self.pick(own, patient, day, tags, 1) if rng.random() < 0.42 else []
        sizes: dict[str, tuple[int, ...]] = {
            "N": (1, 2, 2, 2, 3) if key != "N2" else (2, 3, 3),
            "H": (1, 1, 2, 2),
            "C": (2, 2, 3),
            "D": (1,),
            "S": (1, 2, 2),
            "E": (1, 2),
            "NM": (1,),
            "F": (1,),
            "W": (1,),
        }
        wanted = max(
            1,
            rng.choice(sizes.get(role, (1, 1, 2))) - (len(mine) if role != "N" else 0),
        )
        if (
            mine
            and role in ("H", "D", "W", "F", "T", "TH", "RP", "RO", "RS")
            and rng.random() < 0.6
        ):
            wanted = 0
        rest = self.pick(lines, patient, day, tags, wanted)
        if not mine and not rest:
            return ""
        parts = mine + rest
        rng.shuffle(parts)
        parts.sort(key=lambda part: bool(re.search(CLOSING, part)))
        if role == "C":
            return self.care_manager_text(patient, key, day, parts)
        if key in ("H1", "H2"):
            return ("" if key == "H1" else " ").join(parts)
        text = "".join(parts)
        if role == "N":
            vitals = self.vitals_text(person, patient, day) if rng.random() < 0.86 else ""
            opening = ""
            if "facility" not in tags and rng.random() < 0.4:
                opening = "".join(self.openings(patient, key, day))
            text = f"{opening}{vitals}{text}"
        elif key == "S2":
            _, upper, lower, pulse, oxygen = self.vitals(patient, day)
            if "来所時BP" not in text:
                text = f"来所時BP {upper}/{lower}、P {pulse}、SpO2 {oxygen}。{text}"
        return text

    def openings(self, patient: Patient, key: str, day: date) -> list[str]:
        tags = self.tags_for(patient, self.people[key])
        fits = [line for line in self.banks["open"] if line.fits(tags, day.month)]
        if key == "N1":
            fits = fits[:1]
        fresh = [line for line in fits if len(line.text) < 12 or line.text not in self.used[key]]
        chosen = self.random.choice(fresh or fits).text
        self.used[key].add(chosen)
        return [self.fill(chosen, patient, day)]

    def care_manager_text(self, patient: Patient, key: str, day: date, parts: list[str]) -> str:
        parts = [part.rstrip("。") for part in parts]
        opening_bank = self.banks["C2O" if key == "C2" else "CO"]
        opening = self.fill(self.random.choice(opening_bank).text, patient, day)
        if key in ("C1", "C5"):
            return "\n".join([opening, *(f"・{part}" for part in parts)])
        if key == "C3":
            numbered = (f"{mark}{part}" for mark, part in zip("①②③④", parts, strict=False))
            return "\n".join([opening, *numbered])
        return opening + "".join(f"{part}。" for part in parts)

    # -- the three sources of messages -----------------------------------------

    def post_fixed(self) -> None:
        for code, at, key, text in read_stories():
            self.post(code, key, at, text, "story")
        for patient in self.patients.values():
            previous: datetime | None = None
            for day, clock, key, text in patient.dated:
                if clock:
                    at = datetime.combine(day, time(int(clock[:2]), int(clock[2:])))
                    at = at.replace(second=self.random.randrange(60))
                elif previous is not None and previous.date() >= day:
                    at = self.answer_moment(key, day, previous)
                else:
                    at = self.first_moment(key, self.workday(key, day))
                previous = at
                self.post(patient.code, key, at, text, "dated")

    def first_moment(self, key: str, day: date) -> datetime:
        """Early enough in the day that the others can still answer."""
        found = [at for at in (self.moment(key, day) for _ in range(4)) if at]
        return min(found) if found else datetime.combine(day, time(9, 41, 8))

    def post_threads(self) -> None:
        rng = self.random
        threads = read_threads()
        for patient in sorted(self.patients.values(), key=lambda _: rng.random()):
            mine: list[Thread] = []
            rng.shuffle(threads)
            for thread in sorted(threads, key=lambda item: item.used):
                limit = 12 if thread.fixed_day else 4
                if thread.used < limit and len(mine) < 7 and self.try_thread(patient, thread):
                    thread.used += 1
                    mine.append(thread)

    def try_thread(self, patient: Patient, thread: Thread) -> bool:
        rng = self.random
        if ("child" in patient.tags) != ("child" in thread.conditions.conditions):
            return False
        if patient.code == "Q35":
            return False
        needs_relative = any("<fam2>" in text for _, _, text in thread.lines)
        if needs_relative and not patient.words:
            return False
        days = thread.fixed_day
        span = max(offset for _, offset, _ in thread.lines)
        for _ in range(25):
            start = days or FIRST_DAY + timedelta(days=rng.randrange(90 - span))
            if start < patient.start or start + timedelta(days=span + 2) > patient.last:
                continue
            if start.weekday() >= 5 or start in HOLIDAYS:
                continue
            if not thread.conditions.fits(self.tags_for_thread(patient), start.month):
                continue
            near = range(-2, span + 3)
            if any(
                start + timedelta(days=d) in self.occupied[(patient.code, role)]
                for d in near
                for role in ("N", "D", "thread")
            ):
                continue
            cast = self.cast(patient, thread, start)
            if cast is None:
                return False
            if self.play(patient, thread, start, cast):
                for d in range(span + 1):
                    self.occupied[(patient.code, "thread")].add(start + timedelta(days=d))
                return True
        return False

    def tags_for_thread(self, patient: Patient) -> set[str]:
        return patient.tags | ({"weight"} if patient.weights else set())

    def cast(self, patient: Patient, thread: Thread, day: date) -> dict[str, str] | None:
        span = max(offset for _, offset, _ in thread.lines)
        voices = {role for role, _, _ in thread.lines}
        cast: dict[str, str] = {}
        for role in sorted(voices - {"H1", "H2"}):
            able = [
                key
                for key in self.members(patient, role, day)
                if key in self.members(patient, role, day + timedelta(days=span))
                and (key not in ("H1", "H2") or key in voices)
            ]
            if not able:
                return None
            cast[role] = self.random.choice(able)
        return cast

    def play(self, patient: Patient, thread: Thread, start: date, cast: dict[str, str]) -> bool:
        previous: datetime | None = None
        planned: list[tuple[str, datetime, str]] = []
        voice = cast.get("H", "")
        for role, offset, raw in thread.lines:
            if role in ("H1", "H2") and voice != role:
                continue
            if role == "H" and voice in ("H1", "H2"):
                continue
            key = cast["H" if role in ("H1", "H2") else role]
            day = self.workday(key, start + timedelta(days=offset))
            if previous is None:
                at = self.first_moment(key, day)
            else:
                at = self.answer_moment(key, max(day, previous.date()), previous)
            text = self.distinct(self.fill(raw, patient, at.date()), key)
            if not text or at.date() > patient.last:
                return False
            planned.append((key, at, text))
            previous = at
        for key, at, text in planned:
            self.post(patient.code, key, at, text, "thread")
        return True

    def post_reports(self, wanted: int) -> None:
        rng = self.random
        slots: list[tuple[date, str, str]] = []
        for patient in self.patients.values():
            if patient.code == "Q35":
                continue
            length = (patient.last - patient.start).days / 90
            for role in sorted({self.people[key].role for key in patient.team}):
                if role not in WISHES:
                    continue
                days = self.visit_days(patient, role)
                number = min(len(days), round(WISHES[role] * 2.1 * length))
                for day in rng.sample(days, number):
                    slots.append((day, patient.code, role))
        rng.shuffle(slots)
        before = len(self.messages)
        for day, code, role in slots:
            if len(self.messages) - before >= wanted:
                return
            self.post_report(self.patients[code], role, day)

    def visit_days(self, patient: Patient, role: str) -> list[date]:
        """Days on which this profession comes: fixed weekdays of each patient."""
        rng = random.Random(f"{patient.code}{role}")
        if role in ("N", "S"):
            weekdays = set(rng.sample(range(6), 3 if role == "N" else 2))
        elif role == "H":
            weekdays = set(rng.sample(range(7), 4))
        elif role == "E":
            weekdays = set(range(7))
        else:
            weekdays = set(rng.sample(range(5), 3))
        if role == "N" and rng.random() < 0.3:
            weekdays.add(6)
        days = []
        day = patient.start
        while day <= patient.last:
            if day.weekday() in weekdays and not (role in WEEKDAYS_ONLY and day in HOLIDAYS):
                margin = 2 if role in ("N", "D", "H") else 1
                near = (day + timedelta(days=d) for d in range(-margin, margin + 1))
                taken = self.occupied[(patient.code, role)]
                soft = role == "H" and day not in taken
                if soft or not any(other in taken for other in near):
                    days.append(day)
            day += timedelta(days=1)
        return days

    def post_report(self, patient: Patient, role: str, day: date) -> None:
        if "E1" in patient.team and "facility" not in patient.tags and role == "E":
            return
        if role == "W" and patient.code == "Q09":
            return
        keys = self.members(patient, role, day)
        if role == "D":
            keys = [key for key in keys if key != "D2"]
        if not keys or day in self.occupied[(patient.code, role)]:
            return
        key = self.random.choice(keys)
        at = self.moment(key, day)
        if at is None:
            return
        for _ in range(4):
            text = self.report(patient, key, day)
            if text and self.texts[text] == 0:
                break
        else:
            return
        message = self.post(patient.code, key, at, text, "report")
        self.answer(patient, message)

    def answer(self, patient: Patient, message: Message) -> None:
        rng = self.random
        role = self.people[message.author].role
        for trigger in self.triggers:
            heard = any(word in message.text for word in trigger.words)
            if not heard or role[0] not in trigger.said_by or "child" in patient.tags:
                continue
            if rng.random() > 0.85:
                continue
            if trigger.said_by == "N" and trigger.answered_by == "H" and "oral" not in patient.tags:
                continue
            day = message.at.date() + timedelta(days=rng.randint(*trigger.days))
            keys = [
                key
                for key in self.members(patient, trigger.answered_by, day)
                if key != message.author and (key not in ("H1", "H2") or trigger.answers.get(key))
            ]
            if not keys or day > patient.last:
                continue
            key = rng.choice(keys)
            day = self.workday(key, day)
            while self.people[key].role == "D" and day.weekday() >= 5:
                day += timedelta(days=1)
            voice = key if key in ("H1", "H2") else ""
            raws = [raw for raw in trigger.answers[voice] if raw not in self.used[patient.code]]
            if not raws:
                continue
            raw = rng.choice(raws)
            at = self.answer_moment(key, day, message.at)
            words = {"A": self.people[message.author].surname}
            words["t"] = str(self.vitals(patient, at.date())[0])
            text = self.distinct(self.fill(raw, patient, at.date(), **words), key)
            if text and at.date() <= patient.last:
                self.used[patient.code].add(raw)
                self.post(patient.code, key, at, text, "answer")
            return

    def post_acknowledgements(self, wanted: int) -> None:
        """Short answers of physicians and others to what was just reported."""
        rng = self.random
        pool = [m for m in self.messages if m.kind == "report"]
        rng.shuffle(pool)
        per_patient: Counter[str] = Counter()
        done = 0
        for limit in (8, 14, 30):
            for message in pool:
                if done >= wanted:
                    return
                if per_patient[message.patient] < limit and self.acknowledge(message):
                    per_patient[message.patient] += 1
                    done += 1

    def acknowledge(self, message: Message) -> bool:
        rng = self.random
        patient = self.patients[message.patient]
        author = self.people[message.author]
        day = message.at.date()
        by_physician = author.role == "N" and "child" not in patient.tags
        words = {"A": author.surname}
        values = self.last_vitals.get((patient.code, day))
        if by_physician and values and "BP" in message.text:
            words |= {"bp": f"{values[1]}/{values[2]}", "sp": str(values[4])}
        if by_physician and rng.random() < 0.75:
            keys = [k for k in self.members(patient, "D", day) if k != "D2"]
            options = [
                t for t in self.tails["dack"] if "bp" in words or not re.search("{bp|{sp", t)
            ]
            if "SpO2" not in message.text:
                options = [t for t in options if "{sp" not in t]
            extra = self.pick(
                self.banks["D"],
                patient,
                day,
                patient.tags,
                1 if rng.random() < 0.45 else 0,
            )
            extra = [e for e in extra if not e.startswith(("診察", "今日の診療", "採血", "了解"))]
        else:
            keys = [
                k
                for role in ("N", "H", "C", "R", "NM")
                for k in self.members(patient, role, day)
                if k not in (message.author, "H1", "H2")
                and self.people[k].organization != author.organization
            ]
            options, extra = self.tails["ack"], []
        if not keys or (patient.code, day) in self.acknowledged:
            return False
        key = rng.choice(keys)
        at = self.moment(key, day, message.at)
        if at is None or (self.people[key].role in {*WEEKDAYS_ONLY, "D"} and day.weekday() >= 5):
            return False
        text = self.fill(rng.choice(options), patient, day, **words) + "".join(extra)
        limit = 9 if len(text) <= 9 else 1
        if self.texts[text] >= limit:
            return False
        self.acknowledged.add((patient.code, day))
        self.post(patient.code, key, at, text, "ack")
        return True


TOPICS = {
    "meal": "食|ごはん|おかず|ゆうはん|おひる|おかゆ|うどん",
    "drink": "水分|麦茶|お茶|むぎちゃ|おちゃ|みず",
    "stool": "便|うんち|べん|お通じ|腹部|おなか",
    "sleep": "眠|夜間|ねむ",
    "medicine": "薬|くすり",
    "bath": "浴|清拭|ふろ|からだを",
    "skin": "皮膚|発赤|赤み|背中|せなか|保湿",
    "weight": "体重",
    "walk": "歩|つたい",
    "sugar": "血糖",
    "family": "<fam>|<far>",
    "mood": "話|笑|歌",
}


CLOSING = (
    "連絡ノート|^次回|次の担当|次の訪問を待たず|変わりありません|かわりありません|かわりは|申し送り"
)


def _topic(text: str) -> str | None:
    return next((topic for topic, words in TOPICS.items() if re.search(words, text)), None)


def _join(text: str, tail: str, key: str) -> str:
    return f"{text} {tail}" if key == "H2" else f"{text}{tail}"


# -- the tables ------------------------------------------------------------------

TOWNS = [
    ("000-0001", "星見坂一丁目"),
    ("000-0003", "綿雲町"),
    ("000-0004", "若葉町二丁目"),
    ("000-0005", "夜半町"),
    ("000-0006", "灯台前"),
    ("000-0007", "鈴音"),
    ("000-0008", "三日月台"),
    ("000-0009", "広場"),
    ("000-0002", "月待橋"),
]

ROLE_TEXTS: dict[str, list[str]] = {
    "D": ["主治医", "副主治医"],
    "N": ["訪問看護（主担当）", "訪問看護（副担当）", "訪問看護（交代の担当）"],
    "NM": ["診療所の看護・診療の段取り", "診療所の看護"],
    "H": ["訪問介護", "訪問介護（交代の担当）"],
    "C": ["ケアプランの作成と調整", "ケアプランの副担当"],
    "P": ["薬の管理・お届け", "夜間の調剤・薬の管理"],
    "RP": ["訪問リハビリ（動作）"],
    "RO": ["訪問リハビリ（生活動作と道具）"],
    "RS": ["訪問リハビリ（言葉と飲み込み）"],
    "S": ["デイサービス", "デイサービスの看護"],
    "F": ["福祉用具"],
    "T": ["訪問歯科"],
    "TH": ["口の手入れ"],
    "B": ["栄養の相談"],
    "W": [
        "相談・見守り",
        "訪問・健康の相談",
        "地域の見守り",
        "健康の相談",
        "制度の相談",
    ],
    "E": ["ショートステイ"],
    "X": ["連携の事務・書類"],
}
ROLE_OVERRIDES = {
    ("Q09", "W1"): "退院の調整",
    ("Q09", "D2"): "入院していた病院の主治医",
    ("Q16", "C1"): "ケアプランの作成と調整・グループの管理",
    ("Q36", "E1"): "施設の介護・グループの管理",
    ("Q36", "E2"): "施設の看護",
    ("Q36", "E3"): "施設の介護",
    ("Q36", "E4"): "施設のケアプラン",
    ("Q21", "W4"): "病院の外来との連絡",
    ("Q24", "W4"): "透析室との連絡",
    ("Q24", "B1"): "透析の食事の相談",
    ("Q03", "P2"): "夜間の調剤・持続注射の薬",
    ("Q03", "N3"): "夜間の訪問看護",
    ("Q15", "W7"): "障害福祉サービスの計画と調整",
}


def write_csv(
    name: str, header: str, rows: Iterable[Iterable[str]], *, office: bool = False
) -> None:
    """``office`` means as spreadsheet programs of offices save it: BOM and CRLF."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n" if office else "\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    data = buffer.getvalue().encode("utf-8-sig" if office else "utf-8")
    (TARGET / name).write_bytes(data)


def write_organizations(organizations: dict[str, dict[str, str]]) -> None:
    columns = list(next(iter(organizations.values())))
    rows = []
    for number, row in enumerate(organizations.values()):
        applied = date(2026, 8, 3) + timedelta(days=number % 5)
        policy = ("yes", "ask", "yes", "no", "ask")[number % 5]
        values = [row[column] for column in columns]
        rows.append([*values, applied.isoformat(), applied.isoformat(), "1", policy])
    header = ",".join([*columns, "application_date", "pledge_date", "listed", "documents_policy"])
    write_csv("organizations.csv", header, rows, office=True)


def write_staff(people: dict[str, Person]) -> None:
    without_pledge = {"X5", "X7"}
    rows = []
    ordered = list(people.values())
    for number, person in enumerate(ordered):
        pledged = date(2026, 8, 4) + timedelta(days=number * 7 % 13)
        trained = pledged + timedelta(days=3) if number % 3 else None
        rows.append(
            [
                person.organization,
                person.profession,
                person.name,
                person.kana,
                "" if person.sex == "その他" else person.sex,
                person.email,
                "1" if person.administrator else "0",
                "" if person.key in without_pledge else pledged.isoformat(),
                trained.isoformat() if trained and person.key not in without_pledge else "",
            ]
        )
        if person.key == "B1":
            second = ["M02", *rows[-1][1:6], "0", "2026-08-12", ""]
    rows.append(second)
    rows.sort(key=lambda row: row[0])
    header = (
        "organization_code,profession,name,kana,sex,email,administrator,pledge_date,training_date"
    )
    write_csv("staff.csv", header, rows)


def write_patients() -> None:
    rng = random.Random(SEED + 1)
    rows = []
    with (SOURCE / "patients_register.csv").open(encoding="utf-8", newline="") as stream:
        register = list(csv.DictReader(stream))
    for number, row in enumerate(register):
        _, town = TOWNS[number % len(TOWNS)]
        address = f"みどり野市{town}{rng.randint(2, 30)}番{rng.randint(1, 12)}号"
        if row["code"] == "Q36":
            address = "みどり野市笹舟20番 みどり野ひだまり荘"
        if row["code"] in ("Q32", "Q33"):
            address = "みどり野市若葉町三丁目11番6号"
        agreed = date(2026, 8, 3) + timedelta(days=rng.randrange(18))
        if row["code"] == "Q09":
            agreed = date(2026, 9, 10)
        if row["code"] == "Q03":
            agreed = date(2026, 8, 20)
        copied = agreed + timedelta(days=rng.choice((0, 0, 0, 1, 2)))
        if row["code"] == "Q03":
            copied = date(2026, 8, 24)
        signed = bool(row["consent_signer"])
        young = row["code"] in YOUNG - {"Q07", "Q20", "Q38"}
        insured = not young and number % 7 != 5
        rows.append(
            [
                *(
                    row[c]
                    for c in (
                        "code",
                        "organization_code",
                        "name",
                        "kana",
                        "birth_date",
                        "sex",
                    )
                ),
                address,
                f"0000-00-{2000 + number * 13 + 7:04d}" if number % 8 != 6 else "",
                agreed.isoformat() if signed else "",
                row["consent_signer"],
                row["consent_relationship"],
                copied.isoformat() if signed else "",
                f"090-0000-{1000 + number * 37 + 5:04d}" if number % 3 != 1 else "",
                f"00{rng.randrange(10**7, 10**8)}" if insured else "",
                row["emergency_name"],
                row["emergency_relationship"],
                f"090-0000-{5000 + number * 41 + 3:04d}" if row["emergency_name"] else "",
            ]
        )
    header = (
        "code,organization_code,name,kana,birth_date,sex,address,phone,consent_date,"
        "consent_signer,consent_relationship,copy_given_date,mobile,insurer_number,"
        "emergency_name,emergency_relationship,emergency_phone"
    )
    write_csv("patients.csv", header, rows)


def write_teams(people: dict[str, Person], patients: dict[str, Patient]) -> None:
    rows = []
    for patient in patients.values():
        seen: Counter[str] = Counter()
        for key in patient.team:
            person = people[key]
            texts = ROLE_TEXTS[person.role]
            role = (
                ROLE_OVERRIDES.get((patient.code, key))
                or texts[min(seen[person.role], len(texts) - 1)]
            )
            seen[person.role] += 1
            organization = patient.organization_of.get(key, person.organization)
            manager = "1" if key in patient.managers else "0"
            rows.append([patient.code, person.email, organization, role, manager])
    write_csv("teams.csv", "patient_code,email,organization_code,role_in_care,manager", rows)


REGION = """\
[region]
name = "みどり野"
operator = "みどり野在宅連携推進室"
phone = "0000-00-1900"
email = "jimukyoku@suishin.example"
address = "みどり野市広場2番1号"
policy_effective = 2026-08-01

[[operator_staff]]
name = "砂時計 律子"
kana = "すなどけい りつこ"
email = "sunadokei@suishin.example"

[[operator_staff]]
name = "羅針 周"
kana = "らしん あまね"
email = "rashin@suishin.example"

[parameters]
# The policy asks administrators and the operator for a second step (article 14-2). Here nobody is
# asked, so that everybody can be tried out with the demo's password alone.
second_factor = "nobody"
"""


def write_messages(writer: Writer) -> None:
    messages = sorted(writer.messages, key=lambda m: (m.at, m.patient, m.author))
    lines = [
        json.dumps(
            {
                "patient": message.patient,
                "author": writer.people[message.author].email,
                "at": f"{message.at.isoformat(timespec='seconds')}+09:00",
                "text": message.text,
            },
            ensure_ascii=False,
        )
        for message in messages
    ]
    (TARGET / "messages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main(report: Callable[[str], None] = print) -> None:
    TARGET.mkdir(exist_ok=True)
    organizations = read_organizations()
    people = read_people(organizations)
    patients = read_patients()
    (TARGET / "region.toml").write_text(REGION, encoding="utf-8", newline="\n")
    write_organizations(organizations)
    write_staff(people)
    write_patients()
    write_teams(people, patients)
    writer = Writer(people, patients)
    writer.post_fixed()
    writer.post_threads()
    acknowledgements = 190
    writer.post_reports(TOTAL - acknowledgements - len(writer.messages))
    writer.post_acknowledgements(TOTAL - len(writer.messages))
    if len(writer.messages) != TOTAL:
        raise SystemExit(f"{len(writer.messages)} messages instead of {TOTAL}")
    write_messages(writer)
    kinds = Counter(message.kind for message in writer.messages)
    report(f"{len(writer.messages)} messages: {dict(kinds)}")


if __name__ == "__main__":
    main()
