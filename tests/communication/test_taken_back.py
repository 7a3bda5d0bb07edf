"""Withdrawing: the author is told by name who had read it, and nobody else is told anything."""

import pytest

from renkei.communication.models import Communication, Reading
from renkei.communication.reading import record_reading
from renkei.communication.services import withdraw_communication
from renkei.communication.taken_back import see_taken_back
from renkei.group.services import leave_group
from renkei.kernel.errors import Refused, SignedOut, Unknown
from tests.cast import NAMES, Cast, post

WHY = "別の患者さん・グループのことでした"


@pytest.mark.clause("N3.3", "N3.11")
def test_who_had_read_it_is_named_also_after_leaving_and_nobody_who_came_later(cast: Cast) -> None:
    message = post(cast, "nurse", "佐藤一郎さんの熱が下がりません")
    seq = Communication.objects.get(pk=message).seq
    with pytest.raises(Unknown):
        see_taken_back(cast["nurse"], message)  # it stands
    record_reading(cast["physician"], cast.group, seq, seq)
    leave_group(cast["physician"], cast.group, reason="担当を離れます")
    withdraw_communication(cast["nurse"], message, reason=WHY)
    record_reading(cast["manager"], cast.group, seq, seq)  # shown that it was withdrawn
    back = see_taken_back(cast["nurse"], message)
    assert [one.face.account for one in back.readers] == [cast.account("physician")]
    assert (back.entry.text, back.entry.withdrawal_reason) == ("", WHY)
    assert Reading.objects.filter(member__account=cast.account("physician"), last_seq=seq).exists()


@pytest.mark.clause("N3.3")
def test_nobody_but_its_author_is_told_who_had_read_it(cast: Cast) -> None:
    message = post(cast, "nurse")
    withdraw_communication(cast["nurse"], message, reason=WHY)
    assert see_taken_back(cast["nurse"], message).readers == []
    for name in NAMES:
        if name != "nurse":
            with pytest.raises((Unknown, Refused, SignedOut)):
                see_taken_back(cast[name], message)
