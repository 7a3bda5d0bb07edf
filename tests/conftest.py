"""Where the tests live: a data folder of their own, the cast, the clock, and real commits.

The world (``cast.py``) is made once per run, through the use cases, and kept as a template: a
folder with both databases and the master key; on PostgreSQL a template database. Each test process
copies it once and runs every test in a transaction that is rolled back. A test that needs real
commits or threads asks for ``committed``: a fresh copy of its own, because the audit trail refuses
to be emptied.

RENKEI_TEST_TEMPLATE  a template that is there already, so that it is not made again
"""

import atexit
import fcntl
import functools
import inspect
import json
import os
import pickle
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zlib import crc32

import pytest
from _pytest.runner import runtestprotocol

_MEMORY = Path("/dev/shm")
DATA = Path(
    tempfile.mkdtemp(prefix="renkei-test-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)
)
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
(DATA / "secret.key").write_text("the same in every test process, so that sessions can be shared")
os.environ["RENKEI_DATA"] = str(DATA)
os.environ["DJANGO_SETTINGS_MODULE"] = "renkei.config.settings"
for _variable in (
    "RENKEI_MASTER_KEY",
    "RENKEI_ORIGIN",
    "KEYS_DATABASE_URL",
    "EMAIL_URL",
    "CLAMAV_URL",
    "S3_URL",
):
    os.environ.pop(_variable, None)
import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connections  # noqa: E402

from renkei.communication import holding  # noqa: E402
from renkei.config import installation  # noqa: E402
from renkei.kernel import bus, clock, vault  # noqa: E402
from renkei.people import idle  # noqa: E402
from renkei.policy import clauses, use_case, who  # noqa: E402
from renkei.policy.use_case import USE_CASES  # noqa: E402

if settings.REDIS_URL:  # what is counted there belongs to one test process alone
    _server, _, _number = settings.REDIS_URL.rpartition("/")
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    settings.CACHES["default"]["LOCATION"] = f"{_server}/{(int(_number) + _worker) % 15}"
from renkei.policy.facts import Fact  # noqa: E402
from renkei.policy.rules import RULES  # noqa: E402
from tests.commands import HOSHI, Demo, renkei  # noqa: E402

if TYPE_CHECKING:
    from tests.cast import Cast

BOTH = ["default", "keys"]
_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]
_BASE_NAME = str(settings.DATABASES["default"]["NAME"])


# ── The database ─────────────────────────────────────────────────────────────────────────────────


def _administer(*statements: str) -> None:
    """Make or drop PostgreSQL databases."""
    import psycopg

    kept = connections.settings["default"]
    given = {"host": kept["HOST"], "port": kept["PORT"] or 5432, "user": kept["USER"]}
    password = kept["PASSWORD"] or None
    with psycopg.connect(dbname="postgres", password=password, autocommit=True, **given) as link:
        for statement in statements:
            link.execute(statement)  # type: ignore[arg-type]


def _point_at(folder: Path, database: str) -> None:
    """Let this process, all its threads, work on these databases and keys."""
    for alias, file in (("default", "renkei.db"), ("keys", "keys.db")):
        connections[alias].close()
        postgresql = "postgresql" in connections.settings[alias]["ENGINE"]
        connections.settings[alias]["NAME"] = database if postgresql else str(folder / file)
    settings.DATA = folder
    vault.forget_everything()


class Template:
    """The world as it was made, to be copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = f"{_BASE_NAME}_template_{abs(hash(str(folder))) % 10**9}"
        if (folder / "database").exists():
            self.database = (folder / "database").read_text()

    def make(self) -> None:
        """Build it unless another process has."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (self.folder / "cast").exists():
                self.__init__(self.folder)  # type: ignore[misc]
                return
            (self.folder / "database").write_text(self.database)
            if _POSTGRESQL:
                self._drop(self.database)
                _administer(f'CREATE DATABASE "{self.database}"')
            (self.folder / "secret.key").write_text((DATA / "secret.key").read_text())
            _point_at(self.folder, self.database)
            self._build()

    def _build(self) -> None:
        from tests.cast import build

        before = os.umask(0o022)
        try:
            installation.prepare()
        finally:
            os.umask(before)
        cast = build()
        connections.close_all()
        (self.folder / "cast").write_bytes(pickle.dumps(cast))

    def copy(self, folder: Path, name: str) -> "tuple[Path, str]":
        """A copy of everything, and the name of its PostgreSQL database."""
        folder.mkdir(exist_ok=True)
        for file in ("renkei.db", "keys.db", "master.key", "secret.key"):
            if (self.folder / file).exists():
                shutil.copy(self.folder / file, folder / file)
        if (self.folder / "files").exists():
            shutil.copytree(self.folder / "files", folder / "files", dirs_exist_ok=True)
        database = f"{_BASE_NAME}_{name}_{os.getpid()}"
        if _POSTGRESQL:
            self._drop(database)
            _administer(f'CREATE DATABASE "{database}" TEMPLATE "{self.database}"')
        return folder, database

    def drop(self) -> None:
        """Remove the template from PostgreSQL."""
        self._drop(self.database)

    @staticmethod
    def _drop(database: str) -> None:
        if _POSTGRESQL:
            _administer(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    @property
    def cast(self) -> "Cast":
        """The people of this world."""
        found: Cast = pickle.loads((self.folder / "cast").read_bytes())
        return found


def _folder_of_the_run(config: pytest.Config) -> Path:
    """What all processes of this run share."""
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _template_folder(config: pytest.Config) -> Path:
    given = os.environ.get("RENKEI_TEST_TEMPLATE")
    return Path(given) if given else _folder_of_the_run(config) / "template"


@pytest.fixture(scope="session")
def template(
    django_test_environment: None, request: pytest.FixtureRequest, django_db_blocker: Any
) -> Template:
    """The world as it was made once per run."""
    made = Template(_template_folder(request.config))
    with django_db_blocker.unblock():
        made.make()
    return made


@pytest.fixture(scope="session")
def django_db_setup(template: Template, django_db_blocker: Any) -> Iterator[None]:
    """Copy the world once for this process; pytest-django asks for this by its name."""
    _, database = template.copy(DATA, "test")
    with django_db_blocker.unblock():
        _point_at(DATA, database)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        template._drop(database)


@pytest.fixture
def cast(db: None, template: Template) -> "Cast":
    """The cast; whatever happens to them is undone after the test."""
    return template.cast


@pytest.fixture
def committed(
    django_db_setup: None, template: Template, django_db_blocker: Any, tmp_path: Path
) -> "Iterator[Cast]":
    """The cast in databases of their own, where commits are real and threads see each other."""
    with django_db_blocker.unblock():
        kept = str(connections.settings["default"]["NAME"])
        folder, database = template.copy(tmp_path / "data", "committed")
        _point_at(folder, database)
        try:
            yield template.cast
        finally:
            connections.close_all()
            _point_at(DATA, kept)
            template._drop(database)


@pytest.fixture
def elsewhere(
    committed: "Cast", template: Template, tmp_path: Path
) -> "Callable[[str], AbstractContextManager[Path]]":
    """Empty installations beside the committed one: this process works in one for a block."""

    @contextmanager
    def there(name: str) -> Iterator[Path]:
        kept, home = str(connections.settings["default"]["NAME"]), settings.DATA
        folder, database = tmp_path / name, f"{_BASE_NAME}_{name}_{os.getpid()}"
        folder.mkdir(exist_ok=True)
        if _POSTGRESQL:
            template._drop(database)
            _administer(f'CREATE DATABASE "{database}"')
        _point_at(folder, database)
        try:
            installation.prepare()
            yield folder
        finally:
            connections.close_all()
            _point_at(home, kept)
            template._drop(database)

    return there


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest) -> Demo:
    """The invented region as ``renkei demo`` makes it, once per run; copy it to change it."""
    folder = _folder_of_the_run(request.config) / "demo"
    folder.mkdir(exist_ok=True)
    data, sessions, said = folder / "data", folder / "sessions.json", folder / "said.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            asked = ["demo", "--region", HOSHI, "--data", data, "--no-serve"]
            done = renkei(*asked, "--sessions", sessions)
            assert done.returncode == 0, done.stderr
            said.write_text(json.dumps([done.stdout, done.stderr]))
    return Demo(data, json.loads(sessions.read_text())["people"], *json.loads(said.read_text()))


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The address of an empty PostgreSQL database, whichever database the suite runs on."""
    import psycopg

    given = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    server, name = urlsplit(given), f"renkei_empty_{os.getpid()}"
    try:
        link = psycopg.connect(
            server._replace(path="/postgres").geturl(), autocommit=True, connect_timeout=3
        )
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL can be reached; DATABASE_URL says where one is")
    with link:
        link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        link.execute(f'CREATE DATABASE "{name}"')
        yield server._replace(path=f"/{name}").geturl()
        link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run functions in threads that start together; their results, or what they raised."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        results: list[Any] = [None] * len(functions)
        start = threading.Barrier(len(functions))

        def one(place: int, function: Callable[[], Any]) -> None:
            try:
                start.wait()
                results[place] = function()
            except BaseException as error:
                results[place] = error
            finally:
                connections.close_all()

        threads = [
            threading.Thread(target=one, args=each, daemon=True) for each in enumerate(functions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return results

    return run


@pytest.fixture
def travel() -> Iterator[Callable[[timedelta], None]]:
    """Move the clock until the end of the test."""
    with ExitStack() as stack:
        yield lambda by: stack.enter_context(clock.shifted(by))


@pytest.fixture(autouse=True)
def _fresh_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process remembers between requests starts empty, and hints are heard at once."""
    use_case._refusals.clear()
    use_case.forget_openings()
    holding.forget()
    who.forget()
    idle.forget_everything()
    cache.clear()
    for file in DATA.glob("index.db*"):  # of tests whose messages were undone
        file.unlink()
    monkeypatch.setattr(bus, "_bus", bus.LocalBus())


@contextmanager
def always_yes(rule: str) -> Iterator[None]:
    """Break a rule on purpose: it says yes to everybody."""
    kept = RULES[rule]
    RULES[rule] = Fact("always yes", lambda standing: True, frozenset())
    try:
        yield
    finally:
        RULES[rule] = kept


# ── The clauses ──────────────────────────────────────────────────────────────────────────────────


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for the mutation test."""
    group = parser.getgroup("renkei")
    group.addoption("--clauses", metavar="A6,N1.1", help="run the tests of these clauses alone")
    group.addoption("--always-yes", metavar="RULE", help="break this rule: it always says yes")
    group.addoption(
        "--break-each",
        metavar="FILE",
        help="break one rule after another: JSON {rule: [clauses]} in, {rule: {clause: by what it"
        " was noticed}} out",
    )


_broken = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Break the rule for the whole run, if asked to."""
    if rule := config.getoption("--always-yes"):
        _broken.enter_context(always_yes(rule))


def pytest_unconfigure() -> None:
    """Mend it."""
    _broken.close()


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Break one rule after another and run the tests of its clauses until each has noticed."""
    plan = session.config.getoption("--break-each")
    if not plan:
        return None
    noticed = {}
    for rule, named in json.loads(Path(plan).read_text()).items():
        with always_yes(rule) if rule else ExitStack():
            noticed[rule] = _who_notice(_likely_first(session.items, rule), set(named))
        Path(plan).write_text(json.dumps(noticed))  # each time: an end too soon loses one
    return True


def _likely_first(items: list[pytest.Item], rule: str) -> list[pytest.Item]:
    """The tests that name the rule, or call its use case, first: they notice soonest.

    Those of a module that walks every address there is come last.
    """
    use_case = USE_CASES.get(rule, "").rpartition(".")[2]
    names = [name for name in (use_case, f'"{rule}"') if name.strip('"')]

    def late(item: pytest.Item) -> tuple[bool, bool]:
        walks = hasattr(item.module, "routes")  # type: ignore[attr-defined]
        return walks, not any(name in _source(item) for name in names)

    return sorted(items, key=late)


@functools.cache
def _source(item: pytest.Item) -> str:
    return inspect.getsource(item.function)  # type: ignore[attr-defined]


def _who_notice(items: list[pytest.Item], named: set[str]) -> dict[str, str]:
    """By clause the first test that misses the refusal, and what it said."""
    noticed: dict[str, str] = {}
    for item in items:
        about = clauses_of(item) & named
        if about - noticed.keys():
            reports = runtestprotocol(item, nextitem=None, log=False)
            failed = [one for one in reports if one.when == "call" and _misses(one)]
            if failed:
                said = f"{item.nodeid}: {failed[0].longreprtext}"
                noticed |= dict.fromkeys(about - noticed.keys(), said)
    return noticed


def _misses(report: pytest.TestReport) -> bool:
    """Whether a test failed at what it says itself.

    It did not if the code stumbled over what no rule had kept away: another lock held there by
    chance, and without it the door would be open and nobody would notice.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    return (
        report.failed
        and crash is not None
        and crash.message.startswith(("Failed", "assert", "AssertionError"))
        and Path(crash.path).is_relative_to(Path(__file__).parent)
    )


def clauses_of(item: pytest.Item) -> set[str]:
    """The clauses a test proves."""
    return {str(one) for mark in item.iter_markers("clause") for one in mark.args}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Open both databases to tests that use one, and see that every kept clause has a test."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        mark = item.get_closest_marker("django_db")
        if mark or names & {"db", "cast", "client"}:
            given = dict(mark.kwargs) if mark else {}
            given.setdefault("databases", BOTH)
            item.add_marker(pytest.mark.django_db(**given), append=False)
        if unknown := clauses_of(item) - set(clauses.CLAUSES):
            raise pytest.UsageError(f"{item.nodeid}: no such clause: {', '.join(unknown)}")
    if untested := clauses.untested():
        raise pytest.UsageError(f"Clauses said to be kept, without a test: {', '.join(untested)}")
    _select(config, items)
    _take_turns(config, items)
    # The browser's driver keeps an event loop running in its process: its stories come last.
    items.sort(key=lambda item: "e2e" in item.path.parts)


def _select(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set((config.getoption("--clauses") or "").split(",")) - {""}
    if not wanted:
        return
    rest = [item for item in items if not clauses_of(item) & wanted]
    items[:] = [item for item in items if clauses_of(item) & wanted]
    config.hook.pytest_deselected(items=rest)


# What stands on how a database locks and answers: tried on every one, every time.
_EVERY_TIME = ("races", "two_at_once", "random_worlds", "rules", "kinds", "queries", "following")
# What starts programs of its own, again and again.
_PROGRAMS = {"config", "moving", "backup", "faults", "test_every_page.py"}


def _take_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what has its turn today; after as many days as there are turns, all was run.

    RENKEI_TURNS       of modules, but for those of every time
    RENKEI_SLOW_TURNS  of tests that start programs of their own
    """
    turns = int(os.environ.get("RENKEI_TURNS", "1"))
    slow = int(os.environ.get("RENKEI_SLOW_TURNS", "1"))
    kept, left = [], []
    for item in items:
        module = item.path.relative_to(config.rootpath)
        now = module.stem.endswith(_EVERY_TIME) or _has_turn(module.as_posix(), turns)
        if _PROGRAMS & set(module.parts):
            now = now and _has_turn(item.nodeid, slow, after=turns)
        (kept if now else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _has_turn(name: str, turns: int, after: int = 1) -> bool:
    """Whether its turn is today; ``after`` that many days the next of the turns has come."""
    return crc32(name.encode()) % turns == date.today().toordinal() // after % turns


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Clean up what this run alone could use."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ and "RENKEI_TEST_TEMPLATE" not in os.environ
    folder = _template_folder(session.config)
    if _POSTGRESQL and alone and (folder / "database").exists():
        Template(folder).drop()
