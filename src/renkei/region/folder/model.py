"""What a region folder says, one record a line, in typed and normalised values.

``line`` is the physical line where the record begins (the header of a table is 1) and
``raw_sha256`` the hex SHA-256 of the record's bytes as they stand in the file, without the line
break that ends it. An empty optional date is None, an empty optional text is "".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

KINDS = (
    "病院", "診療所", "歯科診療所", "薬局", "訪問看護", "居宅介護支援", "訪問介護", "通所介護",
    "訪問リハビリ", "福祉用具", "介護施設", "地域包括支援センター", "行政", "その他",
)  # fmt: skip
PROFESSIONS = (
    "医師", "歯科医師", "薬剤師", "看護師", "准看護師", "保健師", "理学療法士", "作業療法士",
    "言語聴覚士", "歯科衛生士", "管理栄養士", "介護支援専門員", "介護福祉士", "訪問介護員",
    "社会福祉士", "医療ソーシャルワーカー", "福祉用具専門相談員", "相談支援専門員", "事務",
    "行政職員", "その他",
)  # fmt: skip
SEXES = ("男", "女", "その他")
RELATIONSHIPS = ("本人", "配偶者", "子", "兄弟姉妹", "その他家族", "成年後見人", "その他")
DOCUMENTS_POLICIES = ("yes", "ask", "no")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend: bare file name, line, column ("" if it is about more), a sentence."""

    file: str
    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class RegionLine:
    """The region and its operator (運営事務局); ``parameters`` as the policy names them."""

    name: str
    operator: str
    phone: str
    email: str
    address: str
    policy_effective: date
    parameters: Mapping[str, object]
    line: int
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class OperatorStaffLine:
    """A person who works for the operator."""

    name: str
    kana: str
    email: str
    line: int
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class OrganizationLine:
    """An organization that takes part (事業所); ``manager_name`` is form 1's 管理者氏名."""

    code: str
    kind: str
    name: str
    kana: str
    postal_code: str
    address: str
    phone: str
    fax: str
    email: str
    manager_name: str
    application_date: date | None
    pledge_date: date | None
    listed: bool | None  # None: not said
    documents_policy: str  # yes, ask, no, or "" if not said
    line: int
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One person's work for one organization; a person with several roles has several lines."""

    organization_code: str
    profession: str
    name: str
    kana: str
    sex: str
    email: str
    administrator: bool
    pledge_date: date | None
    training_date: date | None
    line: int
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A patient with the managing organization; ``consent_date`` None means no consent yet."""

    code: str
    organization_code: str
    name: str
    kana: str
    birth_date: date
    sex: str
    address: str
    phone: str
    consent_date: date | None
    consent_signer: str
    consent_relationship: str
    copy_given_date: date | None
    mobile: str
    insurer_number: str
    emergency_name: str
    emergency_relationship: str
    emergency_phone: str
    line: int
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One person's place in one patient's team, for the organization named."""

    patient_code: str
    email: str
    organization_code: str
    role_in_care: str
    manager: bool
    line: int
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class Measured:
    """The vital signs of a message, measured when it was said; names as in ``region.vitals``."""

    values: Mapping[str, float]
    oxygen: float | None  # litres a minute, 0 in room air; None: not said
    meal: str
    by: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message in a patient's team; ``at`` is aware, ``text`` free of hidden controls."""

    patient: str
    author: str
    at: datetime
    text: str
    line: int
    raw_sha256: str
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class RegionFolder:
    """Everything a region folder says. Only a folder without faults may be loaded.

    A record with a fault is left out of its list, so that every value that is here is good.
    """

    region: RegionLine | None
    operator_staff: list[OperatorStaffLine]
    organizations: list[OrganizationLine]
    staff: list[StaffLine]
    patients: list[PatientLine]
    teams: list[TeamLine]
    messages: list[MessageLine]
    faults: list[Fault]
