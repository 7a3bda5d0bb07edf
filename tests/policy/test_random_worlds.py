"""The list of groups and the rule for one group agree on worlds nobody would think up."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from renkei.device.models import Device, Listing
from renkei.group.models import Group, Member
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.patient.models import Consent, Patient
from renkei.people.models import (
    Account,
    OperatorRole,
    Organization,
    PractitionerRole,
    Session,
)
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.region.models import DisasterUse, Region
from tests.cast import LONG_AGO, Cast, set_parameters, visible

WORLDS = 1_000 if connection.vendor == "sqlite" else 200  # a round trip to a server takes longer
SMALL = st.integers(0, 2)
OFTEN, SELDOM = st.sampled_from([True, True, True, False]), st.sampled_from([False] * 4 + [True])
CONSENTS = st.sampled_from(["given", "given", "given", "exempt_before", "exempt_life", "none"])
DECLINED = st.sampled_from(["", "", "1", "2", "5", "3", "8", "3,8", "2,3", "1,2,5", "4,5", "1,8"])

RESTRICTIONS = st.sampled_from(["", "", "", "", "read_only", "suspended", "banned"])
DISASTERS = st.sampled_from(["", "", "", "", "", "on", "over", "ended"])

KINDS = st.sampled_from(["patient"] * 3 + ["family"] * 3 + ["free"] * 2 + ["direct"] * 3
                        + ["network"])  # fmt: skip
SORTS = st.sampled_from([*["work"] * 5, "family", "family", "family", "operator"])
FACTORS = st.sampled_from(["", "totp", "totp", "passkey", "card"])

ORGANIZATION_STATES = st.sampled_from(
    [*[""] * 8, "suspended_at", "left_on", "approved_on", "pledged_on", "trained_on"]
)

WORLD = st.fixed_dictionaries(
    {
        "each_trains": st.booleans(),
        "organizations": st.lists(ORGANIZATION_STATES, min_size=2, max_size=3),
        "people": st.lists(  # organization, role ended, account suspended, acknowledged,
            # restriction, whose device, until when it is usable, a disaster that lifts it,
            # what is missing of their own; whether they work, and the second step they showed
            st.tuples(SMALL, SELDOM, SELDOM, OFTEN, RESTRICTIONS, SMALL, OFTEN, DISASTERS,
                      st.sampled_from(["", "", "", "", "pledged_on", "trained_on"]), SORTS,
                      FACTORS),
            min_size=1, max_size=3,
        ),
        "groups": st.lists(  # organization, kind, closed, consent, declined, kept, copy, ended
            st.tuples(SMALL, KINDS, SELDOM,
                      CONSENTS, DECLINED, OFTEN, OFTEN, SELDOM),
            min_size=1, max_size=3,
        ),
        "members": st.lists(  # group, person, ended, manager, by their role, what to the patient
            st.tuples(SMALL, SMALL, SELDOM, st.booleans(), OFTEN,
                      st.sampled_from(["", "patient", "relative", "relative"])),
            min_size=1, max_size=6,
        ),
    }
)  # fmt: skip


def _in_order(*kinds: str) -> dict[str, Any]:
    """A world in which nothing is missing: a colleague and a relative in a group of each kind."""
    person = (0, False, False, True, "", 0, True, "", "")
    return {
        "each_trains": False,
        "organizations": ["", ""],
        "people": [(*person, "work", "totp"), (*person, "family", "totp")],
        "groups": [(0, kind, False, "given", "", True, True, False) for kind in kinds],
        "members": [
            (at, *member)
            for at in range(len(kinds))
            for member in ((0, False, True, True, ""), (1, False, False, False, "relative"))
        ],
    }


class World:
    """Rows only, without use cases and without anything to open."""

    def __init__(self, region: Region, shape: dict[str, Any]) -> None:
        self.region = region
        self.now = clock.now()
        self.devices: list[Device] = []
        self.listings: list[Listing] = []
        self.disasters: list[DisasterUse] = []
        self.operators: list[OperatorRole] = []
        self._made: list[Group] = []
        self.homes = [self._organization(state) for state in shape["organizations"]]
        self.people = [self._person(*facts) for facts in shape["people"]]
        self.groups = [self._group(*facts) for facts in shape["groups"]]
        taken = set()
        for at, who, ended, manager, works, relation in shape["members"]:
            group = self.groups[at % len(self.groups)]
            account, role, _ = self.people[who % len(self.people)]
            if ended or (group.id, account.id) not in taken:
                self._member(group, account, role if works else None, ended, manager, relation)
            if not ended:
                taken.add((group.id, account.id))
        self._write()

    def _organization(self, state: str) -> Organization:
        """In order but for one thing."""
        return Organization(
            id=uuid7(),
            key_id=self.region.key_id,
            region=self.region,
            code=uuid7().hex,
            kind="病院",
            head=b"",
            suspended_at=self.now if state == "suspended_at" else None,
            left_on=LONG_AGO if state == "left_on" else None,
            approved_on=None if state == "approved_on" else LONG_AGO,
            pledged_on=None if state == "pledged_on" else LONG_AGO,
            trained_on=None if state == "trained_on" else LONG_AGO,
        )

    def _person(
        self,
        home: int,
        ended: bool,
        suspended: bool,
        acknowledged: bool,
        restriction: str,
        whose: int,
        usable: bool,
        disaster: str,
        missing: str,
        sort: str,
        factor: str,
    ) -> tuple[Account, PractitionerRole | None, Session]:
        account = Account(
            id=uuid7(),
            key_id=self.region.key_id,
            region=self.region,
            email=f"{uuid7().hex}@example.org",
            profile_sealed=b"",
            password_changed_at=self.now,
            suspended_at=self.now if suspended else None,
            acknowledged_id=self.region.policy_id if acknowledged else None,
            made_at=self.now,
            family=sort == "family",
        )
        role = PractitionerRole(
            account=account,
            organization=self.homes[home % len(self.homes)],
            profession="看護師",
            restriction=restriction,
            pledged_on=None if missing == "pledged_on" else LONG_AGO,
            trained_on=None if missing == "trained_on" else LONG_AGO,
            started_at=self.now,
            ended_at=self.now if ended else None,
        )
        if sort != "work" and not (sort == "family" and ended):  # ended: worked here once
            role = None
        if sort == "operator":
            self.operators.append(OperatorRole(account=account, started_at=self.now))
        device = self._device(self.homes[whose % len(self.homes)], usable)
        session = Session(
            session_key=uuid7().hex,
            session_data="",
            expire_date=self.now,
            account=account,
            role=role,
            started_at=self.now,
            last_seen_at=self.now,
            until=self.now.replace(year=self.now.year + 1),
            idle_until=self.now.replace(year=self.now.year + 1),
            device_id=device.id,
            second_factor=factor,
            emergency_id=self._disaster(disaster).id if disaster else None,
        )
        return account, role, session

    def _device(self, organization: Organization, usable: bool) -> Device:
        device = Device(
            id=uuid7(),
            key_id=self.region.key_id,
            organization=organization,
            number=uuid7().hex[-20:],
            type="tablet",
            state="in_use",
            added_at=self.now,
            state_changed_at=self.now,
        )
        until = self.now + timedelta(days=1 if usable else -1)
        self.devices.append(device)
        self.listings.append(
            Listing(
                device=device, organization=organization, usable_until=until, accepted_at=self.now
            )
        )
        return device

    def _disaster(self, state: str) -> DisasterUse:
        disaster = DisasterUse(
            id=uuid7(),
            key_id=self.region.key_id,
            region=self.region,
            reason=b"",
            declared_by=uuid7(),
            declared_at=self.now,
            until=self.now + timedelta(days=-1 if state == "over" else 1),
            ended_at=self.now if state == "ended" else None,
        )
        self.disasters.append(disaster)
        return disaster

    def _group(
        self,
        home: int,
        kind: str,
        closed: bool,
        consent: str,
        declined: str,
        kept: bool,
        copied: bool,
        ended: bool,
    ) -> Group:
        organization = self.homes[home % len(self.homes)]
        patient = None
        if kind == "network" and any(one.kind == "network" for one in self._made):
            kind = "direct"  # a region has one
        if kind in ("patient", "family"):
            patient = Patient(
                id=uuid7(),
                key_id=self.region.key_id,
                organization=organization,
                identity_sealed=b"",
                registered_at=self.now,
            )
        group = Group(
            id=uuid7(),
            key_id=self.region.key_id,
            region=self.region,
            kind=kind,
            patient=patient,
            organization=None if kind in ("direct", "network") else organization,
            opened_at=self.now,
            closed_at=self.now if closed else None,
            entry="request" if kind == "free" else "",
            about_sealed=b"" if kind == "free" else None,
        )
        self._made.append(group)
        if patient and consent != "none":
            group.consent = Consent(  # type: ignore[attr-defined]
                key_id=self.region.key_id,
                patient=patient,
                state=consent,
                signature_sealed=b"",
                declined=declined,
                original_kept_by=organization if kept else None,
                copy_given_on=self.now.date() if copied else None,
                recorded_at=self.now,
                ended_at=self.now if ended else None,
            )
        return group

    def _member(
        self,
        group: Group,
        account: Account,
        role: PractitionerRole | None,
        ended: bool,
        manager: bool,
        relation: str,
    ) -> None:
        self.members = getattr(self, "members", [])
        self.members.append(
            Member(
                key_id=self.region.key_id,
                group=group,
                account=account,
                role=role,
                relation="" if role else relation,
                role_in_care="看護",
                manager=manager,
                origin="paper",
                joined_at=self.now,
                ended_at=self.now if ended else None,
            )
        )

    def _write(self) -> None:
        Organization.objects.bulk_create(self.homes)
        for table, place in ((Account, 0), (PractitionerRole, 1), (Session, 2)):
            there = [one[place] for one in self.people if one[place] is not None]
            table._default_manager.bulk_create(there)
        OperatorRole.objects.bulk_create(self.operators)
        Device.objects.bulk_create(self.devices)
        Listing.objects.bulk_create(self.listings)
        DisasterUse.objects.bulk_create(self.disasters)
        Patient.objects.bulk_create([one.patient for one in self.groups if one.patient])
        Group.objects.bulk_create(self.groups)
        consents = [one.consent for one in self.groups if hasattr(one, "consent")]
        Consent.objects.bulk_create(consents)
        Member.objects.bulk_create(getattr(self, "members", []))

    def disagreements(self) -> list[UUID]:
        found = []
        for _, _, session in self.people:
            actor = Actor(session=session.session_key)
            ready = may(load(actor, "region"), "home.see")
            listed = set(visible(actor)) if ready else set()
            for group in self.groups:
                if (group.id in listed) != may(load(actor, "group", group.id), "group.see"):
                    found.append(group.id)
        return found


def test_list_and_rule_agree_on_random_worlds(cast: Cast) -> None:
    region = Region.objects.get(pk=cast.region)
    editions = {False: region.policy_id}
    set_parameters(cast, training_before_use="person")
    editions[True] = Region.objects.get(pk=cast.region).policy_id
    seen = {True: 0, False: 0}
    kinds = dict.fromkeys(("patient", "family", "free", "direct", "network", "as family"), 0)

    @settings(
        max_examples=WORLDS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(WORLD)
    @example(_in_order("patient", "free", "direct"))
    @example(_in_order("family", "network"))
    def explore(shape: dict[str, Any]) -> None:
        mark = transaction.savepoint()
        try:
            region.policy_id = editions[shape["each_trains"]]
            region.save(update_fields=["policy"])
            world = World(region, shape)
            assert world.disagreements() == []
            kind_of = {group.id: group.kind for group in world.groups}
            for account, _, session in world.people:
                found = visible(Actor(session=session.session_key))
                seen[bool(found)] += 1
                for group in found:
                    kinds[kind_of[group]] += 1
                    kinds["as family"] += kind_of[group] == "family" and account.family
        finally:
            transaction.savepoint_rollback(mark)

    explore()
    assert min(seen.values()) > WORLDS / 50, "the worlds have to be worth exploring"
    if WORLDS >= 1_000:  # where there is time for all kinds
        assert min(kinds.values()) > 0, kinds
