"""Django's WSGI application; before it the files of the pages, which need no database.

What every answer carries is added last.
"""

import os

from django.core import signals
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries
from whitenoise import WhiteNoise

from renkei.kernel.wsgi_request import WSGIApp

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")


def _for_good(path: str, url: str) -> bool:
    """Every file may be kept for ever, because its address changes with its content."""
    return True


def _leave_out() -> None:
    """Let Django not do around every request what has no effect here.

    A connection that failed is closed when the request ends, which once is enough: the next one
    begins as that left it. Queries are not noted, caches have nothing to close, and there is one
    list of addresses.
    """
    signals.request_started.disconnect(reset_queries)
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_caches)
    signals.request_finished.disconnect(reset_urlconf)


def _application() -> WSGIApp:
    django = get_wsgi_application()
    from renkei.web import assets  # they ask for the settings, which are there now
    from renkei.web.safety_headers import with_safety

    whole = WhiteNoise(django, immutable_file_test=_for_good)
    for folder in assets.FOLDERS:
        whole.add_files(str(folder), prefix=assets.PREFIX)
    return with_safety(whole)


_leave_out()
application = _application()
