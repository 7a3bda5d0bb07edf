"""The policy's parameters: what an operator may set, within which bounds, and for which clause."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from renkei.region.models import PolicyVersion

Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure of the policy.

    Args:
        default: the value of the default edition; its type is the parameter's type.
        clause: the clause it belongs to.
        least, most: bounds of a number, both included.
        choices: the words allowed, for a parameter that is a word.
    """

    default: Value
    clause: str
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()

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


PARAMETERS: dict[str, Parameter] = {
    "password_min_length": Parameter(8, "A14.3", least=8, most=64),
    "password_max_age_days": Parameter(60, "A14.3", least=1, most=60),
    "invitation_days": Parameter(14, "A8.4", least=1, most=60),
    "idle_minutes_pc": Parameter(15, "A14.5", least=1, most=60),
    "session_hours": Parameter(12, "A14.5", least=1, most=24),
    "training_before_use": Parameter("organization", "A9", choices=("organization", "person")),
    "training_interval_months": Parameter(12, "A9", least=1, most=36),
    "administrator_absence_days": Parameter(30, "A7", least=7, most=180),
    "review_interval_days": Parameter(90, "N1.2", least=30, most=365),
    "device_confirmation_months": Parameter(3, "A14.6", least=1, most=12),
    "private_device_months": Parameter(6, "A15.10", least=1, most=24),
    "erasure_cooling_off_days": Parameter(7, "A11.7", least=1, most=90),
    "reuse_days": Parameter(30, "A16.b", least=1, most=180),
    "rights_answer_days": Parameter(14, "P4", least=1, most=60),
    "disaster_max_days": Parameter(7, "A20", least=1, most=30),
    "disaster_reconciliation_days": Parameter(14, "A20", least=1, most=60),
    "free_group_approval": Parameter(False, "A8.4"),
    "public_list_opt_out": Parameter(False, "A19.1"),
}


def check(name: str, value: object) -> str | None:
    """Why a parameter cannot be set so, as a Japanese sentence; None if it can."""
    if name not in PARAMETERS:
        return f"「{name}」というパラメータはありません。"
    return PARAMETERS[name].fault(value)


@lru_cache(maxsize=256)
def of(policy_id: UUID | None) -> dict[str, Any]:
    """All parameters as one edition of the policy sets them. Editions never change, so cached."""
    values: dict[str, Any] = {name: one.default for name, one in PARAMETERS.items()}
    if policy_id is not None:
        values |= PolicyVersion.objects.values_list("parameters", flat=True).get(pk=policy_id)
    return values
