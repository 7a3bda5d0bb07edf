"""What a browser is told to forget when somebody leaves (A14.4) or a device is lost (A15.6)."""

from django.http import HttpResponse


def forget_pages(response: HttpResponse) -> None:
    """Let the browser drop the pages it keeps: the back button shows nothing.

    What belongs to the device stays: its key, the service worker, that it gets notifications.
    """
    response.headers["Clear-Site-Data"] = '"cache"'


def forget_everything(response: HttpResponse) -> None:
    """Let the browser drop everything this server ever gave it, the device's key included."""
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
