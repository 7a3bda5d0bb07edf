"""What of reuse waits for a person, for home: answers, an extract to make, copies to open."""

from typing import NamedTuple
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import as_uuid, id_of, rows

# Authors who have not answered; managers of groups asked for a use outside care; and what the
# person asked for that can be opened and has not been. Said by a word, so that one query does.
_WAITING = """
    SELECT CASE WHEN i.answer = 'talk' THEN 'talk' ELSE 'answer' END, ru.id, ru.group_id, o.name
    FROM disclosure_reuseitem i
    JOIN disclosure_reuserequest ru ON ru.id = i.request_id AND ru.state IN ('waiting', 'permitted')
    JOIN people_organization o ON o.id = ru.organization_id
    WHERE i.author_id = %s AND i.answer IN ('', 'talk') AND ru.until > %s
    UNION
    SELECT 'manager', ru.id, ru.group_id, o.name
    FROM group_member m
    JOIN disclosure_reuserequest ru ON ru.group_id = m.group_id AND ru.state = 'waiting'
      AND ru.purpose = 'outside' AND ru.manager_answer = ''
    JOIN people_organization o ON o.id = ru.organization_id
    WHERE m.account_id = %s AND m.ended_at IS NULL AND m.manager AND ru.until > %s
    UNION
    SELECT 'open', ru.id, ru.group_id, ''
    FROM disclosure_reuserequest ru
    WHERE ru.asked_by_id = %s AND ru.state = 'permitted' AND ru.until > %s
      AND NOT EXISTS (SELECT 1 FROM disclosure_reuseopening x WHERE x.request_id = ru.id)"""


class Waiting(NamedTuple):
    """One thing that waits: what, which request, in which group, of which organization."""

    word: str  # "answer", "talk", "manager" or "open"
    request: UUID
    group: UUID
    organization: str


def waiting_for(account: UUID, visible: set[UUID]) -> list[Waiting]:
    """What waits for a person in the groups they see; answers first."""
    now = clock.to_us(clock.now())
    found = [
        Waiting(word, id_of(request), id_of(group), organization)
        for word, request, group, organization in rows(_WAITING, [account.hex, now] * 3)
    ]
    order = ("answer", "manager", "talk", "open")
    seen = [one for one in found if as_uuid(one.group) in visible]
    return sorted(seen, key=lambda one: order.index(one.word))
