"""Outside care only that leaves which a person made of it, place by place (A16.d)."""

from uuid import UUID

import pytest

from renkei.disclosure.anonymising import CHANGE, LEAVE, TAKE, Decision
from renkei.disclosure.answering import permit_outside, permit_reuse
from renkei.disclosure.copying import open_copy
from renkei.disclosure.extracting import Decided, Editor, keep_extracts, see_editor
from renkei.disclosure.models import ReuseItem, ReuseRequest
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.patient.models import Consent
from tests.cast import NAMES, NOBODY, Cast, post
from tests.disclosure.test_reuse import ask

TEXT = "髙橋節子さん（S17.3.3生、84歳）は11月3日に転倒。nurseさんが同行し、星見病院を受診しました。"


def study(cast: Cast, text: str = TEXT) -> ReuseRequest:
    """A request for a study meeting, permitted by author and manager."""
    request = ask(cast, post(cast, "nurse", text), purpose="outside")
    permit_reuse(cast["nurse"], request.id)
    permit_outside(cast["physician"], request.id)
    return request


def decided(editor: Editor, choice: str = TAKE, **other: Decision) -> dict[UUID, Decided]:
    """Every place decided alike, but for those of some kinds."""
    return {
        part.item: Decided({one.key: other.get(one.kind, Decision(choice)) for one in part.found})
        for part in editor.parts
    }


def keep(cast: Cast, request: ReuseRequest, given: dict[UUID, Decided], **facts: bool) -> None:
    keep_extracts(
        cast["manager"], request.id, decided=given, read_through=facts.get("read_through", True)
    )


@pytest.mark.clause("A16.d")
def test_the_extract_is_all_that_leaves(cast: Cast) -> None:
    request = study(cast)
    editor = see_editor(cast["manager"], request.id)
    kinds = [one.kind for one in editor.parts[0].found]
    assert kinds == ["name", "birth", "age", "date", "name", "organization"]
    keep(cast, request, decided(editor))
    copy = open_copy(cast["manager"], request.id, way="pdf")
    part = copy.parts[0]
    assert part.text.startswith("Aさん（（生年月日）、80代）は")
    for secret in ("髙橋", "節子", "17.3.3", "84", "11月3日", "星見", "S17"):
        assert secret not in part.text
    assert (part.author, part.work, copy.patient, copy.organization) == ("", "看護師", "", "")
    assert "nurse さん" not in part.text


@pytest.mark.clause("A16.d")
def test_the_dates_of_one_extract_move_together_and_so_does_its_own(cast: Cast) -> None:
    request = study(cast, "10月3日に転倒、10月6日に受診。")
    first, second = (one.proposal for one in see_editor(cast["manager"], request.id).parts[0].found)
    shift = request.unseal("wish_sealed")["shift"]
    assert 8 <= abs(shift) <= 60
    assert first != "10月3日" and second != "10月6日"
    keep(cast, request, decided(see_editor(cast["manager"], request.id)))
    at = open_copy(cast["manager"], request.id, way="text").parts[0].at
    item = ReuseItem.objects.select_related("communication").get(request=request)
    assert (at - item.communication.sent_at).days == shift


@pytest.mark.clause("A16.d")
def test_what_nobody_has_decided_blocks(cast: Cast) -> None:
    request = study(cast)
    editor = see_editor(cast["manager"], request.id)
    given = decided(editor)
    item, all_of_them = next(iter(given.items()))
    for key in all_of_them.decisions:
        some = {one: what for one, what in all_of_them.decisions.items() if one != key}
        with pytest.raises(Problem):
            keep(cast, request, {item: Decided(some)})
    with pytest.raises(Problem):
        keep(cast, request, {})
    with pytest.raises(Problem):
        keep(cast, request, given, read_through=False)
    assert ReuseItem.objects.get(request=request).extract_sealed is None
    with pytest.raises(Problem):
        open_copy(cast["manager"], request.id, way="pdf")


@pytest.mark.clause("A16.d")
@pytest.mark.parametrize("kind", ["name", "birth"])
@pytest.mark.parametrize("how", ["left", "written anew"])
def test_name_and_birth_date_never_leave(cast: Cast, kind: str, how: str) -> None:
    request = study(cast)
    editor = see_editor(cast["manager"], request.id)
    back = {"name": "髙橋 節子", "birth": "昭和17年3月3日"}[kind]
    what = Decision(LEAVE) if how == "left" else Decision(CHANGE, back)
    with pytest.raises(Problem):
        keep(cast, request, decided(editor, **{kind: what}))
    assert ReuseItem.objects.get(request=request).extract_sealed is None


@pytest.mark.clause("A16.d")
def test_a_person_takes_out_what_the_program_did_not_find(cast: Cast) -> None:
    request = study(cast, "元市長で、こけし集めが趣味です。")
    editor = see_editor(cast["manager"], request.id)
    part = editor.parts[0]
    given = {
        part.item: Decided({one.key: Decision(TAKE) for one in part.found}, ("元市長", "こけし"))
    }
    keep(cast, request, given)
    text = open_copy(cast["manager"], request.id, way="text").parts[0].text
    assert text == "○○で、○○集めが趣味です。"


@pytest.mark.clause("A16.d")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("manager", NOBODY)])
def test_the_editor_is_its_askers_alone(cast: Cast, name: str) -> None:
    request = study(cast)
    with pytest.raises((Refused, Unknown)):
        see_editor(cast[name], request.id)
    with pytest.raises((Refused, Unknown)):
        keep_extracts(cast[name], request.id, decided={}, read_through=True)


@pytest.mark.clause("A16.d")
def test_there_is_no_editor_within_care_nor_where_the_patient_declined(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    with pytest.raises(Refused):
        see_editor(cast["manager"], request.id)
    request = study(cast)
    Consent.objects.update(declined="8")
    with pytest.raises(Refused):
        see_editor(cast["manager"], request.id)


@pytest.mark.clause("A16.d")
def test_nothing_is_made_of_what_nobody_permitted(cast: Cast) -> None:
    request = ask(cast, purpose="outside")
    assert see_editor(cast["manager"], request.id).parts == []
    with pytest.raises(Problem):
        keep(cast, request, {})
