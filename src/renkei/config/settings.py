"""The only settings, driven by the environment.

RENKEI_DATA        the data folder: databases, keys, files (default: ./data)
RENKEI_ORIGIN      the address people type, such as https://renkei.example (default: loopback)
RENKEI_MASTER_KEY_FILE  a file with the master key, if it is not to lie in the data folder; or, less
                   well, RENKEI_MASTER_KEY itself (the order: renkei.kernel.master)
RENKEI_SHEETS_FD   the number of an open file with the custodians' sheets, for a start without a
                   terminal
DATABASE_URL       PostgreSQL instead of SQLite; KEYS_DATABASE_URL likewise for the key store
RENKEI_BACKUP_RECIPIENTS  to whom copies are sealed, instead of backup.recipients in the data folder
REDIS_URL          Redis for hints between processes and for counting sign-in attempts
RENKEI_CERTIFICATE_HEADER  the header in which a proxy on this machine names the SHA-256 fingerprint
                   of a TLS client certificate, which then stands for the device (default: none)
S3_URL             s3://key:secret@host/bucket: where new files lie, sealed, instead of in DATA
CLAMAV_URL         tcp://host:port or unix:///path of a clamd that looks at every file sent
                   (default: none)
EMAIL_URL          smtp://user:password@host:port to send mail; without it mail is not sent, and
                   notifications lie in the data folder's outbox/
RENKEI_BOUNCES     the address to which mail servers send back what they cannot deliver, if it takes
                   letters for address+anything (default: the region's address)
RENKEI_PUSH_LOOPBACK  1 to let pushes go to 127.0.0.1 too, over plain HTTP; for trying out alone
RENKEI_FONTS       a folder of fonts for the papers, beside those of the machine
RENKEI_PROXIES     addresses or networks of proxies, by comma, that may say for whom they ask
                   (default: 127.0.0.1,::1)
RENKEI_PER_ADDRESS connections, and running requests, that one address may have (default: 1000)
RENKEI_METRICS_TOKEN  a file with the token that opens /metrics; its words are never in here
RENKEI_LOG         how much is logged: INFO (default), WARNING, ERROR
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
PROXIES = os.environ.get("RENKEI_PROXIES") or "127.0.0.1,::1"
PER_ADDRESS = int(os.environ.get("RENKEI_PER_ADDRESS") or 1000)
METRICS_TOKEN = os.environ.get("RENKEI_METRICS_TOKEN", "")
REDIS_URL = os.environ.get("REDIS_URL", "")
S3_URL = os.environ.get("S3_URL", "")
CLAMAV_URL = os.environ.get("CLAMAV_URL", "")


def _secret_key() -> str:
    """What signs CSRF tokens and one-time links; ``prepare`` keeps it in the data folder."""
    path = DATA / "secret.key"
    return path.read_text() if path.exists() else secrets.token_urlsafe(50)


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
    "allauth.mfa",
    "renkei.config",
    "renkei.kernel",
    "renkei.audit",
    "renkei.files",
    "renkei.region",
    "renkei.people",
    "renkei.enrollment",
    "renkei.device",
    "renkei.patient",
    "renkei.incident",
    "renkei.group",
    "renkei.communication",
    "renkei.notification",
    "renkei.backup",
    "renkei.disclosure",
    "renkei.safety",
    "renkei.training",
    "renkei.review",
    "renkei.policy",
    "renkei.web",
]
MIDDLEWARE = [
    "renkei.web.frame.Frame",
    "renkei.web.device_key.DeviceKeys",
    "renkei.web.stopped.Forget",
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
    found = dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
    found.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # seconds, if nobody answers
    return {**found}


DATABASES = {
    "default": _database("DATABASE_URL", "renkei.db"),
    "keys": _database("KEYS_DATABASE_URL", "keys.db"),
}
DATABASE_ROUTERS = ["renkei.kernel.stores.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": (
        {"BACKEND": "renkei.kernel.counting.Counting", "LOCATION": REDIS_URL}
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
    {"NAME": "renkei.people.passwords.NotCommon"},
    {"NAME": "renkei.people.passwords.NotOneself"},
    {"NAME": "renkei.people.passwords.NoBirthday"},
    {"NAME": "renkei.people.passwords.NotUsedBefore"},
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
    "login_failed": "30/m/ip,5/15m/key",  # the second step; for passwords see people/attempts.py
    "password": "30/m/ip",
    "link": "30/m/ip",
    "change_password": "10/m/user",
    "reauthenticate": "10/m/user",
}
MFA_ADAPTER = "renkei.web.second_step.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds; that a code is good once is people/factors.py
MFA_RATE_LIMITS = {"webauthn_login": "20/m/ip"}
MFA_FORMS = {
    "authenticate": "renkei.web.second_step.CodeForm",
    "reauthenticate": "renkei.web.second_step.CodeAgainForm",
    "activate_totp": "renkei.web.second_step.ActivateForm",
    "add_webauthn": "renkei.web.second_step.NewPasskeyForm",
    "authenticate_webauthn": "renkei.web.second_step.PasskeyForm",
    "login_webauthn": "renkei.web.second_step.PasskeyAloneForm",
    "reauthenticate_webauthn": "renkei.web.second_step.PasskeyAgainForm",
}
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/home"
SESSION_ENGINE = "renkei.people.sessions"
SESSION_COOKIE_NAME = "__Host-renkei" if BEHIND_TLS else "renkei"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BEHIND_TLS
DEVICE_COOKIE_NAME = "__Host-device" if BEHIND_TLS else "device"
DEVICE_CERTIFICATE_HEADER = os.environ.get("RENKEI_CERTIFICATE_HEADER", "").strip().lower()
CSRF_COOKIE_NAME = "__Host-csrf" if BEHIND_TLS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_FAILURE_VIEW = "renkei.web.errors.csrf_failed"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000  # bytes of a form without its files
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_NUMBER_FILES = 10
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

EMAIL_URL = os.environ.get("EMAIL_URL", "")
_mail = urlsplit(EMAIL_URL)
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _mail.scheme.startswith("smtp")
    else "django.core.mail.backends.dummy.EmailBackend"
)
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.username or "", _mail.password or ""
EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
EMAIL_TIMEOUT = 10  # seconds
BOUNCES = os.environ.get("RENKEI_BOUNCES", "").strip()
PUSH_LOOPBACK = os.environ.get("RENKEI_PUSH_LOOPBACK", "") == "1"
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
        "botocore": {"level": "WARNING"},  # at DEBUG it would tell headers and answers
        "boto3": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["account.W001"]
