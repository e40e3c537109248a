"""All settings, top to bottom. The only file that reads the environment; .env.example explains every name."""

import os
import re
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from environs import Env, EnvError, validate

from conversations.genesys.config import Config
from dashboard import logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"  # everything this machine keeps: database, broker folder, secret key


def _process_name(argv: list[str]) -> str:
    program = Path(argv[0]).name
    if program == "manage.py":
        return argv[1] if len(argv) > 1 else program
    return {"celery": "worker", "granian": "web"}.get(program, program)


PROCESS = _process_name(sys.argv)

# --- The environment -------------------------------------------------------------------------------

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)
_SHORTEST_KEY = 50
#: The ways to a broker that `dashboard/celery.py` has settings for.
_BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps", "doorbell")
_http = validate.URL(schemes={"http", "https"}, require_tld=False)

try:
    DEBUG = env.bool("DJANGO_DEBUG", default=False)
    DATA_DIR = Path(env.str("MIDCALL_DATA_DIR", default=str(VAR)))
    PUBLIC_URL = env.str("PUBLIC_URL", default="", validate=lambda url: not url or _http(url))
    DATABASE = env.dj_db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'midcall.sqlite3'}")
    BROKER_URL = env.str("CELERY_BROKER_URL", default="doorbell://localhost")
    if urlsplit(BROKER_URL).scheme not in _BROKERS:
        # Without the address: it may hold a password.
        raise EnvError(
            f"Environment variable CELERY_BROKER_URL invalid: it has to begin with one of {', '.join(_BROKERS)}"
        )
    QUEUE = env.str("CELERY_QUEUE", default="midcall", validate=validate.Length(min=1))

    VERIFY_WINDOW_SECONDS = env.float(
        "VERIFY_WINDOW_SECONDS", default=10.0, validate=validate.Range(min=0.5, max=600)
    )
    EDIT_DEADLINE_SECONDS = env.float(
        "EDIT_DEADLINE_SECONDS", default=120.0, validate=validate.Range(min=1, max=86_400)
    )
    REQUESTS_PER_MINUTE = env.int(
        "REQUESTS_PER_MINUTE", default=300, validate=validate.Range(min=1, max=1_000_000)
    )
    if EDIT_DEADLINE_SECONDS < VERIFY_WINDOW_SECONDS:
        raise EnvError(
            "Environment variable EDIT_DEADLINE_SECONDS is shorter than VERIFY_WINDOW_SECONDS; "
            "an edit needs time to be read back"
        )

    _region = env.str("GENESYS_REGION", default="")
    _api_url = env.str("GENESYS_API_URL", default="", validate=lambda url: not url or _http(url))
    SANDBOX_PORT = env.int("SANDBOX_PORT", default=8085, validate=validate.Range(min=1, max=65_535))
    if _region:
        GENESYS = Config.for_region(
            _region, env.str("GENESYS_CLIENT_ID"), env.str("GENESYS_CLIENT_SECRET")
        )
    elif _api_url:
        GENESYS = Config(
            api_url=_api_url,
            login_url=env.str("GENESYS_LOGIN_URL", validate=_http),
            client_id=env.str("GENESYS_CLIENT_ID"),
            client_secret=env.str("GENESYS_CLIENT_SECRET"),
        )
    elif PUBLIC_URL:
        raise EnvError(
            "Environment variable GENESYS_REGION not set; PUBLIC_URL says this is not a desk, "
            "so no sandbox stands in for Genesys"
        )
    else:  # no organisation configured: the sandbox on this machine plays Genesys
        _sandbox = f"http://127.0.0.1:{SANDBOX_PORT}"
        GENESYS = Config(
            api_url=_sandbox,
            login_url=_sandbox,
            client_id="sandbox",
            client_secret="sandbox",  # noqa: S106 - it is public
        )
    if not GENESYS.client_id or not GENESYS.client_secret:
        raise EnvError("Environment variable GENESYS_CLIENT_ID or GENESYS_CLIENT_SECRET is empty")

    _more_ancestors: list[str] = env.list("PANEL_ANCESTORS", default=[])
    for _origin in _more_ancestors:
        # It goes into a header as it is.
        if not re.fullmatch(r"https?://(\*\.)?[a-z0-9.-]+(:\d+)?", _origin):
            raise EnvError(
                f"Environment variable PANEL_ANCESTORS invalid: {_origin!r} is not an origin such as https://crm.example"
            )

    # This machine's own names as well: health checks and what gathers metrics come from here.
    ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=[]), "127.0.0.1", "localhost", "[::1]"]
    if env.str("GENESYS_SSO_CLIENT_ID", default=""):
        raise EnvError(
            "Environment variable GENESYS_SSO_CLIENT_ID is set, and this version has no single sign-on; "
            "staff sign in with a name and a password"
        )
    SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")
    if not SECRET_KEY and PUBLIC_URL:
        raise EnvError(
            "Environment variable DJANGO_SECRET_KEY not set; PUBLIC_URL says this is not a desk, "
            "so no key is made up for it"
        )
    if SECRET_KEY and len(SECRET_KEY) < _SHORTEST_KEY and urlsplit(PUBLIC_URL).scheme == "https":
        raise EnvError(
            f"Environment variable DJANGO_SECRET_KEY is shorter than {_SHORTEST_KEY} characters; "
            "who guesses it can sign in as anybody"
        )
    #: Names or ids of the queues to follow; none: all.
    LISTEN_QUEUES = env.list("LISTEN_QUEUES", default=[], subcast=str.strip)
    FEED_LEASE_SECONDS = env.float(
        "FEED_LEASE_SECONDS", default=5.0, validate=validate.Range(min=2, max=60)
    )
    _century = 36_500  # more would lead to a day before the calendar begins
    KEEP_CONVERSATIONS_DAYS = env.float(
        "KEEP_CONVERSATIONS_DAYS", default=7.0, validate=validate.Range(min=0.01, max=_century)
    )
    KEEP_EDITS_DAYS = env.float(
        "KEEP_EDITS_DAYS", default=400.0, validate=validate.Range(min=1, max=_century)
    )
    LOG_LEVEL = env.str(
        "LOG_LEVEL", default="INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
    )
except (EnvError, ValueError) as _complaint:
    sys.exit(f"midcall: {str(_complaint).rstrip('.')}.")

#: The sandbox is in use: demo accounts may sign in, and the status page says that this is not a real organisation.
SANDBOX = GENESYS.client_id == "sandbox" and urlsplit(GENESYS.api_url).hostname in {
    "127.0.0.1",
    "localhost",
}


def _desk_secret_key() -> str:
    """The key kept in the data folder, made on first use: sessions survive a restart."""
    file = DATA_DIR / "secret_key"
    try:
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            aside = DATA_DIR / f"secret_key.{secrets.token_hex(4)}"
            aside.touch(mode=0o600)
            aside.write_text(secrets.token_urlsafe(50))
            try:
                file.hardlink_to(aside)  # whoever comes second keeps the first one's key
            except FileExistsError:
                pass
            finally:
                aside.unlink()
        return file.read_text()
    except OSError as error:
        sys.exit(f"midcall: no secret key can be kept in {DATA_DIR}: {error.strerror}.")


SECRET_KEY = SECRET_KEY or _desk_secret_key()

#: Who may show the panel in a frame: the agent desktop, and sites around or beside it.
PANEL_ANCESTORS = [GENESYS.apps_url, *_more_ancestors]

# --- Django ----------------------------------------------------------------------------------------

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
AUTH_USER_MODEL = "conversations.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "dashboard",
    "conversations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "template_partials",
]

MIDDLEWARE = [
    "dashboard.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "dashboard.panel.middleware.Policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django_brotli.middleware.BrotliMiddleware",  # fifty rows in 4 KB, where gzip needs 5
    "dashboard.panel.middleware.Sessions",
    "django.middleware.locale.LocaleMiddleware",  # the language of the browser
    "dashboard.panel.middleware.placed",
    "django.middleware.common.CommonMiddleware",
    "dashboard.panel.middleware.ForgedPosts",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.middleware.SignInRequired",
    "dashboard.middleware.own_zone",
    "dashboard.middleware.own_language",
    "dashboard.middleware.not_kept",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.in_words",
]

os.environ.setdefault(
    "BROTLI_QUALITY", "6"
)  # django-brotli asks the environment; 1.5 ms for a page of rows

# The check looks for Django's own name; `ForgedPosts` is that middleware, with the panel's session.
SILENCED_SYSTEM_CHECKS = ["security.W003"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.place.context",
                "dashboard.notices.context",
            ]
        },
    }
]

# --- Database --------------------------------------------------------------------------------------

if DATABASE["ENGINE"].endswith("sqlite3"):
    DATABASE["ENGINE"] = "dashboard.sqlite"
    DATABASE["OPTIONS"] = {
        # A reader that turns writer in the middle of a transaction cannot wait for the lock; one that
        # says at the start that it will write can.
        "transaction_mode": "IMMEDIATE",
        # A person waits for a page, and a process has one thread for all of them: better say so, and soon.
        "timeout": 3 if PROCESS == "web" else 20,
        # FULL: an edit answered as saved survives a power cut; NORMAL may forget the last commits.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    # A process frozen in the middle of a transaction would hold its row locks for as long as it is frozen, and hold
    # up everybody who needs the row; ours take milliseconds.
    _server_side = "-c idle_in_transaction_session_timeout=5000"
    if PROCESS in ("web", "worker", "listen"):
        # A server that is there and never done (a disk that hangs, a lock nobody lets go) must not keep a thread for
        # ever. What an operator runs may take its time: a migration, a report.
        _server_side += " -c statement_timeout=60000"
    # The address has the last word: postgres://...?keepalives_idle=60
    _from_url = DATABASE.get("OPTIONS", {})
    DATABASE["OPTIONS"] = {
        "connect_timeout": 5,
        # A machine that vanishes (no power, no network) ends no connection, and by itself the system waits for it for
        # two hours. Who waits for an answer asks after 5 s whether anybody is there, and gives up 6 s later; who was
        # sending waits 10 s for a receipt. A server that computes for long is not meant: its machine answers.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": _server_side,
        **_from_url,
    }
DATABASE["CONN_MAX_AGE"] = None  # a new connection a request costs six times the answer
DATABASE["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": DATABASE}

# In each process: what the board keeps for some seconds. Nobody relies on it, so it need not be shared.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    }
}

# --- Staff, sessions, safety -----------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["dashboard.signing_in.Accounts"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "board"
LOGOUT_REDIRECT_URL = "login"
# In the database: a session must be revocable, and every web process must see it.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
# Not in a cookie: in the panel that would be one more for browsers to keep apart.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

if PUBLIC_URL:
    _public = urlsplit(PUBLIC_URL)
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, _public.hostname or ""]
    CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
    if _public.scheme == "https":
        SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        SECURE_SSL_REDIRECT = True
        SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside
        SECURE_HSTS_SECONDS = 31_536_000
        SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Words, times, static files --------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR / "static"  # bin/setup collects them there
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Names with a hash of the content, so that browsers may keep them for ever; compressed once, not per request.
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Logs: one line an event, key=value, never an attribute value or a token -------------------------


def _name_process(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    event["process"] = PROCESS
    return event


_SHARED_PROCESSORS: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _name_process,
    structlog.stdlib.ExtraAdder(logs.HARMLESS),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _SHARED_PROCESSORS,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                logs.briefly,
                logs.without_values,
                structlog.processors.EventRenamer("event"),
                structlog.processors.LogfmtRenderer(
                    key_order=["timestamp", "level", "process", "logger", "event"]
                ),
            ],
        }
    },
    # Standard error: JSON of commands has standard output to itself.
    "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["line"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": [], "propagate": True},
        "websockets": {"level": "WARNING"},
        # While debugging these two would write out statements with their values, and what a page is made of.
        "django.db.backends": {"level": "INFO"},
        "django.template": {"level": "INFO"},
        "celery": {"level": "WARNING"},
        # It warns at every start that tasks with an ETA would not be delayed; there are none.
        "kombu.transport.native_delayed_delivery": {"level": "ERROR"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED_PROCESSORS[:-1],
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
