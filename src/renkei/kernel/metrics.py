"""What is counted while the program runs, for whoever watches over the machine.

No label holds an id, a name, an address or anything a person can choose: routes as they are
declared, methods, kinds of answers, permissions, fixed words. Each process counts for itself; with
several of them each is asked on its own port.
"""

from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SHORT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS: Final = Histogram(
    "renkei_request_seconds",
    "Requests and how long they took, by route, method and kind of answer",
    ["route", "method", "status"],
    buckets=SHORT,
)
TURNED_AWAY: Final = Counter(
    "renkei_turned_away",
    "Requests and connections refused before a page was asked: too large, too slow, too many",
    ["why"],
)
CONNECTIONS: Final = Gauge("renkei_connections", "Open connections")
USE_CASES: Final = Counter(
    "renkei_use_cases",
    "Changes by permission and outcome; a post is communication.send, done",
    ["permission", "outcome"],
)
SIGN_INS: Final = Counter("renkei_sign_ins", "Attempts to sign in", ["outcome"])
DATABASE_ERRORS: Final = Counter(
    "renkei_database_errors", "Requests and reads that failed with the database", ["kind"]
)
WRITER_WAIT: Final = Histogram(
    "renkei_writer_wait_seconds",
    "How long a change waited for the one writer of SQLite",
    buckets=SHORT,
)
TAMPERED: Final = Counter("renkei_tampered", "Stored bytes met that are not what was sealed")
STREAMS: Final = Gauge("renkei_live_streams", "Open live streams")
ROOMS: Final = Gauge("renkei_live_rooms", "Groups and languages somebody listens to")
DELIVERIES: Final = Counter("renkei_live_deliveries", "Messages written to live streams")
LAG: Final = Histogram(
    "renkei_live_lag_seconds",
    "From hearing that a log has grown to having written it to all who follow",
    buckets=SHORT,
)


@lru_cache(maxsize=2000)
def _requests(route: str, method: str, status: int) -> Histogram:
    return REQUESTS.labels(route or "none", method, f"{status}xx")


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """A request was answered; ``route`` is the declared one, never an address."""
    _requests(route, method if method in METHODS else "other", status // 100).observe(seconds)


@lru_cache(maxsize=2000)
def _changes(permission: str, outcome: str) -> Counter:
    return USE_CASES.labels(permission, outcome)


def changed(permission: str, outcome: str) -> None:
    """A change was made, refused or undone."""
    _changes(permission, outcome).inc()
