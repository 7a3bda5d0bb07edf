"""The fingerprint of a TLS client certificate on its way from a proxy on this machine to the pages.

The proxy names it in a header, which is believed from this machine alone. It goes on as a cookie
whose name nobody outside this process knows, so that nothing that a browser sends can pose as it.
"""

import re
import secrets
from typing import Final

from renkei.kernel.wsgi_request import Scope

COOKIE: Final = f"certificate-{secrets.token_hex(16)}"
_SHA256: Final = re.compile(rb"[0-9a-fA-F]{64}")


def pass_on(scope: Scope, header: bytes, proxies: frozenset[str]) -> Scope:
    """The request without the header; with the fingerprint in it if the proxy itself sent one.

    Args:
        header: its name in lower case.
        proxies: the addresses that are believed.
    """
    given = [value for name, value in scope["headers"] if name == header]
    headers = [one for one in scope["headers"] if one[0] != header]
    client = (scope.get("client") or ("", 0))[0]
    if client in proxies and len(given) == 1 and _SHA256.fullmatch(given[0]):
        headers.append((b"cookie", f"{COOKIE}={given[0].decode().lower()}".encode()))
    return {**scope, "headers": headers}
