"""The whole policy as one matrix, and its two shapes: one thing at a time, and as a list."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from renkei.group.services import close_group
from renkei.kernel import clock
from renkei.kernel.errors import SignedOut, Unknown
from renkei.patient.models import Consent
from renkei.patient.services import withdraw_consent
from renkei.people.models import Account, Organization, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import RULES, check_loaded, may, needs_joining
from renkei.policy.standing import Actor, On, Standing, Who
from tests.cast import (
    NAMES,
    NOBODY,
    PEOPLE,
    Cast,
    attachment_of,
    device_of,
    draft_of,
    erasure_of,
    hand_over_of,
    incident_of,
    loading,
    make_account,
    make_region,
    make_role,
    paper_of,
    person,
    reuse_of,
    set_parameters,
    take_out_of,
    task_of,
    visible,
)

# Who may do what to an incident the manager reported, to the nurse as a colleague and a person,
# to the patient's group, its patient, its managing organization, the nurse's
# message and membership, and an invitation: that of "invited" by the manager - for the last two
# administrators, their own; neither nurse nor invited is a physician. A letter is a state of
# things in which the answer is yes; a hand-over is proposed to the nurse's organization:
#   c  the patient's consent is recorded      n  it is not
#   w  it was withdrawn                       e  the group has ended (with consent)
# fmt: off
ROWS: dict[str, dict[str, str]] = {
    #                            man- nur- phy- for- stra invi adm. adm. self sole fam- ope- no-
    #                            ager se   sic. mer  nger ted  same oth. inv.      ily  rat. body
    "region": {
    "policy.confirm":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "password.change":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "factor.change":            "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "card.make":                "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "session.stay":            "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "session.see":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "session.end":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "session.answer":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "sign_in.disown":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "home.see":                 "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "patients.list":            "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "communication.search":     "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "profile.change":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "notification.see":        "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "notification.choose":     "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "notification.subscribe":  "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "notification.unsubscribe":"cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "notification.test":       "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "address.ask":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "address.confirm":         "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "role.choose":              "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "people.see":               "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "notice.confirm":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "group.found":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "group.find":              "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "connection.see":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "connection.answer":       "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "listing.see":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "news.publish":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "news.withdraw":            "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "notice.publish":           "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "notice.write":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "notice.withdraw":          "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "notice.list":              "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "notice.readers":           "-    -    -    -    -    -    cnwe cnwe cnwe cnwe -    cnwe -",
    "console.see":              "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "missing.see":              "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "policy.draft":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "policy.discard":           "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "policy.take_back":         "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "policy.enter":             "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "provision.keep":           "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "provision.end":            "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "law.keep":                 "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "law.remove":               "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "issuer.see":               "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "issuer.keep":              "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "issuer.remove":            "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "organizations.list":       "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "application.write":        "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "application.see":          "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "application.handle":       "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "application.print":        "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "application.approve":      "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "network.open":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "administrators.see":       "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "papers.list":              "-    -    cnwe -    -    -    cnwe cnwe cnwe cnwe -    cnwe -",
    "forms.see":                "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "form.set":                 "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "rights.count":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "registration.answer":      "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "administrators.note":      "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "access.notice":            "-    -    -    -    -    -    cnwe cnwe cnwe cnwe -    -    -",
    "access.open":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "access.use":               "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "incident.report":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "incident.receive":         "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "incident.list":            "-    -    -    -    -    -    cnwe cnwe cnwe cnwe -    cnwe -",
    "stops.see":                "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "reviews.count":            "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "region.load":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "backup.see":               "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disaster.declare":         "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disasters.see":            "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "emergency.enter":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "safety.see":               "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "safety.report_oneself":    "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "backup.record":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "backup.restore":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "installation.move":        "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "keys.change":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "device.own":               "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "device.ask":               "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "device.enroll":            "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "device.list_first":        "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "take_out.list_sole":       "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "take_out.own":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "take_out.ask":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "device.certify":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "device.guard":             "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "training.take":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "training.see_all":        "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "training.define":         "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "points.note":             "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "attachment.tidy":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.tidy":               "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "session.tidy":             "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "communication.remind":      "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "erasure.list":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "erasure.begin":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "erasure.destroy":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "erasure.remove":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "erasure.copies":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "erasure.certify":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "erasure.replay":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "likeness.fill":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "same_person.list":         "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "same_person.arrange":      "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "push_key.make":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "subscription.end":        "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "notification.tidy":       "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "mail.return":             "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "reminder.send":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "passkey.guard":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "clock.record":             "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.own":                "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "own_backup.take":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -",
    },
    "disaster": {
    "disaster.see":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disaster.confirm":         "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disaster.change":          "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disaster.end":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disaster.publish":         "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "disaster.remove":          "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    },
    "draft": {
    "policy.enact":             "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    },
    "organization": {
    "erasure.own":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "emergency.settle":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "safety.report_place":      "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "safety.see_staff":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "organization.see":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "training.see_staff":       "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "training.record":          "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "organization.show":        "-    -    -    -    -    -    cnwe -    cnwe -    -    cnwe -",
    "organization.change":      "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rules.see":                "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rules.confirm":            "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rules.set":                "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "templates.see":             "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "templates.change":          "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "staff.see":                "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "staff.add":                "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "staff.import":             "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.list":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.add":               "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "take_out.list":            "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.take_stock":        "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "views.see":                "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "reviews.see":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "staff.review":             "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rights.list":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "hand_over.list":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "organization.see_leaving": "-    -    -    -    -    -    cnwe -    cnwe -    -    cnwe -",
    "organization.leave":       "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "organization.suspend":     "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "reuse.register":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "patient.register":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    },
    "patient": {
    "erasure.ask":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "patient.see":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "patient.change":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "consent.record":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "consent.withdraw":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "group.open":               "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "consent.change":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "paper.print":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rights.see":               "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rights.receive":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "rights.answer":            "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "patient.record_death":     "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "same_person.answer":       "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "hand_over.propose":        "-    -    -    -    -    -    c..e -    c..e -    -    -    -",
    },
    "group": {
    "erasure.ask_group":        "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "group.see":                "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "notification.level":       "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "group.manage":             "cnwe -    c..e -    -    -    cnwe -    cnwe -    -    -    -",
    "group.change_basics":      "cnw. -    c... -    -    -    -    -    -    -    -    -    -",
    "group.leave":              "cnwe cnwe cnwe -    -    -    -    -    -    -    -    -    -",
    "group.review":             "cnw. -    c... -    -    -    cnw. -    cnw. -    -    -    -",
    "group.close":              "cnw. -    -    -    -    -    cnw. -    cnw. -    -    -    -",
    "reuse.ask":                "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "group.archive":            "cnwe -    c..e -    -    -    cnwe -    cnwe -    -    -    -",
    "group.bring_back":         "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.put_off":            "cnwe -    c..e -    -    -    -    -    -    -    -    -    -",
    "charter.see":              "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "charter.read":             "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "charter.write":            "cnw. -    c... -    -    -    -    -    -    -    -    -    -",
    "family.see":               "cnwe -    c..e -    -    -    cnwe -    cnwe -    -    -    -",
    "family.open":              "c... -    c... -    -    -    c... -    c... -    -    -    -",
    "family.add":               "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "family.invite":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "safety.report":            "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "communication.send":       "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "group.read_about":        "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.join":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.ask":               "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.admit":             "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.describe":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.ask_listing":       "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.take_over":         "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "listing.answer":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "communication.draft":      "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "attachment.add":           "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "observation.see":          "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "observation.set_ranges":   "-    -    c... -    -    -    -    -    -    -    -    -    -",
    },
    "invitee": {
    "group.invite":             "c... -    c... -    -    -    c... -    -    -    -    -    -",
    "group.invite_manager":     "-    -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "member": {
    "member.dismiss":           "cnw. -    -    -    -    -    cnw. -    cnw. -    -    -    -",
    "member.release":           "cnwe -    c..e -    -    -    cnwe cnwe cnwe -    -    -    -",
    "family.link":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "member.appoint":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "staff": {
    "connection.ask":          "cnwe -    cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "access.give":              "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.restrict":           "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.see_one":            "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.see_groups":         "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.change":             "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.rename":             "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.appoint":            "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.dismiss":            "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "staff.leave":              "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "pledge.sign":              "-    cnwe -    -    -    -    -    -    -    -    -    -    -",
    "pledge.print":             "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    "pledge.record":            "-    -    -    -    -    -    -    cnwe -    -    -    -    -",
    },
    "person": {
    "connection.block":        "cnwe -    cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    -    -",
    "person.suspend":           "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    },
    "incident": {
    "incident.see":             "-    -    -    -    -    -    cnwe -    cnwe -    -    cnwe -",
    "incident.handle":          "-    -    -    -    -    -    cnwe -    cnwe -    -    cnwe -",
    },
    "device": {
    "device.confirm":           "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.link":              "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.see":               "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.change":            "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.approve":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "device.accept":            "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    },
    "erasure": {
    "erasure.see":              "-    -    -    -    -    -    cnwe -    cnwe -    -    cnwe -",
    "erasure.print":            "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "erasure.confirm":          "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "erasure.return":           "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "erasure.withdraw":         "-    -    -    -    -    -    cnwe -    cnwe -    -    cnwe -",
    },
    "paper": {
    "paper.see":                "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "paper.file":               "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    },
    "hand_over": {
    "hand_over.see":            "-    -    cnwe -    -    -    cnwe cnwe cnwe -    -    -    -",
    "hand_over.accept":         "-    -    c..e -    -    -    -    c..e -    -    -    -    -",
    "hand_over.decline":        "-    -    cnwe -    -    -    -    cnwe -    -    -    -    -",
    "hand_over.withdraw":       "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    },
    "take_out": {
    "take_out.see":             "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "take_out.decide":          "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "take_out.withdraw":        "cnwe -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "reuse": {
    "reuse.see":                "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "reuse.permit":             "-    c..e -    -    -    -    -    -    -    -    -    -    -",
    "reuse.decline":            "-    cnwe -    -    -    -    -    -    -    -    -    -    -",
    "reuse.permit_outside":     "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.decline_outside":    "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.anonymise":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.cut":                "cnwe -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.open":               "cnwe -    -    -    -    -    -    -    -    -    -    -    -",
    "reuse.withdraw":           "cnwe -    -    -    -    -    -    -    -    -    -    -    -",
    "fax.print":                "cnwe -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "invitation": {
    "invitation.see":           "cnwe -    c..e -    -    cnwe cnwe cnwe cnwe cnwe -    -    -",
    "invitation.approve":       "-    -    -    -    -    -    -    cnw. -    cnw. -    -    -",
    "invitation.refuse":        "-    -    -    -    -    -    -    cnw. -    cnw. -    -    -",
    "invitation.accept":        "-    -    -    -    -    cnw. -    -    cnw. cnw. -    -    -",
    "invitation.decline":       "-    -    -    -    -    cnw. -    -    cnw. cnw. -    -    -",
    "invitation.take_back":     "cnw. -    c... -    -    -    cnw. -    cnw. -    -    -    -",
    },
    "communication": {
    "communication.hide":      "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "communication.understand": "cnwe -    c..e -    -    -    -    -    -    -    -    -    -",
    "communication.bookmark":   "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "communication.pin":        "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "communication.correct":    "-    c... -    -    -    -    -    -    -    -    -    -    -",
    "communication.withdraw":   "-    c..e -    -    -    -    -    -    -    -    -    -    -",
    "communication.ask_again":  "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "task.make":                "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    },
    "task": {
    "task.finish":              "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "task.change":              "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "task.withdraw":            "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    },
    "attachment": {
    "attachment.see":           "-    c..e -    -    -    -    -    -    -    -    -    -    -",
    "attachment.change":        "-    c... -    -    -    -    -    -    -    -    -    -    -",
    },
}
# fmt: on
MATRIX = {
    permission: (kind, cells) for kind, rows in ROWS.items() for permission, cells in rows.items()
}


def _nothing(cast: Cast) -> None:
    """The consent is recorded, as the cast finds it."""


def _never_consented(cast: Cast) -> None:
    Consent.objects.all().delete()


def _withdrawn(cast: Cast) -> None:
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="望まれず", withdrawn_on=date(2026, 6, 1)
    )


def _ended(cast: Cast) -> None:
    close_group(cast["manager"], cast.group, reason="入院されました")


STATES: dict[str, Callable[[Cast], None]] = {
    "c": _nothing,
    "n": _never_consented,
    "w": _withdrawn,
    "e": _ended,
}


def things(cast: Cast, name: str) -> dict[str, On]:
    """What the person is asked about, one thing of each kind."""
    asked = name if name in cast.invitations else "invited"
    return {
        "region": None,
        "organization": cast.organizations["station"],
        "patient": cast.patient,
        "group": cast.group,
        "communication": cast.message,
        "attachment": attachment_of(cast),
        "task": task_of(cast),
        "invitee": cast.invitee(asked),
        "invitation": cast.invitations[asked],
        "member": cast.members["nurse"],
        "staff": cast.role("nurse"),
        "person": cast.account("nurse"),
        "incident": incident_of(cast),
        "device": device_of(cast),
        "take_out": take_out_of(cast),
        "disaster": cast.disaster,
        "draft": draft_of(cast),
        "paper": paper_of(cast).id,
        "reuse": reuse_of(cast),
        "erasure": erasure_of(cast),
        "hand_over": hand_over_of(cast),
    }


def standing_of(actor: Actor, kind: str, thing: On) -> Standing | None:
    """None for who is not signed in: there is nothing to judge."""
    try:
        return load(actor, kind, thing)
    except SignedOut:
        return None


def answers(cast: Cast, state: str) -> dict[str, str]:
    """The matrix as the policy answers it in one state: a row of letters and dots."""
    STATES[state](cast)
    kinds = {kind for kind, _ in MATRIX.values()}
    standings = {
        (name, kind): standing_of(cast[name], kind, asked[kind])
        for name in NAMES
        for asked in [things(cast, name)]
        for kind in kinds
    }

    def yes(name: str, kind: str, permission: str) -> bool:
        standing = standings[name, kind]
        return standing is not None and may(standing, permission)

    return {
        permission: " ".join(state if yes(name, kind, permission) else "." for name in NAMES)
        for permission, (kind, _) in MATRIX.items()
    }


def expected(state: str) -> dict[str, str]:
    return {
        permission: " ".join(state if state in cell else "." for cell in cells.split())
        for permission, (_, cells) in MATRIX.items()
    }


def test_every_rule_has_a_row_and_every_person_a_column() -> None:
    assert set(MATRIX) == set(RULES)
    assert sum(len(rows) for rows in ROWS.values()) == len(MATRIX)
    assert {len(cells.split()) for _, cells in MATRIX.values()} == {len(NAMES)}


@pytest.mark.parametrize("state", STATES)
def test_who_may_do_what(cast: Cast, state: str) -> None:
    assert answers(cast, state) == expected(state)


@pytest.mark.parametrize("hurdle", ["not acknowledged", "password too old", "suspended"])
def test_nobody_gets_past_the_gates_to_anything_but_opening_them(cast: Cast, hurdle: str) -> None:
    Account.objects.update(
        **{
            "not acknowledged": {"acknowledged": None},
            "password too old": {"password_changed_at": clock.now() - timedelta(days=61)},
            "suspended": {"suspended_at": clock.now()},
        }[hurdle]
    )
    also = {"not acknowledged": {"card.make", "communication.draft", "emergency.enter"},
            "password too old": {"communication.draft"}}  # fmt: skip
    allowed = set() if hurdle == "suspended" else OPENING | OWN_ID | also[hurdle]
    assert allowed_to_anybody(cast) == allowed


@pytest.mark.clause("A14.3")
def test_nor_past_the_second_factor_where_the_policy_asks_for_it(cast: Cast) -> None:
    set_parameters(cast, second_factor="everybody")
    Session.objects.update(second_factor="")
    assert allowed_to_anybody(cast) == OPENING | {"emergency.enter"}
    Session.objects.update(second_factor="passkey")
    assert "group.see" in allowed_to_anybody(cast)


@pytest.mark.clause("A14.3")
def test_by_default_administrators_and_the_operator_show_a_second_factor(cast: Cast) -> None:
    Session.objects.update(second_factor="")
    found = answers(cast, "c")["home.see"].split()
    stopped = {name for name, cell in zip(NAMES, found, strict=True) if cell == "."}
    responsible = {name for name, (_, _, administrator) in PEOPLE.items() if administrator}
    assert stopped == responsible | {"operator", "family", NOBODY}


OPENING = {"incident.report", "policy.confirm", "password.change", "factor.change", "session.stay"}
OWN_ID = {"session.see", "session.end", "session.answer", "sign_in.disown"}


ASK_JOINING = {permission for permission in RULES if needs_joining(permission)}
PATIENTS = {
    permission
    for permission, (kind, _) in MATRIX.items()
    if kind in ("patient", "group", "communication", "attachment", "task", "invitee")
}
PATIENTS -= {"group.leave", "listing.answer"}
MISSING: dict[str, Callable[[Cast], object]] = {
    "approval": lambda cast: Organization.objects.update(approved_on=None),
    "form 2": lambda cast: Organization.objects.update(pledged_on=None),
    "own pledge": lambda cast: PractitionerRole.objects.update(pledged_on=None),
    "training of the organization": lambda cast: Organization.objects.update(trained_on=None),
    "training of each person": lambda cast: (
        set_parameters(cast, training_before_use="person"),
        PractitionerRole.objects.update(trained_on=None),
    ),
}


@pytest.mark.clause("A3", "A9", "F1")
@pytest.mark.parametrize("missing", MISSING)
def test_nobody_reaches_a_patient_before_joining_is_complete(cast: Cast, missing: str) -> None:
    assert PATIENTS <= ASK_JOINING
    before = allowed_to_anybody(cast)
    MISSING[missing](cast)
    gone = before - allowed_to_anybody(cast)
    of_others_too = {"member.release", "invitation.see", "erasure.see", "erasure.withdraw"}
    assert gone == (ASK_JOINING & before) - of_others_too
    agree({cast.account(name): cast[name] for name in NAMES if name != NOBODY}, [cast.group])
    assert all(not visible(cast[name]) for name in ("manager", "nurse", "physician"))


@pytest.mark.clause("A9")
def test_where_the_policy_asks_each_person_the_organizations_training_is_not_enough(
    cast: Cast,
) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(trained_on=None)
    assert may(load(cast["nurse"], "group", cast.group), "group.see")
    set_parameters(cast, training_before_use="person")
    assert not may(load(cast["nurse"], "group", cast.group), "group.see")
    assert may(load(cast["manager"], "group", cast.group), "group.see")


@pytest.mark.clause("A9")
def test_a_pledge_given_to_one_organization_opens_nothing_for_another(cast: Cast) -> None:
    """Acting for a second one, in which all is in order, does not help in the first one's group."""
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(pledged_on=None)
    with loading():
        second = make_role(Account.objects.get(pk=cast.account("nurse")),
                           cast.organizations["pharmacy"])  # fmt: skip
    Session.objects.filter(pk=cast["nurse"].session).update(role=second)
    assert load(cast["nurse"], "region").who.joined.missing == ()
    assert not may(load(cast["nurse"], "group", cast.group), "group.see")
    assert visible(cast["nurse"]) == []


@pytest.mark.clause("A3")
def test_who_works_for_an_organization_that_left_has_no_rights(cast: Cast) -> None:
    Organization.objects.filter(pk=cast.organizations["station"]).update(left_on=date(2026, 6, 1))
    found = answers(cast, "c")
    for name in ("manager", "administrator_same", "self_inviting"):
        column = NAMES.index(name)
        yes = {permission for permission, row in found.items() if row.split()[column] == "c"}
        assert {MATRIX[permission][0] for permission in yes} <= {"region", "invitation"}, name
    assert visible(cast["manager"]) == []


def allowed_to_anybody(cast: Cast) -> set[str]:
    """What at least one of the cast may do."""
    return {permission for permission, row in answers(cast, "c").items() if "c" in row}


def test_who_acts_for_a_suspended_organization_or_after_leaving_it_has_no_rights(
    cast: Cast,
) -> None:
    Organization.objects.filter(pk=cast.organizations["station"]).update(suspended_at=clock.now())
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    found = answers(cast, "c")
    for name in ("manager", "nurse", "administrator_same"):
        column = NAMES.index(name)
        yes = {permission for permission, row in found.items() if row.split()[column] == "c"}
        yes -= {"reuse.decline"}  # what one permitted, one can always take back (A16.b)
        assert {MATRIX[permission][0] for permission in yes} == {"region"}, name


def test_a_person_of_another_region_meets_nothing_of_this_one(cast: Cast) -> None:
    with loading():
        region, policy = make_region("隣の地域")
        account = make_account(region, "neighbour@example.org")
    account.acknowledged_id, account.password_changed_at = policy, clock.now()
    account.save()
    neighbour = person("neighbour", account).actor
    assert load(neighbour, "region").who.region == region
    for kind, thing in things(cast, "nurse").items():
        if kind != "region":
            with pytest.raises(Unknown):
                load(neighbour, kind, thing)


def test_a_rule_over_what_its_kind_does_not_load_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match=r"communication.send on organization needs group, patient"):
        check_loaded("communication.send", "organization")
    with pytest.raises(KeyError):
        check_loaded("communication.shout", "group")
    for permission, (kind, _) in MATRIX.items():
        check_loaded(permission, kind)


def test_whether_one_may_needs_no_database() -> None:
    nobody = Standing(Who(account=None, region=None))
    assert not any(may(nobody, permission) for permission in RULES)


# ── The list and the rule ────────────────────────────────────────────────────────────────────────


def agree(actors: dict[UUID, Actor], groups: list[UUID]) -> None:
    """For everybody, the list holds exactly the groups that the rule lets them see."""
    for account, actor in actors.items():
        ready = may(load(actor, "region"), "home.see")
        listed = sorted(visible(actor)) if ready else []
        ruled = [group for group in groups if may(load(actor, "group", group), "group.see")]
        assert listed == sorted(ruled), account


@pytest.mark.parametrize("state", STATES)
def test_list_and_rule_agree_for_the_cast(cast: Cast, state: str) -> None:
    STATES[state](cast)
    actors = {cast.account(name): cast[name] for name in NAMES if name != NOBODY}
    agree(actors, [cast.group])
