"""Vital signs as a browser meets them: entered with a message, drawn, corrected."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest

from renkei.communication.models import Communication
from renkei.communication.observations import Observed
from renkei.communication.services import send_communication
from renkei.kernel import clock
from renkei.region.vitals import Range
from renkei.web.vitals_chart import charts
from tests.web.test_communication import JSON, client, said, text_of


def typed(**fields):
    return {"v_by": "author", **{f"v_{name}": value for name, value in fields.items()}}


def measure(cast, **values):
    return send_communication(
        cast["nurse"], cast.group, text="訪問しました。", key=uuid4(), confirmed=True,
        observed=Observed(clock.now(), values),
    )  # fmt: skip


def test_only_a_patients_own_group_has_the_fields(cast):
    shown = text_of(client(cast, "nurse").get(f"/groups/{cast.group}"))
    assert shown.count('inputmode="decimal"') == 9
    assert 'name="v_spo2"' in shown


def test_an_impossible_value_comes_back_with_all_that_was_typed(cast):
    form = said() | typed(spo2="101", systolic="132", diastolic="74")
    answer = client(cast, "nurse").post(f"/groups/{cast.group}/confirm", form)
    shown = text_of(answer)
    assert answer.status_code == 422
    assert "SpO2 101は、ありえない値です。40から100までで入れてください。" in shown
    field = re.search(r'<input[^>]*name="v_spo2"[^>]*>', shown)
    assert field and 'value="101"' in field[0] and "aria-invalid" in field[0]
    assert 'value="132"' in shown and "体重は48.1kgです。" in shown
    script = client(cast, "nurse").post(f"/groups/{cast.group}/confirm", form, **JSON)
    assert (script.status_code, script.json()["field"]) == (422, "v_spo2")


@pytest.mark.clause("N3.8")
def test_from_the_box_over_the_question_into_the_timeline(cast):
    nurse = client(cast, "nurse")
    form = said() | typed(temperature="34.1", spo2="96", oxygen="air")
    sheet = text_of(nurse.post(f"/groups/{cast.group}/confirm", form))
    assert "本当に <b>体温 34.1℃</b> ですか。" in sheet
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', sheet))
    refused = nurse.post(f"/groups/{cast.group}/messages", hidden)
    assert refused.status_code == 422 and 'value="34.1"' in text_of(refused)
    sent = nurse.post(f"/groups/{cast.group}/messages", hidden | {"sure": "meant"})
    assert sent.status_code == 303
    shown = text_of(client(cast, "manager").get(f"/groups/{cast.group}"))
    value = shown[shown.rindex('<dl class="vitals"') :]
    assert "34.1" in value and "（低い）" in value and "室内気" in value
    assert "バイタル（" not in shown[shown.rindex('class="message-text"') : shown.rindex("<dl")]


def test_a_correction_brings_the_fields_filled_in(cast):
    message = measure(cast, weight=64.2).id
    nurse, address = client(cast, "nurse"), f"/messages/{message}/correct"
    form = text_of(nurse.get(address))
    assert 'value="64.2"' in form and "バイタル（" not in form
    at = re.search(r'name="v_at" value="([^"]+)"', form)
    fields = {"text": "訪問しました。", "version": "1"} | typed(weight="46.2", at=at[1])
    assert nurse.post(address, fields).status_code == 303
    assert Communication.objects.get(pk=message).version == 2
    page = text_of(nurse.get(f"/groups/{cast.group}/vitals"))
    assert "46.2" in page and "64.2" not in page


def test_graph_and_table_hold_the_same_and_no_style_attribute(cast):
    measure(cast, systolic=132.0, diastolic=74.0, weight=46.2)
    page = text_of(client(cast, "physician").get(f"/groups/{cast.group}/vitals?span=3m"))
    assert page.count('role="img"') == 2 and page.count("<desc") == 2
    table = page[page.index("<table") : page.index("</table>")]
    assert "132/74" in table and "46.2" in table
    assert " style=" not in page and "<style" not in page
    assert "print-words" in page  # what comes out of a printer says how to ask (A16)


def test_the_physician_sets_what_is_usual_on_a_page(cast):
    physician, address = client(cast, "physician"), f"/groups/{cast.group}/vitals/ranges"
    wrong = physician.post(address, {"low_spo2": "94", "high_spo2": "88"})
    assert wrong.status_code == 422 and 'value="94"' in text_of(wrong)
    assert physician.post(address, {"low_spo2": "88", "high_spo2": "94"}).status_code == 303
    measure(cast, spo2=92.0)
    page = text_of(client(cast, "manager").get(f"/groups/{cast.group}/vitals"))
    assert "88〜94%" in page and 'class="chart-band"' in page
    assert "がバイタルの目安を決めました" in text_of(physician.get(f"/groups/{cast.group}"))
    physician.post(address, {})
    assert "バイタルの目安が決まりました" in text_of(client(cast, "manager").get("/home"))


# ── The graph (pure) ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.once
def test_days_without_a_value_are_not_joined_and_what_is_outside_has_its_own_sign():
    last, now = date(2026, 11, 27), clock.now().replace(2026, 11, 27, 3)
    days = {13: 46.0, 12: 46.1, 11: 46.3, 2: 48.0, 1: 47.9}
    taken = [
        Observed(now - timedelta(days=back), {"weight": value},
                 outside={"weight": "high"} if value > 47 else {})
        for back, value in days.items()
    ]  # fmt: skip
    [chart] = charts(taken, last - timedelta(days=13), last, {"weight": Range(44, 47)})
    [curve] = chart.curves
    assert [len(line.split()) for line in curve.lines] == [3, 2]
    assert [point.side for point in curve.points] == ["", "", "", "high", "high"]
    xs = [point.x for point in curve.points]
    assert xs == sorted(xs) and xs[0] >= 42 and xs[-1] <= 352
    heavy, light = curve.points[3].y, curve.points[0].y
    assert heavy < chart.bands[0].y < light < chart.bands[0].y + chart.bands[0].height
    assert (chart.least, chart.most, chart.newest) == ("46.0", "48.0", "47.9")


@pytest.mark.once
def test_one_value_and_the_same_value_every_day_have_a_graph_too():
    now = clock.now()
    for count in (1, 5):
        taken = [Observed(now - timedelta(hours=hour), {"spo2": 100.0}) for hour in range(count)]
        [chart] = charts(taken, clock.today() - timedelta(days=91), clock.today(), {})
        assert len(chart.curves[0].points) == count and len(chart.levels) > 2
