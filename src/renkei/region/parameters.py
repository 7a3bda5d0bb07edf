"""The policy's parameters: what an operator may set, within which bounds, and for which clause."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from renkei.region.models import OwnRules, PolicyVersion

Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure of the policy.

    Args:
        default: the value of the default edition; its type is the parameter's type.
        clause: the clause it belongs to.
        least, most: bounds of a number, both included.
        choices: the words allowed, for a parameter that is a word.
        stricter: where an organization may tighten it for its own staff (A22), the way in which
            it gets stricter: a smaller number ("less"), a larger one ("more"), or a later one
            of ``order``. Empty: the region's alone.
        order: the values from the most lenient to the strictest.
    """

    default: Value
    clause: str
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    stricter: str = ""
    order: tuple[Value, ...] = ()

    @property
    def own(self) -> bool:
        """Whether an organization may tighten it for its own staff."""
        return bool(self.stricter)

    def tighter(self, one: Any, other: Any) -> Any:
        """The stricter of two values."""
        if self.stricter == "order":
            return max(one, other, key=self.order.index)
        return (min if self.stricter == "less" else max)(one, other)

    def fault(self, value: object) -> str | None:
        """Why ``value`` cannot be taken, as a Japanese sentence; None if it can."""
        if type(value) is not type(self.default):
            return f"値の種類が違います（例: {self.default}）。"
        if self.choices and value not in self.choices:
            return f"次のどれかにしてください: {'、'.join(self.choices)}。"
        if isinstance(value, int) and not isinstance(value, bool):
            if not self.least <= value <= self.most:
                return f"{self.least}から{self.most}までの数にしてください。"
        return None


_FACTOR = ("nobody", "administrators", "everybody")
_TRAINING = ("organization", "person")

PARAMETERS: dict[str, Parameter] = {
    "password_min_length": Parameter(8, "A14.3", least=8, most=64, stricter="more"),
    "password_profile": Parameter(
        "standard", "A14.3", choices=("standard", "long", "second_factor")
    ),
    "password_max_age_days": Parameter(60, "A14.3", least=1, most=60, stricter="less"),
    "password_history": Parameter(4, "A14.3", least=0, most=24, stricter="more"),
    "second_factor": Parameter(
        "administrators", "A14.3", choices=_FACTOR, stricter="order", order=_FACTOR
    ),
    "devices_in_ledger": Parameter(True, "A8.2"),
    "invitation_days": Parameter(14, "A8.4", least=1, most=60),
    "idle_minutes_pc": Parameter(15, "A14.5", least=1, most=60, stricter="less"),
    "idle_minutes_phone": Parameter(60, "A14.5", least=1, most=240, stricter="less"),
    "session_hours": Parameter(12, "A14.5", least=1, most=24, stricter="less"),
    "training_before_use": Parameter(
        "organization", "A9", choices=_TRAINING, stricter="order", order=_TRAINING
    ),
    "training_interval_months": Parameter(12, "A9", least=1, most=36),
    "administrator_absence_days": Parameter(30, "A7", least=7, most=180),
    "review_interval_days": Parameter(90, "N1.2", least=30, most=365, stricter="less"),
    "account_review_days": Parameter(90, "N1.2", least=30, most=365, stricter="less"),
    "review_grace_days": Parameter(14, "N1.2", least=1, most=60),
    "quiet_days": Parameter(90, "N2.1", least=30, most=365),
    "ask_again_hours": Parameter(24, "A11.8", least=1, most=168),
    "ask_again_hours_urgent": Parameter(2, "A11.8", least=1, most=24),
    "ask_again_times": Parameter(2, "A11.8", least=0, most=5),
    "device_confirmation_months": Parameter(3, "A14.6", least=1, most=12, stricter="less"),
    "private_device_months": Parameter(6, "A15.10", least=1, most=24, stricter="less"),
    "file_megabytes": Parameter(50, "A17.2", least=1, most=200),
    "erasure_cooling_off_days": Parameter(7, "A11.7", least=7, most=90, stricter="more"),
    "reuse_days": Parameter(30, "A16.b", least=1, most=180),
    "rights_answer_days": Parameter(14, "P4", least=1, most=60),
    "disaster_max_days": Parameter(7, "A20", least=1, most=30),
    "disaster_reconciliation_days": Parameter(14, "A20", least=1, most=60),
    "backup_max_age_hours": Parameter(26, "A2", least=1, most=168),
    "restore_test_max_days": Parameter(35, "A2", least=1, most=366),
    "free_group_approval": Parameter(False, "A8.4"),
    "public_list_opt_out": Parameter(False, "A19.1"),
}


def check(name: str, value: object) -> str | None:
    """Why a parameter cannot be set so, as a Japanese sentence; None if it can."""
    if name not in PARAMETERS:
        return f"「{name}」というパラメータはありません。"
    return PARAMETERS[name].fault(value)


def whole(changed: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter: as given, or its default."""
    return {name: one.default for name, one in PARAMETERS.items()} | dict(changed)


@lru_cache(maxsize=1024)
def of(policy_id: UUID | None, *rules: UUID) -> dict[str, Any]:
    """All parameters as an edition of the policy sets them, and as stricter rules tighten them.

    Editions never change, so the answer is kept.

    Args:
        rules: editions of organizations' own rules (A22). What one of them says counts only where
            it is stricter than the policy, whatever the policy was when it was written.
    """
    changed: dict[str, Any] = {}
    if policy_id is not None:
        changed = PolicyVersion.objects.values_list("parameters", flat=True).get(pk=policy_id)
    values = whole(changed)
    for own in OwnRules.objects.filter(pk__in=rules).values_list("parameters", flat=True):
        for name, value in own.items():
            if name in PARAMETERS and PARAMETERS[name].own:
                values[name] = PARAMETERS[name].tighter(values[name], value)
    return values
