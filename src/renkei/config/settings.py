"""The only settings, driven by the environment.

RENKEI_DATA        the data folder: databases, keys, files (default: ./data)
RENKEI_ORIGIN      the address people type, such as https://renkei.example (default: loopback)
RENKEI_MASTER_KEY  the master key, if it is not to lie in the data folder
DATABASE_URL       PostgreSQL instead of SQLite; KEYS_DATABASE_URL likewise for the key store
REDIS_URL          Redis for hints between processes and for counting sign-in attempts
EMAIL_URL          smtp://user:password@host:port to send mail; without it mail is not sent
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url

PACKAGE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("RENKEI_DATA", "data")).resolve()
ORIGIN = os.environ.get("RENKEI_ORIGIN", "")
BEHIND_TLS = ORIGIN.startswith("https://")
REDIS_URL = os.environ.get("REDIS_URL", "")


def _secret_key() -> str:
    """What signs CSRF tokens and one-time links; made once per data folder."""
    if not DATA.is_dir():
        return secrets.token_urlsafe(50)
    path = DATA / "secret.key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS: list[str] = []
if ORIGIN:
    ALLOWED_HOSTS = [urlsplit(ORIGIN).hostname or "", *ALLOWED_HOSTS]
    CSRF_TRUSTED_ORIGINS = [ORIGIN]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_htmx",
    "allauth",
    "allauth.account",
    "renkei.config",
    "renkei.kernel",
    "renkei.audit",
    "renkei.region",
    "renkei.people",
    "renkei.enrollment",
    "renkei.patient",
    "renkei.group",
    "renkei.communication",
    "renkei.policy",
    "renkei.web",
]
MIDDLEWARE = [
    "renkei.web.frame.Frame",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "renkei.config.urls"
WSGI_APPLICATION = "renkei.config.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "NAME": "jinja2",
        "BACKEND": "renkei.web.engine.Pages",
        "DIRS": [PACKAGE / "web" / "templates"],
        "OPTIONS": {
            "environment": "renkei.web.environment.environment",
            "context_processors": ["renkei.web.engine.once"],
        },
    },
    {
        # only for what allauth renders by itself, such as the subject lines of its mails
        "NAME": "django",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]
FORM_RENDERER = "django.forms.renderers.Jinja2"


def _sqlite(name: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / name,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,  # seconds to wait for another writer
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                "PRAGMA secure_delete=ON; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;"
            ),
        },
    }


def _database(variable: str, name: str) -> dict[str, object]:
    url = os.environ.get(variable)
    if not url:
        return _sqlite(name)
    return {**dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)}


DATABASES = {
    "default": _database("DATABASE_URL", "renkei.db"),
    "keys": _database("KEYS_DATABASE_URL", "keys.db"),
}
DATABASE_ROUTERS = ["renkei.kernel.stores.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # few, and guessing would push its own count out
        }
    )
}

# ── People, sign-in, sessions ────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "people.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["renkei.people.passwords.Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "renkei.people.passwords.LongEnough"},
    {"NAME": "renkei.people.passwords.LettersAndDigits"},
    {"NAME": "renkei.people.passwords.NotAboutOneself"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "renkei.web.sign_in.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/signed-out"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip,5/15m/key",
    "change_password": "10/m/user",
}
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/home"
SESSION_ENGINE = "renkei.people.sessions"
SESSION_COOKIE_NAME = "__Host-renkei" if BEHIND_TLS else "renkei"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_NAME = "__Host-csrf" if BEHIND_TLS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_FAILURE_VIEW = "renkei.web.errors.csrf_failed"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000  # bytes of a form without its files
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 20_000_000  # the largest body there is: no photo touches the disk

# ── Language and time ─────────────────────────────────────────────────────────────────────────────

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

# ── Mail and log ─────────────────────────────────────────────────────────────────────────────────

_mail = urlsplit(os.environ.get("EMAIL_URL", ""))
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _mail.scheme.startswith("smtp")
    else "django.core.mail.backends.dummy.EmailBackend"
)
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.username or "", _mail.password or ""
EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "renkei.config.logs.JsonLine"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["out"], "level": os.environ.get("RENKEI_LOG", "INFO")},
    "loggers": {
        "django.request": {"level": "CRITICAL"},  # our own line per request says enough
        "django.security": {"level": "CRITICAL"},
        "uvicorn": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["account.W001"]
