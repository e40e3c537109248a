"""One sandbox process for all tests here; at its end everything it ever sent is held against the definition."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.client import Caller, control
from tests.sandbox.definition import problems, reference
from tests.sandbox.process import SandboxProcess

collect_ignore = [] if reference() else ["test_samples.py", "test_definition.py"]


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running sandbox with few conversations, no delay worth mentioning, and a tape."""
    tape = tmp_path_factory.mktemp("sandbox") / "tape.jsonl"
    arguments = ("--conversations", "10", "--persist-delay-ms", "20", "--rate-limit", "100000")
    with SandboxProcess(*arguments, "--tape", str(tape)) as process:
        yield process.url
        code, complaints = process.end()
    assert (code, complaints) == (0, "")
    check_tape(tape)


def check_tape(tape: Path) -> None:
    """Fail with what the sandbox sent and should not have sent."""
    found = problems(tape) if reference() else []
    assert not found, "\n".join(["the sandbox strays from the published definition:", *found])


@pytest.fixture
def sandbox(sandbox_url: str) -> Caller:
    """The sandbox, freshly reset, behaving, with a caller who is signed in."""
    return fresh(sandbox_url, conversations=0)


@pytest.fixture
def world(sandbox_url: str) -> Caller:
    """The sandbox with a world of ten conversations that live."""
    return fresh(sandbox_url, conversations=10)


def fresh(url: str, conversations: int) -> Caller:
    """Reset first: the last test may have left a limit nobody can sign in under."""
    control(url, "POST", "reset", {"conversations": conversations})
    return Caller(url)
