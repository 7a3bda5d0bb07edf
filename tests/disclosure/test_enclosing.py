"""Pictures and documents leave like words: chosen, permitted, covered by hand, on record (A16)."""

import csv
import io
import json
import re
from uuid import UUID

import pypdfium2
import pytest
from PIL import Image

from renkei.audit.models import AuditEvent
from renkei.communication.answering import answer_consent
from renkei.communication.models import Attachment
from renkei.communication.services import withdraw_communication
from renkei.disclosure.answering import decline_reuse, permit_outside, permit_reuse
from renkei.disclosure.asking import ask_to_reuse
from renkei.disclosure.copying import Copy, open_copy
from renkei.disclosure.enclosing import Box, Covered
from renkei.disclosure.extracting import keep_extracts, see_editor
from renkei.disclosure.models import ReuseFile, ReuseRequest
from renkei.disclosure.requests import see_request
from renkei.files import store
from renkei.kernel.errors import Problem, Refused
from renkei.web.reuse_paper import copy_paper, enclosed
from tests.cast import Cast, post
from tests.communication import attached
from tests.disclosure.test_extracting import decided
from tests.disclosure.test_own_backup import files
from tests.disclosure.test_pages import FAX, browser, sent
from tests.disclosure.test_reuse import wanted


def ask(
    cast: Cast, message: UUID, *chosen: UUID, name: str = "manager", **facts: object
) -> ReuseRequest:
    return ask_to_reuse(
        cast[name], cast.group, messages=[message], files=chosen,
        asked=wanted(**facts),  # type: ignore[arg-type]
    )  # fmt: skip


def posted(cast: Cast, *chosen: UUID, text: str = "歩き方です。") -> UUID:
    return attached.post(cast["nurse"], cast.group, *chosen, text=text).id


def photo(cast: Cast) -> UUID:
    return attached.brought(cast["nurse"], cast.group)


def opened(cast: Cast, request: ReuseRequest) -> Copy:
    return open_copy(cast["manager"], request.id, way="pdf")


def drawn(content: bytes) -> int:
    """How many pictures lie in a PDF."""
    found = 0
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            kinds = [one.type for one in page.get_objects(max_depth=8)]
            found += kinds.count(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE)
    return found


def refusals(request: ReuseRequest) -> list[str]:
    found = ReuseFile.objects.filter(item__request=request)
    return list(found.order_by("attachment__number").values_list("refusal", flat=True))


@pytest.mark.clause("A16.b", "A16.a")
def test_what_was_chosen_stands_in_the_copy_with_its_message_and_in_the_register(
    cast: Cast,
) -> None:
    chosen, other, paper = photo(cast), photo(cast), attached.document(cast["nurse"], cast.group)
    request = ask(cast, posted(cast, chosen, other, paper), chosen, paper)
    with pytest.raises(Refused):
        opened(cast, request)
    permit_reuse(cast["nurse"], request.id)
    copy = opened(cast, request)
    assert [len(one.views) for one in copy.parts[0].pictures] == [1, 3]
    assert drawn(copy_paper(copy).content) == 4
    line = AuditEvent.objects.filter(action="reuse.open").latest("seq")
    assert json.loads(line.detail)["files"] == 2
    answer = browser(cast, "administrator_other").get("/reuse/register.csv")
    head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    found = dict(zip(head, row, strict=True))
    assert (found["添付の数"], found["許された添付の数"]) == ("2", "2")
    with_words = open_copy(cast["manager"], request.id, way="text")
    assert "添付2件は、PDFの写しに" in enclosed(with_words)[0]["note"]


@pytest.mark.clause("A16.b")
def test_only_what_goes_with_the_chosen_messages_can_be_asked_for(cast: Cast) -> None:
    mine, waiting = photo(cast), photo(cast)
    message = posted(cast, mine)
    for chosen in ([waiting], [mine, UUID(int=1)]):
        with pytest.raises(Problem):
            ask(cast, message, *chosen)
    with pytest.raises(Problem):
        ask(cast, cast.message, mine)
    assert not ReuseRequest.objects.exists()


@pytest.mark.clause("A16.c", "A16.d", "A17.1")
def test_what_a_rule_keeps_here_is_refused_at_once_with_the_reason(cast: Cast) -> None:
    film = attached.bring(cast["nurse"], cast.group, attached.film(), "歩行.mp4")
    answer_consent(cast["nurse"], film, shows=True, who="patient", how="words")
    seen, paper = photo(cast), attached.document(cast["nurse"], cast.group, 1)
    nobody = attached.brought(cast["nurse"], cast.group, shows=False)
    chosen = (film, seen, paper, nobody)
    message = posted(cast, *chosen)
    assert refusals(ask(cast, message, *chosen)) == ["", "", "", ""]
    study = ask(cast, message, *chosen, purpose="outside")
    assert refusals(study) == ["consent", "consent", "study", ""]
    agreed = {"agreed": "family", "agreed_how": "paper"}
    asked = ask(cast, message, *chosen, purpose="outside", **agreed)
    assert refusals(asked) == ["", "", "study", ""]
    Attachment.objects.filter(pk=film).update(kind="office")
    assert refusals(ask(cast, message, film)) == ["kind"]
    page = browser(cast, "nurse").get(f"/reuse/{study.id}").content.decode()
    assert "この使い方に同意していない" in page
    with pytest.raises(Problem):
        ask(cast, message, seen, purpose="outside", agreed="family")


@pytest.mark.clause("A16.c")
def test_a_document_that_turns_out_to_be_of_others_opens_no_more(cast: Cast) -> None:
    paper = attached.document(cast["nurse"], cast.group, 1)
    request = ask(cast, posted(cast, paper), paper)
    permit_reuse(cast["nurse"], request.id)
    assert opened(cast, request).parts[0].pictures
    Attachment.objects.filter(pk=paper).update(source="issuer")
    assert not opened(cast, request).parts[0].pictures
    elsewhere = ask(cast, ReuseFile.objects.get(attachment=paper).item.communication_id, paper)
    assert (elsewhere.state, refusals(elsewhere)) == ("refused", ["elsewhere"])


@pytest.mark.clause("A16.b")
def test_an_author_may_let_the_words_go_and_the_pictures_stay(cast: Cast) -> None:
    chosen = photo(cast)
    request = ask(cast, posted(cast, chosen), chosen)
    permit_reuse(cast["nurse"], request.id, words_only=True)
    assert refusals(request) == ["words"]
    assert [(one.text, one.pictures) for one in opened(cast, request).parts] == [
        ("歩き方です。", ())
    ]
    permit_reuse(cast["nurse"], request.id)
    assert len(opened(cast, request).parts[0].pictures) == 1
    decline_reuse(cast["nurse"], request.id)
    with pytest.raises(Refused):
        opened(cast, request)


@pytest.mark.clause("A16.b")
def test_a_picture_of_a_withdrawn_message_is_neither_shown_nor_opened(cast: Cast) -> None:
    chosen = photo(cast)
    message = posted(cast, chosen)
    request = ask(cast, message, chosen)
    permit_reuse(cast["nurse"], request.id)
    withdraw_communication(cast["nurse"], message, reason="別の方の写真でした")
    assert not see_request(cast["manager"], request.id).items[0].files
    with pytest.raises(Problem):
        opened(cast, request)


# ── Outside care ─────────────────────────────────────────────────────────────────────────────────


def study(cast: Cast, *, text: str = "歩き方です。") -> ReuseRequest:
    """A request for a study meeting with one picture, permitted by author and manager."""
    chosen = photo(cast)
    request = ask(
        cast, posted(cast, chosen, text=text), chosen,
        purpose="outside", agreed="patient", agreed_how="paper",
    )  # fmt: skip
    permit_reuse(cast["nurse"], request.id)
    permit_outside(cast["physician"], request.id)
    return request


def keep(cast: Cast, request: ReuseRequest, *boxes: tuple[int, int, int, int]) -> None:
    editor = see_editor(cast["manager"], request.id)
    black = Covered(tuple(map(Box.of, boxes)))
    covered = {file.id: black for part in editor.parts for file in part.files}
    keep_extracts(
        cast["manager"], request.id, decided=decided(editor), read_through=True, covered=covered
    )


@pytest.mark.clause("A16.d")
def test_outside_care_a_picture_goes_only_after_somebody_covered_it(cast: Cast) -> None:
    request = study(cast)
    for boxes in ([], [(0, 0, 1001, 5)], [(-1, 0, 9, 9)], [(0, 0, 4, 4)], [(0, 0, 9, 9)] * 41):
        with pytest.raises(Problem):
            keep(cast, request, *boxes)
    with pytest.raises(Problem):
        opened(cast, request)
    keep(cast, request, (0, 0, 340, 340))
    (picture,) = opened(cast, request).parts[0].pictures
    with Image.open(io.BytesIO(picture.pages()[0])) as image:
        width, height = image.size
        assert max(image.crop((0, 0, width // 3, height // 3)).getextrema())[1] < 40  # was red
        assert image.getpixel((width - 9, height - 9))[1] > 90  # type: ignore[index]
        assert not image.getexif()
    kept = Attachment.objects.select_related("screens").get(number=1, communication__isnull=False)
    assert kept.screens is not None
    with Image.open(io.BytesIO(b"".join(store.read(kept.screens)))) as image:
        assert image.getpixel((9, 9))[0] > 200  # type: ignore[index]  # the original stays
    line = AuditEvent.objects.filter(action="reuse.anonymise").latest("seq")
    detail = json.loads(line.detail)
    assert (detail["files"], detail["boxes"]) == (1, 1)


@pytest.mark.clause("A16.d")
def test_a_picture_without_words_goes_too(cast: Cast) -> None:
    request = study(cast, text="")
    keep(cast, request, (0, 0, 500, 500))
    part = opened(cast, request).parts[0]
    assert (part.author, part.text, len(part.pictures)) == ("", "", 1)


@pytest.mark.clause("A16.d", "A16.b")
def test_from_choosing_a_picture_to_the_copy_on_the_pages(cast: Cast) -> None:
    chosen = photo(cast)
    message = posted(cast, chosen)
    manager, nurse = browser(cast, "manager"), browser(cast, "nurse")
    form = manager.get(f"/groups/{cast.group}/reuse?m={message}").content.decode()
    assert f'name="f" value="{chosen}"' in form
    about = sent(cast, purpose="outside", agreed="family", agreed_how="paper")
    answer = manager.post(
        f"/groups/{cast.group}/reuse", about | {"m": [str(message)], "f": [str(chosen)]}
    )
    address = answer.headers["Location"]
    assert 'name="words_only"' in nurse.get(address).content.decode()
    nurse.post(f"{address}/permit", {})
    browser(cast, "physician").post(f"{address}/manager/permit")
    editor = manager.get(f"{address}/anonymise").content.decode()
    boxes = re.search(r'name="(boxes-[0-9a-f]{32})"', editor)
    assert boxes and "手で" in editor
    done = {"do": "keep", "read": "1"}
    for wrong in ("", "1,2,3", "1,2,x,4", "0,0,9999,9999"):
        assert manager.post(f"{address}/anonymise", done | {boxes[1]: wrong}).status_code == 422
    done |= {boxes[1]: "0,0,500,500"}
    answer = manager.post(f"{address}/anonymise", done)  # first it is shown as it leaves
    assert answer.status_code == 422 and not ReuseFile.objects.exclude(boxes_sealed=None)
    found = re.search(r'name="(shown-[0-9a-f]{32})" value="(\w{64})"', answer.content.decode())
    assert found
    assert manager.post(f"{address}/anonymise", done | {found[1]: found[2]}).status_code == 303
    copy = manager.post(f"{address}/copy", {"way": "pdf"})
    assert drawn(copy.content) == 1


@pytest.mark.clause("N4.8", "A16.b")
def test_the_own_backup_holds_what_was_permitted_and_a_fax_does_not(cast: Cast) -> None:
    chosen = photo(cast)
    request = ask(cast, posted(cast, chosen), chosen)
    permit_reuse(cast["nurse"], request.id)
    post(cast, "manager", "会議です。")
    number = f"{request.number[:5]}-{request.number[5:]}"
    found = files(cast, "manager")
    assert drawn(found[f"copies/{number}.pdf"]) == 1
    assert f"copies/{number}.pdf" in found["checksums.txt"].decode()
    fax = browser(cast, "manager").post(f"/reuse/{request.id}/fax", FAX)
    assert fax.status_code == 200 and drawn(fax.content) == 0
