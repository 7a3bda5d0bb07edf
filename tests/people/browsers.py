"""Browsers in which people of the cast are signed in, for tests of their sessions."""

from datetime import timedelta

from django.conf import settings
from django.test import Client

from renkei.people.models import Session
from renkei.people.sessions import stored_key
from tests.cast import PASSWORD

PC = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605.1 Version/17.0 Safari/604.1"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def browser(cast, name="nurse", agent=PC, **more):
    client = Client(HTTP_HOST="localhost", headers={"user-agent": agent}, **more)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def arrive(name="nurse", agent=PC, address="203.0.113.7"):
    """Sign in through the page, in a browser of its own."""
    client = Client(HTTP_HOST="localhost", headers={"user-agent": agent}, REMOTE_ADDR=address)
    answer = client.post("/sign-in", {"login": f"{name}@example.org", "password": PASSWORD})
    assert answer.status_code == 302
    return client


def key_of(client):
    return stored_key(client.cookies[settings.SESSION_COOKIE_NAME].value)


def row_of(client):
    return Session.objects.get(pk=key_of(client))


def is_in(client):
    return client.get("/home").status_code == 200
