"""What waits for the operator, as numbers: the page from which they work."""

from typing import Final
from uuid import UUID

from renkei.device.waiting import first_devices
from renkei.enrollment import missing
from renkei.kernel import clock
from renkei.kernel.database import row
from renkei.people.organizations import of_region
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.editions import public_editions
from renkei.region.laws import laws_of
from renkei.review.due import late_in

CHECK_DAYS: Final = 365  # after which a law or guideline is to be looked at again

_COUNTS: Final = """
    SELECT
      (SELECT COUNT(*) FROM region_notice n WHERE n.region_id = rg.id AND n.published_at IS NULL),
      (SELECT COUNT(*) FROM region_notice n WHERE n.region_id = rg.id
        AND n.published_at IS NOT NULL AND n.withdrawn_at IS NULL),
      (SELECT COUNT(*) FROM region_policydraft d WHERE d.region_id = rg.id),
      (SELECT COUNT(*) FROM region_issuer i WHERE i.region_id = rg.id AND i.removed_at IS NULL),
      (SELECT COUNT(*) FROM region_provision p WHERE p.region_id = rg.id
        AND p.from_on <= %s AND (p.until_on IS NULL OR p.until_on >= %s)),
      (SELECT COUNT(*) FROM incident_incident t WHERE t.region_id = rg.id
        AND t.closed_at IS NULL AND (t.severity <> 'minor' OR t.kind = 'misuse'
          OR t.organization_id IS NULL)),
      (SELECT COUNT(*) FROM enrollment_application p WHERE p.region_id = rg.id
        AND p.state = 'sent'),
      (SELECT COUNT(*) FROM disclosure_erasure e WHERE e.region_id = rg.id AND e.state = 'asked'),
      (SELECT COUNT(*) FROM patient_sameperson s JOIN patient_patient x ON x.id = s.one_id
        JOIN patient_patient y ON y.id = s.other_id
        WHERE s.region_id = rg.id AND s.closed_at IS NULL AND x.organization_id <> y.organization_id
          AND (s.asked_at IS NULL OR (s.handing_id IS NULL
            AND s.one_answer = 'same' AND s.other_answer = 'same')))
    FROM region_region rg WHERE rg.id = %s"""
_NAMES: Final = (
    "notice_drafts", "notices", "policy_draft", "issuers", "provisions", "incidents",
    "applications", "erasures", "same",
)  # fmt: skip


def counts(region: UUID) -> dict[str, int]:
    """The numbers of the page, by name."""
    today = clock.today().isoformat()
    found = row(_COUNTS, [today, today, region.hex])
    assert found is not None
    organizations = of_region(region)
    people = [one for place in missing.places(region) for one in place.missing]
    old = [one for one in laws_of(region) if (clock.today() - one.checked_on).days > CHECK_DAYS]
    return {
        **dict(zip(_NAMES, found, strict=True)),
        "devices_first": first_devices(region),
        "organizations": len(organizations),
        "absent": sum(one.absent for one in organizations),
        "missing": len(people),
        "unconfirmed": sum("policy" in one.lacks for one in people),
        "laws_old": len(old),
        "reviews_late": len(late_in(region)),
        "policy_coming": sum(one.state == "coming" for one in public_editions()),
    }


@disclosure("console.see", on="region")
def see_console(standing: Standing) -> dict[str, int]:
    """What waits, as numbers."""
    assert standing.who.region is not None
    return counts(standing.who.region)
