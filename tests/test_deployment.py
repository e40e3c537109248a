"""What is deployed is what is tested: compose.yaml and the image against the Procfile and the settings."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import PROCFILE, ROOT, Process, manage

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("web", "worker", "listen")
DOCKERFILE = (ROOT / "Dockerfile").read_text().splitlines()


def words(command: str) -> list[str]:
    """A command without what differs between a desk and a container."""
    command = command.removeprefix("exec ").replace("${PORT:-8000}", "8000")
    return [word for word in shlex.split(command) if word not in ("127.0.0.1", "0.0.0.0")]


class TestCompose:
    @pytest.mark.parametrize("name", OURS)
    def test_runs_the_processes_of_the_procfile(self, name: str) -> None:
        assert words(SERVICES[name]["command"]) == words(PROCFILE[name])

    def test_runs_all_of_them_but_the_sandbox(self) -> None:
        assert set(PROCFILE) - {"sandbox"} == set(OURS)

    @pytest.mark.parametrize("name", [*OURS, "database", "broker"])
    def test_watches_every_lasting_service(self, name: str) -> None:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
        assert SERVICES[name]["restart"] == "always"

    @pytest.mark.parametrize("name", OURS)
    def test_starts_ours_after_what_they_need(self, name: str) -> None:
        after = SERVICES[name]["depends_on"]
        assert after["migrate"]["condition"] == "service_completed_successfully"
        assert after["database"]["condition"] == after["broker"]["condition"] == "service_healthy"
        assert SERVICES[name]["read_only"] is True
        assert all("size=" in each for each in SERVICES[name]["tmpfs"])  # it is memory

    def test_pins_every_image_exactly(self) -> None:
        images = [SERVICES[name]["image"] for name in ("database", "broker")]
        images += [line.split()[1] for line in DOCKERFILE if line.startswith("FROM ")]
        for image in images:
            version = image.partition(":")[2].partition("-")[0]
            assert version.count(".") >= 1, image

    def test_knows_every_setting_it_sets(self) -> None:
        known = (ROOT / ".env.example").read_text()
        for name in SERVICES["web"]["environment"]:
            assert f"#{name}=" in known


class TestTheImage:
    def test_runs_as_nobody_in_particular(self) -> None:
        users = [line for line in DOCKERFILE if line.startswith("USER ")]
        assert users == ["USER 10001:10001"]
        assert DOCKERFILE.index(users[0]) > max(
            n for n, line in enumerate(DOCKERFILE) if line.startswith("FROM ")
        )

    def test_copies_only_what_is_let_in_and_what_is_there(self) -> None:
        copied = {
            line.split()[1]
            for line in DOCKERFILE
            if line.startswith("COPY ") and "--from" not in line
        }
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert copied == {line[1:] for line in ignored if line.startswith("!")}
        assert all((ROOT / name).exists() for name in copied)
        assert not copied & {"sandbox", "tests", "bench", "var", ".env"}


@pytest.mark.usefixtures("database")
class TestAlive:
    def test_is_said_of_a_living_worker(self, worker: Process) -> None:
        assert manage("alive", "worker").returncode == 0

    def test_is_not_said_where_nobody_is(self, tmp_path: Path) -> None:
        elsewhere = {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
        assert manage("migrate", **elsewhere).returncode == 0
        assert manage("alive", "listen", **elsewhere).returncode == 1
