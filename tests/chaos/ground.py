"""The environment of a storm, set before Django reads it: servers of its own, then what every test run has."""

import atexit
import os

import django

from tests.chaos.servers import PostgreSQL, RabbitMQ, Redis, Server

database: Server | None = None
broker: Server | None = None

#: Long enough for a lease to run out, an outage and every attempt after it.
DEADLINE_SECONDS = 120


def _start(server: Server) -> None:
    atexit.register(
        server.end
    )  # before the profile's own: its database is dropped while the server still runs
    server.prepare()
    server.start()


_profile = os.environ.get("MIDCALL_TEST_PROFILE", "embedded")
if _profile != "embedded":
    database = PostgreSQL()
    broker = Redis() if _profile == "redis" else RabbitMQ()
    _start(database)
    _start(broker)
    os.environ["TEST_POSTGRES_URL"] = database.url
    os.environ[f"TEST_{_profile.upper()}_URL"] = broker.url

from tests import profile  # noqa: E402, F401 - it reads the addresses just set

os.environ |= {
    "VERIFY_WINDOW_SECONDS": "6",
    "EDIT_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
    "LOG_LEVEL": "WARNING",
}
django.setup()
