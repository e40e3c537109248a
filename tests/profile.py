"""The environment of a test run, set before Django reads it: a database, a broker folder and ports of its own.

Loaded by pytest as a plugin (`-p tests.profile`), early enough for the settings. `MIDCALL_TEST_PROFILE` chooses what
the product runs on: `embedded` (SQLite and the file broker), `redis` or `rabbitmq` (both with PostgreSQL).
"""

import atexit
import os
import shutil
import socket
import tempfile
import uuid
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

PROFILE = os.environ.get("MIDCALL_TEST_PROFILE", "embedded")
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
BROKERS = {
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}

#: Short enough for a suite of minutes, long enough for a loaded machine.
VERIFY_WINDOW_SECONDS = 2.0
EDIT_DEADLINE_SECONDS = 12.0


def free_port() -> int:
    with closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return port


def _own_database() -> str:
    """A fresh database on the PostgreSQL server, dropped at the end."""
    name = f"midcall_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")

    def drop() -> None:
        # No test's limit of time holds here any more: a server that hangs must not keep this process.
        with psycopg.connect(
            POSTGRES,
            autocommit=True,
            connect_timeout=5,
            tcp_user_timeout=10_000,
            options="-c statement_timeout=30000",
        ) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    atexit.register(drop)
    return urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}"))


def _place() -> Path | None:
    """In memory where there is room: what is tested is killed processes, not power cuts, and no flush is waited for.

    Measurements want the disk (`MIDCALL_TEST_ON_DISK`): there every commit is flushed, as at work.
    """
    if os.environ.get("MIDCALL_TEST_ON_DISK"):
        return None
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    return memory if roomy else None


def _set_up() -> None:
    folder = Path(tempfile.mkdtemp(prefix="midcall-tests-", dir=_place()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sandbox = f"http://127.0.0.1:{free_port()}"
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "PUBLIC_URL", "GENESYS_REGION"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "MIDCALL_DATA_DIR": str(folder),
        "GENESYS_API_URL": sandbox,
        "GENESYS_LOGIN_URL": sandbox,
        "GENESYS_CLIENT_ID": "sandbox",
        "GENESYS_CLIENT_SECRET": "sandbox",
        "SANDBOX_PORT": sandbox.rpartition(":")[2],
        "PORT": str(free_port()),
        # Two sites beside each other, around the panel: `tests/browser/surroundings.py` serves them.
        "DESKTOP_PORT": (desktop := str(free_port())),
        "PANEL_ANCESTORS": f"http://localhost:{desktop},http://crm.localhost:{desktop}",
        "VERIFY_WINDOW_SECONDS": str(VERIFY_WINDOW_SECONDS),
        "EDIT_DEADLINE_SECONDS": str(EDIT_DEADLINE_SECONDS),
        "FEED_LEASE_SECONDS": "2",
        "CELERY_QUEUE": f"midcall-test-{uuid.uuid4().hex[:8]}",
    }
    if PROFILE != "embedded":
        os.environ |= {"DATABASE_URL": _own_database(), "CELERY_BROKER_URL": BROKERS[PROFILE]}


_set_up()
