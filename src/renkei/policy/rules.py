"""Who may do what: the whole policy on one page.

Read a line as "to do this, all of that must be true". Nothing else in the code decides about
access, and nobody stands above it: there is no superuser here. Rules are facts; facts are in
``facts.py``; what a standing is stands in ``standing.py``.
"""

from renkei.policy.facts import (
    Fact,
    acknowledged,
    acts_for_founding_organization,
    acts_for_managing_organization,
    acts_for_this_organization,
    administers,
    administers_colleague,
    asked_to_be_listed,
    asked_to_erase,
    asked_to_reuse,
    asked_to_take_out,
    attached_it,
    attachment_posted,
    attachment_shown,
    by_card,
    came_from_another_organization,
    carried_off,
    colleague_in_office,
    colleague_is_sole_administrator,
    colleague_of_managing_organization,
    colleague_physician,
    colleague_responsible,
    colleague_works_elsewhere,
    consent_for_family,
    consent_for_sharing,
    device_asked_of_own,
    device_fits_group,
    device_is_ones_own,
    device_waits_for_operator,
    direct_group,
    doctor_in_group,
    factor_in_order,
    family_group,
    family_member,
    free_group,
    group_archived,
    group_open,
    hand_over_open,
    has_task,
    holds_link,
    incident_accuses_them,
    incident_concerns_operator,
    incident_open,
    invitation_open,
    invited_by_another_organization,
    invited_them,
    is_applicant,
    is_host,
    is_loader,
    is_manager,
    is_member,
    is_message,
    is_oneself,
    is_report_page,
    is_reviewed,
    is_this_person,
    made_task,
    managers_gone,
    member_for_managing_organization,
    message_matters,
    network_group,
    not_to_be_erased,
    of_family,
    on_listed_device,
    one_administrator_there,
    open_on_request,
    open_to_join,
    operates,
    organization_approved,
    organization_approved_in_group,
    organization_pledged,
    organization_pledged_in_group,
    other_gone,
    outside_care,
    paper_of_operator,
    paper_of_organization,
    paper_of_patient,
    password_fresh,
    patient_group,
    physician,
    physician_in_group,
    pledged,
    pledged_in_group,
    purpose_agreed,
    restricted,
    restricted_in_group,
    reuse_permitted,
    reuse_waits,
    set_it,
    signed_in,
    sole_administrator,
    sole_operator,
    take_out_waits_for_operator,
    takes_part,
    task_open,
    trained,
    trained_in_group,
    works_for_who_erases,
    works_from_ledger,
    works_here,
    works_on_this_device,
    wrote_draft,
    wrote_it,
    wrote_what_is_reused,
)
from renkei.policy.standing import LOADS, Standing

shown_who = signed_in & password_fresh & factor_in_order
ready = shown_who & acknowledged
known = signed_in & factor_in_order  # may look after the own ID, whatever else has to be done first
# Nobody reaches a patient's data before the operator approved the organization, it gave its pledge,
# the person gave theirs, and the training took place (A3, A9).
joined = organization_approved & organization_pledged & pledged & trained
joined_in_group = (
    organization_approved_in_group
    & organization_pledged_in_group
    & pledged_in_group
    & trained_in_group
)
keeps_patients = (
    ready & joined & on_listed_device & acts_for_managing_organization & (administers | physician)
)
manages_patients = keeps_patients & ~restricted
# Of a free group its founding organization's administrator takes charge when its managers are gone.
administers_group = (
    ready
    & joined
    & on_listed_device
    & administers
    & ~restricted
    & (acts_for_managing_organization | (acts_for_founding_organization & managers_gone))
)
# With the family one takes part by the patient's agreement alone, the managing organization too.
shared_with_family = consent_for_sharing & consent_for_family
in_group = (
    takes_part
    & joined_in_group
    & device_fits_group
    & (
        (patient_group & (consent_for_sharing | member_for_managing_organization))
        | (family_group & shared_with_family)
        | free_group
        | direct_group
        | network_group
    )
)
reads = ready & in_group
writes = reads & group_open & ~restricted_in_group & ~other_gone
# What is being written is kept although something has to be done first; nothing is shown for it.
keeps_draft = (
    signed_in & factor_in_order & in_group & group_open & ~restricted_in_group & ~other_gone
)
in_charge = (
    ready & takes_part & joined_in_group & device_fits_group & is_manager & ~restricted_in_group
)
# Those of the managing organization; of a free group whoever manages it (A12.3).
manages_as_own = in_charge & (member_for_managing_organization | free_group)
# The attending physician of another organization, put in charge by the managing one, until it takes
# that back; sees to who takes part, but neither delegates further nor ends the group (A11.2).
manages_by_delegation = (
    in_charge
    & patient_group
    & ~member_for_managing_organization
    & physician_in_group
    & consent_for_sharing
)
manages_group = manages_as_own | manages_by_delegation
decides_on_group = manages_as_own | administers_group
manages_members = manages_group | administers_group  # administrators manage without reading
may_invite = (
    manages_members
    & group_open
    & colleague_in_office
    & ~is_oneself
    & (
        (patient_group & (consent_for_sharing | colleague_of_managing_organization))
        | (family_group & shared_with_family)
        | free_group
    )
)
# Put in charge is somebody of the managing organization, or a physician to whom it delegates; in a
# free group anybody (A12.3).
may_take_charge = colleague_of_managing_organization | colleague_physician | free_group
# What a free group is for is read by who can come in, before they do (A12.4).
colleague_of_region = ready & joined & on_listed_device & works_here
may_come_in = colleague_of_region & ~restricted & free_group & group_open & ~is_member
# Patient and relatives are asked in by who manages the group, or keeps the patient's record, and
# with the patient's agreement alone (A11.5).
keeps_family = manages_members | manages_patients
beside_patient = (patient_group | family_group) & group_open & shared_with_family
has_charter = patient_group | family_group | free_group  # agreed on its use (A11.8)
nobody_leaves = network_group | direct_group  # there is no leaving them, and no releasing from them
# Whose ID an organization gives out is its own alone: with it comes all that the person reaches.
own_plain_staff = administers_colleague & ~colleague_responsible & ~colleague_works_elsewhere
may_give_access = (
    ready
    & ~by_card
    & colleague_in_office
    & ~is_oneself
    & (
        (own_plain_staff & ~restricted)
        | (operates & (colleague_responsible | colleague_works_elsewhere))
    )
)
# Approved by somebody other than who invited or is invited. An only administrator has nobody else
# to ask: then for the own staff, whose own answer is the second; for oneself, if others invited.
may_approve = (
    ready
    & joined
    & administers_colleague
    & (
        (~invited_them & ~is_oneself)
        | (invited_them & ~is_oneself & one_administrator_there)
        | (~invited_them & colleague_is_sole_administrator & invited_by_another_organization)
    )
)
# An incident is seen to by the organization it stands with, and by the operator if it concerns
# more than that; never by the person whose misuse it reports.
sees_incident = (
    ready
    & ((administers & acts_for_this_organization) | (operates & incident_concerns_operator))
    & ~incident_accuses_them
)
# The ledger of devices is kept by administrators, from a device that stands in it. What somebody
# asks for is approved by somebody else, as long as there is one.
sees_ledger = ready & administers & acts_for_this_organization
keeps_ledger = sees_ledger & works_from_ledger & ~restricted
somebody_elses = ~device_is_ones_own | sole_administrator
# Who works here is kept by the organization's administrators; not by the number of a disaster card.
keeps_staff = ready & ~by_card & ~restricted & acts_for_this_organization & administers
keeps_colleague = ready & ~by_card & ~restricted & administers_colleague

# A paper is filed and read by who keeps the record it belongs to: form 4 by who keeps the
# patient's, a pledge of staff by its organization alone, what goes to the operator by both ends.
keeps_records = (
    ready & joined & on_listed_device & acts_for_this_organization & (administers | physician)
)
sees_paper = (
    (paper_of_operator & ready & (operates | (administers & acts_for_this_organization)))
    | (paper_of_organization & ready & administers & acts_for_this_organization)
    | (paper_of_patient & keeps_records)
)
# A group or a record is erased on the word of two: who administers the managing organization, and
# somebody else at the operator. The host carries it out; nobody else can (A11.7).
may_ask_to_erase = ready & joined & on_listed_device & administers & ~restricted
asks_for_erasures = ready & joined & on_listed_device & administers & acts_for_this_organization
sees_erasure = (ready & operates) | asks_for_erasures

# What is written here leaves by permission alone (A16): its author's, outside care the group's
# manager's as well, never against what the patient said, never another organization's document.
may_be_reused = purpose_agreed & ~came_from_another_organization
opens_copy = reads & asked_to_reuse & reuse_permitted & may_be_reused

# fmt: off
RULES: dict[str, Fact] = {
    # the region and oneself
    "policy.confirm":            signed_in,
    "password.change":           signed_in,
    "factor.change":             signed_in,
    "card.make":                 shown_who & ~by_card & ~of_family,
    "session.stay":              signed_in,
    "session.see":               known,
    "session.end":               known,
    "session.answer":            known,
    "sign_in.disown":            known,
    "home.see":                  ready,
    "patients.list":             ready & ~of_family,
    "profile.change":            ready,
    "notification.see":          ready,
    "notification.choose":       ready,
    "notification.subscribe":    ready & ~by_card,
    "notification.unsubscribe":  ready,
    "notification.test":         ready,
    "address.ask":               ready,
    "address.confirm":           ready,
    "role.choose":               ready & ~of_family,
    "people.see":                ready & (works_here | operates),
    "notice.confirm":            ready,
    "news.publish":              ready & operates,
    "news.withdraw":             ready & operates,
    "notice.publish":            ready & operates,
    "notice.write":              ready & operates,
    "notice.withdraw":           ready & operates,
    "notice.list":               ready & operates,
    "notice.readers":            ready & (operates | administers),
    # the policy in editions, and what stands beside it (A2, A17.2, A22)
    "console.see":               ready & operates,
    "missing.see":               ready & operates,
    "policy.draft":              ready & operates,
    "policy.discard":            ready & operates,
    "policy.enact":              ready & operates & (~wrote_draft | sole_operator),
    "policy.take_back":          ready & operates,
    "policy.enter":              is_host,
    "provision.keep":            ready & operates,
    "provision.end":             ready & operates,
    "law.keep":                  ready & operates,
    "law.remove":                ready & operates,
    "issuer.see":                ready & (works_here | operates),
    "issuer.keep":               ready & operates,
    "issuer.remove":             ready & operates,
    "rules.see":                 ready & acts_for_this_organization,
    "rules.confirm":             ready & acts_for_this_organization,
    "rules.set":                 ready & acts_for_this_organization & administers & ~restricted,
    # who wants to take part, and who takes part no more (A3)
    "application.write":         is_applicant,
    "application.see":           ready & operates,
    "application.handle":        ready & operates,
    "application.print":         ready & operates,
    "application.approve":       ready & operates,
    "organization.see_leaving":  ready & (operates | (administers & acts_for_this_organization)),
    "organization.leave":        ready & administers & acts_for_this_organization & ~restricted,
    "network.open":              ready & operates,
    "region.load":               is_loader,
    # the installation, its copies and its keys
    "backup.see":                ready & operates,
    "backup.record":             is_host,
    "backup.restore":            is_host,
    "installation.move":         is_host,
    "keys.change":               is_host,
    "clock.record":              is_host,
    "session.tidy":              is_host,
    "reminder.send":             is_host,
    "push_key.make":             is_host,
    "subscription.end":          is_host,
    "notification.tidy":         is_host,
    "mail.return":               is_host,
    "device.guard":              is_host,
    "passkey.guard":             is_host,
    "device.certify":            is_host,
    # what went wrong, and whom the operator stops
    "incident.report":           signed_in,
    "incident.receive":          is_report_page,
    "incident.list":             ready & (administers | operates),
    "incident.see":              sees_incident,
    "incident.handle":           sees_incident & incident_open & ~restricted,
    "views.see":                 ready & joined & on_listed_device & acts_for_this_organization
                                 & administers,
    "reviews.see":               ready & joined & on_listed_device & acts_for_this_organization
                                 & administers,
    "reviews.count":             ready & operates,
    "staff.restrict":            ready & administers_colleague & ~is_oneself & ~restricted
                                 & ~colleague_is_sole_administrator,
    "stops.see":                 ready & operates,
    "person.suspend":            ready & operates & ~is_this_person,
    "organization.suspend":      ready & operates,
    # disaster use, and what became of everybody (A20)
    "disaster.declare":          ready & operates,
    "disasters.see":             ready & operates,
    "disaster.see":              ready & operates,
    "disaster.confirm":          ready & operates & ~set_it,
    "disaster.change":           ready & operates,
    "disaster.end":              ready & operates,
    "disaster.publish":          ready & operates,
    "disaster.remove":           ready & operates,
    "emergency.enter":           signed_in & password_fresh & ~of_family,
    "emergency.settle":          ready & acts_for_this_organization & administers & ~restricted,
    "safety.see":                ready & ~of_family,
    "safety.report":             writes & patient_group,
    "safety.report_oneself":     ready & works_here,
    "safety.report_place":       ready & acts_for_this_organization & ~restricted,
    "safety.see_staff":          ready & acts_for_this_organization & administers,
    # training (A9, F1) and the points to note (A10)
    "training.take":             ready & (works_here | operates),
    "training.see_staff":        ready & acts_for_this_organization & administers,
    "training.see_all":          ready & operates,
    "training.define":           ready & operates,
    "training.record":           ready & operates,
    "points.note":               ready & ~of_family,
    # IDs: who gives them out, and what only the person does (A14.1)
    "administrators.see":        ready & operates,
    "access.give":               may_give_access,
    "access.notice":             ready & administers,
    "access.open":               is_host,
    "access.use":                holds_link,
    # devices and what is taken out
    "device.own":                ready & ~of_family,
    "device.ask":                ready & works_here & ~restricted,
    "device.enroll":             ready & works_here,
    "device.confirm":            ready & works_here & works_on_this_device,
    "device.link":               ready & works_here & works_on_this_device & works_from_ledger,
    "device.list":               sees_ledger,
    "device.list_first":         ready & operates,
    "device.add":                keeps_ledger,
    "device.take_stock":         keeps_ledger,
    "device.see":                sees_ledger,
    "device.change":             keeps_ledger,
    "device.approve":            (keeps_ledger & somebody_elses)
                                 | (ready & operates & device_waits_for_operator
                                    & ~device_is_ones_own),
    "device.accept":             ready & administers & works_from_ledger & ~restricted
                                 & device_asked_of_own & somebody_elses,
    "take_out.own":              ready & ~of_family,
    "take_out.ask":              ready & works_here & joined & on_listed_device & ~restricted,
    "take_out.list":             sees_ledger,
    "take_out.see":              (ready & acts_for_this_organization
                                  & (asked_to_take_out | administers))
                                 | (ready & operates & take_out_waits_for_operator),
    "take_out.decide":           (keeps_ledger
                                 | (ready & operates & take_out_waits_for_operator))
                                 & ~asked_to_take_out,
    "take_out.list_sole":        ready & operates,
    "take_out.withdraw":         ready & acts_for_this_organization & asked_to_take_out,
    # an organization and its patients
    "organizations.list":        ready & operates,
    "organization.show":         ready & (operates | (acts_for_this_organization & administers)),
    "organization.change":       ready & acts_for_this_organization & administers & ~restricted,
    "organization.see":          ready & joined & acts_for_this_organization & administers,
    "staff.see":                 ready & acts_for_this_organization & administers,
    # who works there: coming, changing, leaving (A7, A8.5, A9)
    "staff.add":                 keeps_staff,
    "staff.import":              keeps_staff,
    "staff.see_one":             ready & administers_colleague,
    "staff.review":              keeps_staff,
    "staff.see_groups":          ready & joined & on_listed_device & administers_colleague,
    "staff.change":              keeps_colleague & colleague_in_office,
    "staff.rename":              keeps_colleague & colleague_in_office & ~is_oneself
                                 & ~colleague_works_elsewhere,
    "staff.appoint":             keeps_colleague & colleague_in_office,
    "staff.dismiss":             keeps_colleague,
    "staff.leave":               keeps_colleague & ~is_oneself,
    "registration.answer":       ready & ~of_family,
    "administrators.note":       ready & operates,
    "pledge.sign":               ready & is_oneself & colleague_in_office,
    "pledge.print":              keeps_colleague & colleague_in_office,
    "pledge.record":             keeps_colleague & colleague_in_office & ~is_oneself,
    "patient.register":          ready & joined & acts_for_this_organization & works_here
                                 & (administers | physician),
    "patient.see":               manages_patients,
    "patient.change":            manages_patients & not_to_be_erased,
    "consent.record":            manages_patients,
    "patient.record_death":      manages_patients,
    "consent.withdraw":          manages_patients,
    "consent.change":            manages_patients,
    # a patient passes to another organization, or was registered by two (A4)
    "hand_over.propose":         manages_patients & consent_for_sharing & not_to_be_erased,
    "hand_over.list":            keeps_records,
    "hand_over.see":             keeps_patients | (keeps_records & hand_over_open),
    "hand_over.accept":          keeps_records & ~restricted & hand_over_open
                                 & consent_for_sharing & not_to_be_erased,
    "hand_over.decline":         keeps_records & ~restricted & hand_over_open,
    "hand_over.withdraw":        manages_patients & hand_over_open,
    "same_person.list":          ready & operates,
    "same_person.arrange":       ready & operates,
    "same_person.answer":        manages_patients & administers,
    "likeness.fill":             is_host,
    # forms as paper, their words, and what patients may ask for
    "papers.list":               ready & (administers | physician | operates),
    "paper.print":               manages_patients,
    "paper.see":                 sees_paper,
    "paper.file":                sees_paper & ~restricted,
    "forms.see":                 ready & operates,
    "form.set":                  ready & operates,
    "rights.list":               keeps_records,
    "rights.see":                keeps_patients,
    "rights.receive":            manages_patients,
    "rights.answer":             manages_patients,
    "rights.count":              ready & operates,
    # what is erased for good (A11.7)
    "erasure.ask":               may_ask_to_erase & acts_for_managing_organization,
    "erasure.ask_group":         may_ask_to_erase
                                 & (acts_for_managing_organization
                                    | acts_for_founding_organization),
    "erasure.list":              ready & operates,
    "erasure.own":               ready & administers & acts_for_this_organization,
    "erasure.see":               sees_erasure,
    "erasure.print":             asks_for_erasures & ~restricted,
    "erasure.confirm":           ready & ~by_card & operates & ~asked_to_erase
                                 & ~works_for_who_erases,
    "erasure.return":            ready & operates,
    "erasure.withdraw":          sees_erasure & ~restricted,
    "erasure.begin":             is_host,
    "erasure.destroy":           is_host,
    "erasure.remove":            is_host,
    "erasure.copies":            is_host,
    "erasure.certify":           is_host,
    "erasure.replay":            is_host,
    # a group and who is in it
    "group.open":                manages_patients & not_to_be_erased,
    "group.see":                 reads,
    "notification.level":        reads,
    "group.manage":              manages_members,
    "group.change_basics":       writes & patient_group
                                 & (member_for_managing_organization | is_manager),
    "group.invite":              may_invite,
    "group.invite_manager":      may_invite & decides_on_group & may_take_charge,
    "group.leave":               ready & takes_part & ~nobody_leaves,
    "group.found":               colleague_of_region & ~restricted,
    "group.find":                colleague_of_region,
    "group.read_about":          colleague_of_region & free_group & group_open
                                 & (open_to_join | open_on_request | is_member),
    "group.join":                may_come_in & open_to_join,
    "group.ask":                 may_come_in & open_on_request,
    "group.admit":               manages_members & free_group & group_open,
    "group.describe":            manages_members & free_group & group_open,
    "group.ask_listing":         manages_members & free_group & group_open,
    "group.take_over":           administers_group & managers_gone & group_open,
    "listing.see":               ready & operates,
    "listing.answer":            ready & operates & free_group & asked_to_be_listed,
    # the group with the family, beside the patient's
    "family.see":                keeps_family & (patient_group | family_group),
    "family.open":               keeps_family & patient_group & beside_patient,
    "family.add":                keeps_family & family_group & beside_patient,
    "family.invite":             keeps_family & family_group & beside_patient,
    "family.link":               keeps_family & family_group & beside_patient,
    # two people who write to each other
    "connection.see":            colleague_of_region,
    "connection.ask":            colleague_of_region & ~restricted & colleague_in_office
                                 & ~is_oneself,
    "connection.answer":         colleague_of_region & ~restricted,
    "connection.block":          colleague_of_region & ~is_this_person,
    "group.review":              manages_members & is_reviewed,
    "group.close":               decides_on_group & group_open,
    "group.archive":             manages_members & ~group_archived,
    "group.bring_back":          manages_members & group_archived,
    "group.put_off":             manages_group & ~group_archived,
    "charter.see":               reads & has_charter,
    "charter.read":              reads & group_open & has_charter,
    "charter.write":             manages_group & group_open,
    "member.release":            (decides_on_group
                                 | (manages_by_delegation & ~colleague_of_managing_organization)
                                 | (ready & administers_colleague)) & ~is_oneself
                                 & ~nobody_leaves,
    "member.appoint":            decides_on_group & group_open & colleague_in_office
                                 & may_take_charge,
    "member.dismiss":            decides_on_group & group_open,
    "invitation.see":            (ready & is_oneself) | (ready & administers_colleague)
                                 | manages_members,
    "invitation.approve":        may_approve & invitation_open & group_open & colleague_in_office,
    "invitation.refuse":         may_approve & invitation_open,
    "invitation.accept":         ready & is_oneself & invitation_open & group_open
                                 & colleague_in_office,
    "invitation.decline":        ready & is_oneself & invitation_open,
    "invitation.take_back":      manages_members & invitation_open,
    # what is said; a search asks "group.see" of every group it looks into
    "communication.search":      ready,
    "communication.send":        writes,
    "communication.draft":       keeps_draft,
    "communication.understand":  reads & is_message & ~wrote_it,
    "communication.bookmark":    reads & is_message,
    "communication.pin":         writes & is_message,
    "communication.correct":     writes & is_message & wrote_it,
    "communication.withdraw":    reads & is_message & wrote_it,
    "communication.hide":        manages_group & free_group & is_message & ~wrote_it,
    # who has not read what matters is told once more, by its author or when the hours are over
    "communication.ask_again":   writes & is_message & wrote_it & message_matters & ~network_group,
    "communication.remind":      is_host,
    # what follows from it, for somebody until a day; the network group is no place for tasks
    "task.make":                 writes & is_message & ~network_group,
    "task.finish":               writes & is_message & task_open,
    "task.change":               writes & is_message & task_open
                                 & (made_task | has_task | manages_group),
    "task.withdraw":             writes & is_message & task_open & (made_task | manages_group),
    # ひな形 of an organization (N3.3)
    "templates.see":             ready & acts_for_this_organization & administers,
    "templates.change":          ready & acts_for_this_organization & administers & ~restricted,
    # vital signs stand in the patient's own group; not with the family, which has a log of its own
    "observation.see":           reads & patient_group,
    "observation.set_ranges":    writes & patient_group & doctor_in_group,
    # what comes along with it (A15.5, A17)
    "attachment.add":            writes,
    "attachment.change":         writes & attached_it & ~attachment_posted,
    "attachment.see":            reads & attachment_shown & (attachment_posted | attached_it),
    "attachment.tidy":           is_host,
    # what leaves a group: asked for, permitted, opened (A16, N4.8)
    "reuse.ask":                 reads & ~restricted_in_group & ~network_group & ~family_member,
    "reuse.own":                 ready,
    "reuse.see":                 reads & (asked_to_reuse | wrote_what_is_reused | is_manager),
    "reuse.permit":              reads & ~restricted_in_group & wrote_what_is_reused & reuse_waits
                                 & may_be_reused,
    "reuse.decline":             ready & wrote_what_is_reused,
    "reuse.permit_outside":      reads & ~restricted_in_group & is_manager & outside_care
                                 & reuse_waits & may_be_reused,
    "reuse.decline_outside":     reads & is_manager & outside_care,
    "reuse.anonymise":           reads & asked_to_reuse & outside_care & reuse_waits
                                 & may_be_reused,
    "reuse.cut":                 opens_copy,
    "reuse.open":                opens_copy,
    "reuse.tidy":                is_host,
    "reuse.withdraw":            ready & asked_to_reuse & (takes_part | works_here),
    "reuse.register":            ready & acts_for_this_organization & administers,
    "fax.print":                 opens_copy & ~restricted_in_group & ~outside_care,
    "own_backup.take":           ready & ~by_card & ((works_here & works_from_ledger) | of_family),
}
# fmt: on


def may(standing: Standing, permission: str) -> bool:
    """Say whether the policy allows it; KeyError if there is no such rule. Needs no database."""
    return RULES[permission].holds(standing)


class Can:
    """What a standing allows, asked by name: ``"group.manage" in can``.

    A page asks for two or three of the permissions, so each is judged when it is asked for.
    """

    __slots__ = ("_kind", "_standing")

    def __init__(self, standing: Standing, kind: str) -> None:
        self._standing = standing
        self._kind = kind

    def __contains__(self, permission: str) -> bool:
        """Whether it is allowed; False for what the kind does not load enough to judge."""
        return RULES[permission].needs <= LOADS[self._kind] and may(self._standing, permission)


def closed_gate(standing: Standing) -> str:
    """What the person has to do before anything else; empty if nothing.

    First sign in anew where the session did not begin ("elsewhere"); then show who one is
    ("password", "factor"), then confirm the policy ("acknowledge").
    """
    if carried_off(standing):
        return "elsewhere"
    if not signed_in(standing):
        return ""
    if not password_fresh(standing):
        return "password"
    if not factor_in_order(standing):
        return "factor"
    return "" if acknowledged(standing) else "acknowledge"


def needs_joining(permission: str) -> bool:
    """Whether the rule asks that joining is complete: approval, pledges, training (A3, A9)."""
    rule = RULES[permission].name.replace("(", " ").replace(")", " ").split()
    return trained.name in rule or trained_in_group.name in rule


def needs_device(permission: str) -> bool:
    """Whether the rule asks for a device of the ledger."""
    asked = (on_listed_device, device_fits_group, works_from_ledger)
    return any(one.name in RULES[permission].name for one in asked)


def check_loaded(permission: str, kind: str) -> None:
    """Refuse, at import, a rule over facts that this kind of thing does not load.

    Raises:
        TypeError: the rule looks at something that will not be there.
    """
    missing = RULES[permission].needs - LOADS[kind]
    if missing:
        raise TypeError(f"{permission} on {kind} needs {', '.join(sorted(missing))}")
