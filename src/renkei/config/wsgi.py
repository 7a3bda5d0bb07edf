"""Django's WSGI application; before it the files of the pages, which need no database."""

import os

from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

from renkei.web import assets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")


def _for_good(path: str, url: str) -> bool:
    """Every file may be kept for ever, because its address changes with its content."""
    return True


application = WhiteNoise(get_wsgi_application(), immutable_file_test=_for_good)
for _folder in assets.FOLDERS:
    application.add_files(str(_folder), prefix=assets.PREFIX)
