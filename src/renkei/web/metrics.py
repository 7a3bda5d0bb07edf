"""``/metrics``: the counts of this process in Prometheus' words, for the host alone.

Whoever holds the token may ask from anywhere. Without it only this machine may, and only while the
installation is not open to others: then nobody stands in between whose words would have to be
believed. To everybody else there is nothing here.
"""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from renkei.audit import trail
from renkei.backup.ages import ages
from renkei.web.errors import not_found

SHORTEST_TOKEN: Final = 32
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
OF_PROXIES: Final = ("HTTP_X_FORWARDED", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL", "HTTP_CLIENT")
"""How headers begin that a proxy adds; one of them, and the request may come from anywhere."""


class _FromDatabase(Collector):
    """What stands in the database, asked when somebody wants to know."""

    def collect(self) -> Iterator[Metric]:
        """The figures; none of them while the database does not answer."""
        try:
            lines, copies = trail.length(), ages()
        except DatabaseError:
            return
        yield GaugeMetricFamily("renkei_audit_lines", "Lines of the audit trail", value=lines)
        old = GaugeMetricFamily(
            "renkei_backup_age_seconds",
            "Age of the newest good copy by kind, and of the last restore that was tried",
            labels=["kind"],
        )
        for kind, age in copies.items():
            old.add_metric([kind], age.total_seconds())
        yield old

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked of the database only because this is registered."""
        return iter(())


REGISTRY.register(_FromDatabase())


def metrics(request: HttpRequest) -> HttpResponse:
    """All counts; 404 to whoever may not see them."""
    if not (_has_token(request) or _is_at_home(request)):
        return not_found(request)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _token() -> bytes:
    """The token in the file; empty if it is not there or too short to be one."""
    file = settings.METRICS_TOKEN
    try:
        found = Path(file).read_bytes().strip() if file else b""
    except OSError:
        return b""
    return found if len(found) >= SHORTEST_TOKEN else b""


def _has_token(request: HttpRequest) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return False
    token = _token()
    return bool(token) and hmac.compare_digest(given.strip().encode(), token)


def _is_at_home(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself, to an installation nobody else uses."""
    if settings.ORIGIN or any(name.startswith(OF_PROXIES) for name in request.META):
        return False
    host = request.headers.get("Host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    try:
        near = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return near and name in LOCAL_NAMES
