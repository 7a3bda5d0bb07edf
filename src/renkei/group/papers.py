"""What a group's members are shown of the patient's basics and papers (基本情報, 資料)."""

from dataclasses import dataclass

from renkei.group.head import Head, head
from renkei.kernel.errors import Unknown
from renkei.patient.consents import ConsentLine, consents_of, current
from renkei.patient.disclosures import Around, around
from renkei.patient.models import Patient
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class GroupPaper:
    """The head of a group's page with what is known of the patient besides."""

    head: Head
    related: list[Around]
    consents: list[ConsentLine]

    @property
    def consent(self) -> ConsentLine | None:
        """The consent in force."""
        return current(self.consents)


def _paper(standing: Standing) -> GroupPaper:
    top = head(standing)
    if top.kind != "patient" or top.patient is None:  # they are the professionals' (A11.5)
        raise Unknown("patient")
    return GroupPaper(top, around(top.patient), consents_of(top.patient))


@disclosure("group.see", on="group", opens="basics")
def see_paper(standing: Standing) -> GroupPaper:
    """The patient's basics and papers, for the members (資料, 基本情報)."""
    return _paper(standing)


@disclosure("group.change_basics", on="group", opens="basics")
def see_basics_desk(standing: Standing) -> GroupPaper:
    """The same for who may change it; ``Tampered`` if part of it does not open."""
    paper = _paper(standing)
    assert paper.head.patient is not None
    Patient.objects.get(pk=paper.head.patient).require_basics()
    return paper
