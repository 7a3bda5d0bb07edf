"""The list of groups and the rule for one group agree on worlds nobody would think up."""

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.group.models import Group, Member
from renkei.group.selectors import visible_to
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.patient.models import Consent, Patient
from renkei.people.models import Account, Organization, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.region.models import Region
from tests.cast import Cast

WORLDS = 1_000 if connection.vendor == "sqlite" else 300  # a round trip to a server takes longer
SMALL = st.integers(0, 2)
OFTEN, SELDOM = st.sampled_from([True, True, True, False]), st.sampled_from([False] * 4 + [True])
CONSENTS = st.sampled_from(["given", "given", "given", "exempt_before", "exempt_life", "none"])
DECLINED = st.sampled_from(["", "", "1", "2", "5", "3", "8", "3,8", "2,3", "1,2,5", "4,5", "1,8"])

WORLD = st.fixed_dictionaries(
    {
        "organizations": st.lists(SELDOM, min_size=2, max_size=3),  # suspended?
        "people": st.lists(  # organization, role ended, account suspended, acknowledged
            st.tuples(SMALL, SELDOM, SELDOM, OFTEN), min_size=1, max_size=3
        ),
        "groups": st.lists(  # organization, kind, closed, consent, declined, kept, copy, ended
            st.tuples(SMALL, st.sampled_from(["patient", "patient", "family", "free"]), SELDOM,
                      CONSENTS, DECLINED, OFTEN, OFTEN, SELDOM),
            min_size=1, max_size=3,
        ),
        "members": st.lists(  # group, person, ended, manager
            st.tuples(SMALL, SMALL, SELDOM, st.booleans()), min_size=1, max_size=6
        ),
    }
)  # fmt: skip


class World:
    """Rows only, without use cases and without anything to open."""

    def __init__(self, region: Region, shape: dict[str, Any]) -> None:
        self.region = region
        self.now = clock.now()
        self.homes = [self._organization(suspended) for suspended in shape["organizations"]]
        self.people = [self._person(*facts) for facts in shape["people"]]
        self.groups = [self._group(*facts) for facts in shape["groups"]]
        taken = set()
        for at, who, ended, manager in shape["members"]:
            group = self.groups[at % len(self.groups)]
            account, role, _ = self.people[who % len(self.people)]
            if ended or (group.id, account.id) not in taken:
                self._member(group, account, role, ended, manager)
            if not ended:
                taken.add((group.id, account.id))
        self._write()

    def _organization(self, suspended: bool) -> Organization:
        return Organization(
            id=uuid7(),
            key_id=self.region.key_id,
            region=self.region,
            code=uuid7().hex,
            kind="病院",
            head=b"",
            suspended_at=self.now if suspended else None,
        )

    def _person(
        self, home: int, ended: bool, suspended: bool, acknowledged: bool
    ) -> tuple[Account, PractitionerRole, Session]:
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
        )
        role = PractitionerRole(
            account=account,
            organization=self.homes[home % len(self.homes)],
            profession="看護師",
            started_at=self.now,
            ended_at=self.now if ended else None,
        )
        session = Session(
            session_key=uuid7().hex,
            session_data="",
            expire_date=self.now,
            account=account,
            role=role,
            started_at=self.now,
            last_seen_at=self.now,
            until=self.now.replace(year=self.now.year + 1),
        )
        return account, role, session

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
        if kind != "free":
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
            organization=organization,
            opened_at=self.now,
            closed_at=self.now if closed else None,
        )
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
        self, group: Group, account: Account, role: PractitionerRole, ended: bool, manager: bool
    ) -> None:
        self.members = getattr(self, "members", [])
        self.members.append(
            Member(
                key_id=self.region.key_id,
                group=group,
                account=account,
                role=role,
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
            table._default_manager.bulk_create([one[place] for one in self.people])
        Patient.objects.bulk_create([one.patient for one in self.groups if one.patient])
        Group.objects.bulk_create(self.groups)
        consents = [one.consent for one in self.groups if hasattr(one, "consent")]
        Consent.objects.bulk_create(consents)
        Member.objects.bulk_create(getattr(self, "members", []))

    def disagreements(self) -> list[UUID]:
        found = []
        for account, _, session in self.people:
            actor = Actor(session=session.session_key)
            ready = may(load(actor, "region"), "home.see")
            listed = set(visible_to(account.id)) if ready else set()
            for group in self.groups:
                if (group.id in listed) != may(load(actor, "group", group.id), "group.see"):
                    found.append(group.id)
        return found


def test_list_and_rule_agree_on_random_worlds(cast: Cast) -> None:
    region = Region.objects.get(pk=cast.region)
    seen = {True: 0, False: 0}

    @settings(
        max_examples=WORLDS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(WORLD)
    def explore(shape: dict[str, Any]) -> None:
        mark = transaction.savepoint()
        try:
            world = World(region, shape)
            assert world.disagreements() == []
            for account, _, _ in world.people:
                seen[bool(visible_to(account.id))] += 1
        finally:
            transaction.savepoint_rollback(mark)

    explore()
    assert min(seen.values()) > WORLDS / 10, "the worlds have to be worth exploring"
