"""Where an ID was used, as far as it can be said without asking anybody outside."""

from ipaddress import ip_address, ip_network
from typing import Final

NETWORK_BITS: Final = {4: 24, 6: 48}  # what is shown of an address: the network of one customer


def shortened(address: str | None) -> str:
    """The network an address belongs to, such as "203.0.113.*"; empty if there is none.

    Enough for the person to know the office from a stranger's line, and no more.
    """
    if not address:
        return ""
    one = ip_address(address)
    network = ip_network((one, NETWORK_BITS[one.version]), strict=False).network_address
    if one.version == 4:
        return str(network).rpartition(".")[0] + ".*"
    return network.compressed.removesuffix("::") + ("::*" if int(network) == 0 else ":*")
