"""A missing or malformed setting stops the start with one sentence that names it."""

import json
import os
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.processes import ROOT, manage
from tests.profile import PROFILE, free_port

WRONG = [
    ({"VERIFY_WINDOW_SECONDS": "soon"}, "VERIFY_WINDOW_SECONDS"),
    ({"VERIFY_WINDOW_SECONDS": "0"}, "VERIFY_WINDOW_SECONDS"),
    ({"EDIT_DEADLINE_SECONDS": "-1"}, "EDIT_DEADLINE_SECONDS"),
    ({"VERIFY_WINDOW_SECONDS": "60", "EDIT_DEADLINE_SECONDS": "30"}, "EDIT_DEADLINE_SECONDS"),
    ({"REQUESTS_PER_MINUTE": "0"}, "REQUESTS_PER_MINUTE"),
    ({"DATABASE_URL": "postgres//db"}, "DATABASE_URL"),
    ({"DJANGO_DEBUG": "perhaps"}, "DJANGO_DEBUG"),
    ({"PUBLIC_URL": "midcall.example"}, "PUBLIC_URL"),
    ({"PUBLIC_URL": "https://midcall.example", "DJANGO_SECRET_KEY": ""}, "DJANGO_SECRET_KEY"),
    ({"GENESYS_API_URL": "not a url"}, "GENESYS_API_URL"),
    ({"GENESYS_REGION": "https://mypurecloud.ie"}, "GENESYS_REGION"),
    ({"GENESYS_CLIENT_ID": ""}, "GENESYS_CLIENT_ID"),
    ({"PUBLIC_URL": "https://midcall.example", "DJANGO_SECRET_KEY": "k" * 49}, "DJANGO_SECRET_KEY"),
    ({"KEEP_EDITS_DAYS": "36501"}, "KEEP_EDITS_DAYS"),
    ({"KEEP_EDITS_DAYS": "nan"}, "KEEP_EDITS_DAYS"),
    ({"KEEP_CONVERSATIONS_DAYS": "1e9"}, "KEEP_CONVERSATIONS_DAYS"),
    ({"KEEP_CONVERSATIONS_DAYS": "inf"}, "KEEP_CONVERSATIONS_DAYS"),
    ({"CELERY_BROKER_URL": "kafka://user:secret@broker"}, "CELERY_BROKER_URL"),
    ({"CELERY_BROKER_URL": "redis.example:6379"}, "CELERY_BROKER_URL"),
    ({"GENESYS_SSO_CLIENT_ID": "an-id"}, "GENESYS_SSO_CLIENT_ID"),
    (
        {"PUBLIC_URL": "https://midcall.example", "GENESYS_API_URL": "", "GENESYS_REGION": ""},
        "GENESYS_REGION",
    ),
    ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ({"SANDBOX_PORT": "99999"}, "SANDBOX_PORT"),
    ({"MIDCALL_DATA_DIR": "/proc/nothing", "DJANGO_SECRET_KEY": ""}, "/proc/nothing"),
]


@pytest.mark.parametrize(("environment", "name"), WRONG)
def test_a_wrong_setting_stops_with_one_sentence(environment: dict[str, str], name: str) -> None:
    done = manage("check", **environment)
    assert done.returncode == 1
    assert name in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("midcall: ")
    assert not done.stderr.endswith("..\n")
    assert "secret@" not in done.stderr


@pytest.mark.parametrize("command", ["migrate", "conversations"])
def test_a_database_that_is_away_is_said_in_one_sentence(command: str) -> None:
    away = f"postgres://somebody:secret@127.0.0.1:{free_port()}/midcall"
    done = manage(command, DATABASE_URL=away)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("midcall: the database cannot be used")
    assert "DATABASE_URL" in line
    assert "secret" not in line


def options(address: str, program: str) -> dict[str, Any]:
    """How a process started by this program would connect to a database."""
    code = f"""
import json, sys
sys.argv = {program.split()}
from django.conf import settings
print(json.dumps(settings.DATABASES["default"]["OPTIONS"]))
"""
    done = subprocess.run(
        [".venv/bin/python", "-c", code],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class TestADatabaseThatFallsSilent:
    """PostgreSQL on a machine that vanishes, or on one that is there and never answers."""

    ADDRESS = "postgres://somebody:secret@db.example/midcall"

    def test_is_not_waited_for_by_the_hour(self) -> None:
        found = options(self.ADDRESS, "celery")
        assert found["connect_timeout"] <= 5
        silence = (
            found["keepalives_idle"] + found["keepalives_interval"] * found["keepalives_count"]
        )
        assert silence <= 15
        assert found["tcp_user_timeout"] <= 15_000

    def test_is_waited_for_as_its_address_says(self) -> None:
        found = options(f"{self.ADDRESS}?keepalives_idle=60&tcp_user_timeout=90000", "celery")
        assert (found["keepalives_idle"], found["tcp_user_timeout"]) == (60, 90_000)
        assert found["keepalives_count"] == 3

    @pytest.mark.parametrize(
        ("program", "limited"),
        [
            ("granian", True),
            ("celery", True),
            ("manage.py listen", True),
            ("manage.py migrate", False),
            ("manage.py conversations", False),
        ],
    )
    def test_may_take_its_time_where_an_operator_waits(self, program: str, limited: bool) -> None:
        said = options(self.ADDRESS, program)["options"]
        assert "idle_in_transaction_session_timeout" in said
        assert ("statement_timeout" in said) is limited

    @pytest.mark.pipeline
    @pytest.mark.brokerless
    @pytest.mark.usefixtures("database")
    @pytest.mark.skipif(PROFILE == "embedded", reason="SQLite is a file")
    def test_is_asked_whether_it_is_still_there(self) -> None:
        connection.ensure_connection()
        with closing(socket.socket(fileno=os.dup(connection.connection.fileno()))) as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            asked = [
                line.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
            assert asked == [5, 2, 3]
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


def test_this_machine_may_always_ask_under_its_own_names() -> None:
    """Health checks do, whatever names the site has for people."""
    code = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
    public = {"PUBLIC_URL": "https://midcall.example", "DJANGO_SECRET_KEY": "k" * 50}
    said = manage("shell", "-c", code, ALLOWED_HOSTS="midcall.internal", **public).stdout
    for name in ("127.0.0.1", "localhost", "[::1]", "midcall.internal", "midcall.example"):
        assert repr(name) in said


def test_a_secret_key_is_made_up_once_on_a_desk(tmp_path: object) -> None:
    folder = str(tmp_path)
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    first, second = (manage("shell", "-c", code, MIDCALL_DATA_DIR=folder).stdout for _ in range(2))
    assert first == second
    assert len(first.strip().splitlines()[-1]) > 50


def test_what_a_desk_keeps_is_for_nobody_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    database = data / "midcall.sqlite3"
    database.touch(mode=0o644)  # as an earlier release has left them
    assert manage("migrate", "--verbosity", "0", MIDCALL_DATA_DIR=str(data)).returncode == 0
    assert data.stat().st_mode & 0o777 == 0o700
    kept = [each for each in data.iterdir() if each.is_file()]
    assert database in kept
    assert {each.stat().st_mode & 0o077 for each in kept} == {0}
