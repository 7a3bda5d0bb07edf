"""The certificate, and the list to sign at a lecture, as sheets of paper."""

from base64 import b64decode

from django.utils import translation

from renkei.kernel import clock
from renkei.kernel.japanese import wareki
from renkei.paperwork.pdf import pdf
from renkei.region.disclosures import public_region
from renkei.training.certificates import Certificate
from renkei.training.held import Held
from renkei.web import training_words as words
from renkei.web.qr import qr

LINES = 20  # to sign, at least
MORE = 5  # empty ones after the names


def grouped(number: str) -> str:
    """The number of a certificate as it is read aloud: four characters at a time."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _footer() -> dict[str, str]:
    region = public_region()
    return {
        "footer": f"{region.name} 連携　{region.operator_name}",
        "printed": f"{wareki(clock.today())} 印刷",
    }


def certificate_paper(one: Certificate, address: str) -> bytes:
    """The certificate (修了証); Japanese, whoever prints it.

    Args:
        address: where the operator sees whether it is genuine; stands on it as a QR code.
    """
    region = public_region()
    with translation.override("ja"):
        about = [
            ("講習", one.course),
            ("修了した日", wareki(one.on)),
            ("有効期限", f"{wareki(one.until)}まで"),
            ("方法", str(words.WAYS[one.way])),
            ("番号", grouped(one.number)),
        ]
        return pdf(
            "certificate",
            {
                **_footer(),
                "title": "修了証",
                "name": one.name,
                "organization": one.organization,
                "sentence": f"上の方は、{region.name}の連携に必要な次の講習を修了しました。",
                "about": about,
                "day": wareki(one.on),
                "issuer": region.operator_name,
                "picture": b64decode(qr(address).partition(",")[2]).decode(),
            },
        )


def attendance_paper(held: Held) -> bytes:
    """The list to sign, with the names of one organization if one was chosen."""
    line = held.line
    with translation.override("ja"):
        names = [[one.organization, one.profession, one.name] for one in held.candidates]
        empty = max(LINES - len(names), MORE)
        rows = [*names, *([["", "", ""]] * empty)]
        about = [
            ("講習", line.course),
            ("日", wareki(line.on)),
            ("場所", line.place),
            ("講師", line.teacher),
        ]
        return pdf(
            "attendance",
            {
                **_footer(),
                "title": "講習会　出席者名簿",
                "about": about,
                "rows": [[str(n), *one, ""] for n, one in enumerate(rows, 1)],
            },
        )
