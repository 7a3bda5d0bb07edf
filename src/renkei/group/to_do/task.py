"""One thing to do, as home shows it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from renkei.patient.models import Identity
from renkei.people.faces import Face


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what, about whom, until when."""

    # backup answer approve consent copy seek consents password card reset photo kana incident
    # unmanaged check own_out devices take_outs first registered pledge renamed leavings
    # two_addresses administrators network training training_staff rules reuse
    # family_off quiet death charter hand_over taken_over not_taken same_asked hand_asked same
    # review reviews reviews_late account_review account_review_left
    # abandoned wishes connections listings todo todo_left
    # erasures erasure returned
    kind: str
    id: UUID | None = None
    organization: str = ""
    face: Face | None = None
    identity: Identity | None = None
    until: datetime | date | None = None
    count: int = 0
    mine: bool = True  # False if somebody else has to do it and the person can only ask
    # about copies: kind and state of ``backup.judgement.Line``; a course's title; a group's kind
    what: str = ""
    code: str = ""  # of a course
    words: str = ""  # what is to be done: the first words of a task (todo, todo_left)
