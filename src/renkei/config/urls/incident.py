"""What went wrong, who saw what, and who is stopped."""

from renkei.config.routes import PUBLIC, route
from renkei.web import incident, report, seen, stop
from renkei.web.toast import RECORDED, SAVED, SILENT

ADDRESSES = [
    route("report", report.report, name="report", needs=PUBLIC, toast=SILENT),
    route("report/code", report.code, name="report_code", needs=PUBLIC, toast=SILENT),
    route("report/block", report.block, name="report_block", needs=PUBLIC, toast=SILENT),
    route("report/answer", report.answer_questions, name="report_answer", needs=PUBLIC,
          toast=SILENT),
    route("incidents", incident.incidents, name="incidents", needs="incident.list"),
    route("incidents/<uuid:incident>", incident.incident, name="incident",
          needs="incident.see", toast=RECORDED),
    route("incidents/<uuid:incident>/statement", incident.statement,
          name="incident_statement", needs="incident.handle", toast=SAVED),
    route("incidents/<uuid:incident>/paper", incident.paper, name="incident_paper",
          needs="incident.see"),
    route("views", seen.views, name="views", needs="views.see", toast=SILENT),
    route("staff/<uuid:role>/restrict", stop.restrict, name="staff_restrict",
          needs="staff.restrict"),
    route("stops", stop.stopped, name="stops", needs="stops.see", toast=SILENT),
    route("people/<uuid:account>/suspend", stop.person, name="person_suspend",
          needs="person.suspend"),
    route("organizations/<uuid:organization>/suspend", stop.organization,
          name="organization_suspend", needs="organization.suspend"),
]  # fmt: skip
