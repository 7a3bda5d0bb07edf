"""All there is to do, in the order in which home shows it."""

from renkei.group.shell import Shell
from renkei.group.to_do import consents, groups, invitations, oneself, operator, organization
from renkei.group.to_do.task import Task
from renkei.kernel import clock
from renkei.policy.standing import Standing


def everything(standing: Standing, around: Shell) -> list[Task]:
    """What the person has to do; the number of queries does not grow with the number of groups."""
    who, me, lines = standing.who, around.me.face, around.groups
    now = clock.to_us(clock.now())
    return [
        *operator.copies(standing),
        *operator.network_group(standing),
        *operator.listings(standing),
        *organization.incidents(who),
        *organization.unmanaged_groups(who),
        *organization.erasures(who),
        *organization.devices(who),
        *oneself.work(standing),
        *organization.leavings(who),
        *operator.administrators(standing),
        *groups.tasks(me.account, lines),
        *invitations.to_answer(standing, now),
        *invitations.to_approve(standing, now),
        *groups.reuse(standing, lines),
        *oneself.colleagues(who),
        *organization.resets(standing),
        *organization.training(who),
        *groups.reviews(standing, lines),
        *consents.consents(standing, lines),
        *groups.family_off(standing),
        *groups.life(standing, lines),
        *oneself.account(standing, me),
    ]
