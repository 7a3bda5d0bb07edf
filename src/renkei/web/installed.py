"""What makes the pages an app on a home screen: manifest, service worker, and a page for offline.

The service worker keeps the styles and the page that says that the line is cut, and nothing else:
no page of anybody's, and nothing about a patient.
"""

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.region.disclosures import PublicRegion, public_region
from renkei.web.address import url
from renkei.web.assets import BUILD, OURS, asset

if TYPE_CHECKING:
    from renkei.web.frame import Request

SHELL: Final = ("tokens.css", "app.css", "pages.css", "offline.js", "img/icons.svg", "img/mark.svg")
ICONS: Final = (("icon-192", 192, "any"), ("icon-512", 512, "any"), ("icon-mask", 512, "maskable"))


@require_safe
def manifest(request: "Request") -> HttpResponse:
    """What the app is called on a home screen, and how it looks (Web Application Manifest)."""
    name = f"{public_region().name} {_('Renkei')}".strip()
    icons = [
        {
            "src": asset(f"img/{file}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for file, size, purpose in ICONS
    ]
    said = {
        "id": "/",
        "name": name,
        "short_name": _("Renkei"),
        "lang": "ja",
        "start_url": url("home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f4f0",
        "theme_color": "#f5f4f0",
        "icons": icons,
    }
    return HttpResponse(orjson.dumps(said), content_type="application/manifest+json")


@cache
def _worker(here: PublicRegion) -> bytes:
    """The script, with what it may keep; another one when the region's telephone is another."""
    kept = {
        "name": f"shell-{BUILD}-{sha256(repr(here).encode()).hexdigest()[:8]}",
        "offline": url("offline"),
        "files": [url("offline"), *map(asset, SHELL)],
        "home": url("home"),
        "icon": asset("img/icon-192.png"),
        "badge": asset("img/badge.png"),
    }
    return b"const SHELL = " + orjson.dumps(kept) + b";\n" + (OURS / "worker.js").read_bytes()


@require_safe
def worker(request: "Request") -> HttpResponse:
    """The service worker; browsers ask each time whether it is another one."""
    return HttpResponse(_worker(public_region()), content_type="text/javascript; charset=utf-8")


@require_safe
def offline(request: "Request") -> HttpResponse:
    """What a browser shows while the line is cut; it knows nothing of who asks."""
    return render(request, "public/offline.html")
