"""From a row of ``policy.queries`` to the standing it speaks of."""

from collections.abc import Callable
from dataclasses import replace

from renkei.kernel import clock
from renkei.kernel.database import as_uuid, id_of
from renkei.policy.queries import COLLEAGUE_WIDTH, GROUP_WIDTH, MESSAGE_WIDTH
from renkei.policy.standing import (
    Asked,
    Attached,
    Colleague,
    ConsentFacts,
    Declared,
    Drafted,
    Filed,
    Handing,
    Happened,
    Joined,
    Listed,
    Membership,
    Message,
    Requested,
    Standing,
    Taken,
    ToDo,
    What,
    Where,
    Who,
    Wished,
)
from renkei.policy.who import STOPPED, WIDTH, Row, joined, usable, working


def _consent(found: Row) -> ConsentFacts | None:
    if found[0] is None:
        return None
    return ConsentFacts(found[0], found[1], found[2] is not None, bool(found[3]))


def where(found: Row, one: Who | None = None) -> Where:
    """The group from its columns, and the place of who asks in it; None asks as the system."""
    member = None
    now = clock.to_us(clock.now())
    if found[7] is not None and found[8] is None and one is not None:
        member = _in_network(found, one) if found[1] == "network" else _in_family(found, one)
    elif found[7] is not None:
        member = Membership(
            id=id_of(found[7]),
            role=id_of(found[8]),
            organization=id_of(found[9]),
            manager=bool(found[10]),
            read_seq=found[11],
            in_office=found[12] is None
            and working(found[25], now)
            and not found[13]
            and found[14] not in STOPPED,
            joined=joined(found[20:25], one is not None and one.each_trains),
            read_only=found[14] == "read_only",
            device_fits=one is not None and one.device is not None and usable(found[15], now),
            profession=found[29],
        )
    return Where(
        group=as_uuid(found[0]),
        kind=found[1],
        organization=as_uuid(found[2]),
        key=as_uuid(found[3]),
        last_seq=found[4],
        open=found[5] is None and found[32] is None,
        archived=found[28] is not None,
        patient=as_uuid(found[6]),
        member=member,
        consent=_consent(found[16:20]),
        attended=found[27] is None or bool(found[27]),
        entry=found[30],
        listing=found[31],
        erase_at=found[32],
    )


def _in_network(found: Row, one: Who) -> Membership:
    """The place in the network group: that of who one acts for at the moment (A18)."""
    works = one.organization is not None
    return Membership(
        id=id_of(found[7]),
        role=one.role if works else None,
        organization=one.organization,
        manager=False,
        read_seq=found[11],
        in_office=works or one.operator,
        joined=one.joined if works else Joined(*[one.operator] * 4),
        read_only=works and one.read_only,
        device_fits=one.device_fits if works else one.operator,
    )


def _in_family(found: Row, one: Who) -> Membership:
    """The place of the patient or a relative; of no worth in a group of another kind (A11.5)."""
    here = one.in_family and found[1] == "family" and found[26] != ""
    return Membership(
        id=id_of(found[7]),
        role=None,
        organization=None,
        manager=False,
        read_seq=found[11],
        in_office=here,
        joined=Joined(*[here] * 4),
        device_fits=here,
        relation=found[26],
    )


def where_patient(found: Row) -> Where:
    """The patient, outside any group, from their columns."""
    return Where(
        patient=as_uuid(found[0]),
        organization=id_of(found[1]),
        consent=_consent(found[2:6]),
        erase_at=found[6],
    )


def _message(found: Row) -> What:
    return What(
        message=Message(
            id=id_of(found[0]),
            seq=found[1],
            sender=id_of(found[2]),
            event=found[3],
            withdrawn=found[4] is not None,
            version=found[5],
            importance=found[6],
        )
    )


def _task(found: Row) -> What:
    todo = found[MESSAGE_WIDTH:]
    return replace(
        _message(found),
        task=ToDo(id_of(todo[0]), id_of(todo[1]), id_of(todo[2]), open=todo[3] == "open"),
    )


def _attachment(found: Row) -> What:
    return What(
        attachment=Attached(
            id=id_of(found[0]),
            author=id_of(found[1]),
            posted=found[2] is not None,
            withdrawn=found[3] is not None,
            ready=found[4] == "ready",
        )
    )


def _colleague(found: Row) -> Colleague:
    return Colleague(
        account=id_of(found[0]),
        role=id_of(found[1]),
        organization=id_of(found[2]),
        in_office=found[3] is None
        and working(found[9], clock.to_us(clock.now()))
        and not found[4]
        and found[8] not in STOPPED,
        administrator=bool(found[5]),
        administrators=found[6],
        profession=found[7],
    )


def _staff(found: Row) -> What:
    administers, elsewhere, operates = found[COLLEAGUE_WIDTH : COLLEAGUE_WIDTH + 3]
    return What(
        colleague=replace(
            _colleague(found),
            responsible=bool(administers or operates),
            elsewhere=bool(elsewhere or operates),
        )
    )


def _invitation(found: Row) -> Asked:
    return Asked(
        id=id_of(found[0]),
        open=found[1] == "open" and found[2] > clock.to_us(clock.now()),
        invited_by=id_of(found[3]),
        accepted=found[4] is not None,
        approved=found[5] is not None,
    )


def _incident(found: Row) -> What:
    happened = Happened(
        id=id_of(found[0]),
        kind=found[2],
        severity=found[3],
        account=as_uuid(found[4]),
        open=found[5] is None,
    )
    return What(target_organization=as_uuid(found[1]), incident=happened)


def _erasure(found: Row) -> What:
    return What(
        target_organization=as_uuid(found[1]),
        erasure=Wished(id_of(found[0]), asked_by=id_of(found[2]), interested=bool(found[3])),
    )


def _paper(found: Row) -> What:
    filed = Filed(id=id_of(found[0]), kept_by=found[2])
    return What(target_organization=as_uuid(found[1]), paper=filed)


def _hand_over(found: Row) -> What:
    handing = Handing(id=id_of(found[7]), open=found[8] == "open" and found[9] == found[1])
    return What(target_organization=as_uuid(found[10]), hand_over=handing)


def _device(one: Who, found: Row) -> What:
    others, administrators, asked_by_one = found[7:10]
    listed = Listed(
        id=id_of(found[0]),
        state=found[2],
        own=as_uuid(found[3]) == one.account or bool(found[4]),
        asked_here=bool(found[5]),
        sole_administrator=found[6] == 1,
        for_operator=found[2] == "pending"
        and (not others or (administrators == 1 and bool(asked_by_one))),
    )
    return What(target_organization=as_uuid(found[1]), device=listed)


def _take_out(found: Row) -> What:
    taken = Taken(
        id=id_of(found[0]), account=id_of(found[2]), state=found[3], for_operator=found[4] == 0
    )
    return What(target_organization=as_uuid(found[1]), take_out=taken)


def _reuse(found: Row) -> What:
    purpose, manager = found[2], found[5]
    return What(
        reuse=Requested(
            id=id_of(found[0]),
            asked_by=id_of(found[1]),
            purpose=purpose,
            state=found[3],
            in_time=found[4] > clock.to_us(clock.now()),
            wrote=bool(found[6]),
            from_elsewhere=not found[7],
            permitted=bool(found[8]) and (purpose != "outside" or manager == "yes"),
        )
    )


_G = WIDTH + GROUP_WIDTH  # where the columns of the thing in question begin
BUILD: dict[str, Callable[[Who, Row], Standing]] = {
    "region": lambda one, found: Standing(one),
    "organization": lambda one, found: Standing(
        one, what=What(target_organization=as_uuid(found[WIDTH]))
    ),
    "patient": lambda one, found: Standing(one, where_patient(found[WIDTH:])),
    "group": lambda one, found: Standing(one, where(found[WIDTH:], one)),
    "communication": lambda one, found: Standing(
        one, where(found[WIDTH:], one), _message(found[_G:])
    ),
    "task": lambda one, found: Standing(one, where(found[WIDTH:], one), _task(found[_G:])),
    "attachment": lambda one, found: Standing(
        one, where(found[WIDTH:], one), _attachment(found[_G:])
    ),
    "invitee": lambda one, found: Standing(
        one, where(found[WIDTH:], one), What(colleague=_colleague(found[_G:]))
    ),
    "invitation": lambda one, found: Standing(
        one,
        where(found[WIDTH:], one),
        What(
            colleague=_colleague(found[_G:]), invitation=_invitation(found[_G + COLLEAGUE_WIDTH :])
        ),
    ),
    "member": lambda one, found: Standing(
        one,
        where(found[WIDTH:], one),
        What(
            colleague=_colleague(found[_G:]) if found[_G + 1] is not None else None,
            member=as_uuid(found[_G + COLLEAGUE_WIDTH]),
        ),
    ),
    "incident": lambda one, found: Standing(one, what=_incident(found[WIDTH:])),
    "person": lambda one, found: Standing(one, what=What(person=as_uuid(found[WIDTH]))),
    "device": lambda one, found: Standing(one, what=_device(one, found[WIDTH:])),
    "take_out": lambda one, found: Standing(one, what=_take_out(found[WIDTH:])),
    "disaster": lambda one, found: Standing(
        one, what=What(disaster=Declared(id_of(found[WIDTH]), id_of(found[WIDTH + 1])))
    ),
    "draft": lambda one, found: Standing(
        one,
        what=What(draft=Drafted(id_of(found[WIDTH]), id_of(found[WIDTH + 1]), found[WIDTH + 2])),
    ),
    "reuse": lambda one, found: Standing(one, where(found[WIDTH:], one), _reuse(found[_G:])),
    "staff": lambda one, found: Standing(one, what=_staff(found[WIDTH:])),
    "paper": lambda one, found: Standing(one, what=_paper(found[WIDTH:])),
    "erasure": lambda one, found: Standing(one, what=_erasure(found[WIDTH:])),
    "hand_over": lambda one, found: Standing(
        one, where_patient(found[WIDTH:]), _hand_over(found[WIDTH:])
    ),
}
