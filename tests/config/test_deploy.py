"""The units for systemd: each runs a command that is there, with what its parser knows."""

import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from renkei.config.management.commands import backup

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted(one for kind in ("service", "socket", "timer") for one in DEPLOY.glob(f"*.{kind}"))
RENKEI = "/opt/renkei/.venv/bin/renkei"
TELLS = "renkei-failed@.service"


def settings_of(unit: Path) -> dict[str, dict[str, list[str]]]:
    """Section → setting → values, in order; systemd allows a setting more than once."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, sign, value = line.partition("=")
            assert sign and section and name == name.strip(), line
            found[section][name].append(value)
    return found


SERVICES = {unit.name: settings_of(unit) for unit in UNITS if unit.suffix == ".service"}
OURS = {name: unit for name, unit in SERVICES.items() if name != TELLS}
TIMERS = {unit.name: settings_of(unit) for unit in UNITS if unit.suffix == ".timer"}
LINES = [(name, line) for name, unit in OURS.items() for line in unit["Service"]["ExecStart"]]


def fault(line: str) -> str:
    """Why a command line of ours cannot be run; empty if it can."""
    program, name, *rest = shlex.split(re.sub(r"\$\{\w+\}|%d", "/somewhere", line))
    if program != RENKEI:
        return f"{program} is another program"
    if name not in get_commands():
        return f"{name} is no command"
    parser = load_command_class(get_commands()[name], name).create_parser("renkei", name)
    parser.called_from_command_line = False  # so that it raises
    try:
        parser.parse_args(backup.spelled_out(rest) if name == "backup" else rest)
    except (CommandError, SystemExit) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("unit", "line"), LINES)
def test_every_unit_runs_a_command_with_options_it_knows(unit: str, line: str) -> None:
    why = fault(line)
    assert why == ""


@pytest.mark.parametrize(
    "line", ["serve --prot 8000", "sreve", "audit vreify", "audit verify --quietly", "load"]
)
def test_a_command_line_with_a_slip_is_noticed(line: str) -> None:
    assert fault(f"{RENKEI} {line}")


def test_every_timer_starts_a_service_that_is_there() -> None:
    assert set(TIMERS) == {f"renkei-{name}.timer" for name in ("backup", "verify", "head")}
    for name, unit in TIMERS.items():
        assert name.replace(".timer", ".service") in SERVICES
        assert unit["Timer"]["Persistent"] == ["yes"]  # a machine that slept makes up for it
        assert unit["Install"]["WantedBy"] == ["timers.target"]


def test_every_failure_is_told() -> None:
    assert TELLS in SERVICES
    for name, unit in OURS.items():
        assert unit["Unit"]["OnFailure"] == ["renkei-failed@%n.service"], name


SHUT = {
    "User": "renkei",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictSUIDSGID": "yes",
    "LimitCORE": "0",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


@pytest.mark.parametrize("name", OURS)
def test_every_unit_is_shut_in(name: str) -> None:
    service = OURS[name]["Service"]
    assert {key: service[key] for key in SHUT} == {key: [value] for key, value in SHUT.items()}
    assert all(
        path.lstrip("-").startswith(("/var/lib/renkei", "/var/backups", "/mnt", "/media"))
        for path in service["ReadWritePaths"][0].split()
    )


def test_all_units_are_shut_in_alike() -> None:
    head = "# What it never needs.\n"
    parts = {
        (DEPLOY / name).read_text().partition(head)[2].partition("\n[Install]")[0].strip()
        for name in OURS
    }
    assert len(parts) == 1 and "NoNewPrivileges" in parts.pop()


def test_no_secret_stands_in_a_unit_or_on_a_command_line() -> None:
    for unit in UNITS:
        assert not re.search(r"MASTER_KEY|AGE-SECRET-KEY|PASSWORD=", unit.read_text()), unit.name


def test_every_variable_a_unit_uses_is_given_a_value() -> None:
    example = dict(re.findall(r"^#?(\w+)=(.*)$", (DEPLOY / "renkei.env.example").read_text(), re.M))
    for name, unit in OURS.items():
        given = " ".join(unit["Service"]["Environment"])
        for line in unit["Service"]["ExecStart"]:
            for variable in re.findall(r"\$\{(\w+)\}", line):
                assert f"{variable}=" in given and variable in example, name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    for unit in UNITS:  # the program itself need not be installed for it
        text = unit.read_text().replace(RENKEI, "/bin/true")
        (tmp_path / unit.name).write_text(text)
    for unit in UNITS:
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
            env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        told = [line for line in checked.stderr.splitlines() if "renkei" in line]
        assert (checked.returncode, told) == (0, []), unit.name
