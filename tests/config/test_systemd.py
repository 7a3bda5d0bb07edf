"""What systemd gives and wants to hear."""

import os
import socket
import threading
from pathlib import Path

import pytest

from renkei.config import systemd


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LISTEN_PID", "LISTEN_FDS", "NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.delenv(name, raising=False)
    systemd.notify("READY=1")
    assert systemd.listening() == []
    assert systemd.watchdog_seconds() == 0.0


def test_sockets_meant_for_another_process_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert systemd.listening() == []
    assert "LISTEN_FDS" not in os.environ


def test_the_sockets_are_taken_once_and_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_already:
        copy = os.dup(open_already.fileno())
        monkeypatch.setattr(systemd, "FIRST", copy)
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        monkeypatch.setenv("LISTEN_FDS", "1")
        (taken,) = systemd.listening()
        with taken:
            assert taken.getsockname() == open_already.getsockname()
            assert not taken.get_inheritable()
        assert systemd.listening() == []


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_how_it_goes(
    abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"@renkei-{os.getpid()}-{threading.get_ident()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:] if abstract else name)
        ear.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        systemd.notify("READY=1")
        assert ear.recv(100) == b"READY=1"
    systemd.notify("STOPPING=1")  # nobody listens any more: no fault


def test_a_watchdog_for_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert systemd.watchdog_seconds() == 30.0
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert systemd.watchdog_seconds() == 0.0
