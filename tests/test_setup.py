"""What `bin/setup` says on a machine it cannot prepare: one sentence, and how to mend it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT

#: What each stands in for: a Python that is too old, and one without the parts that make a virtual environment.
OLD = 'case "$*" in *version_info*) exit 1;; --version) echo "Python 3.9.2";; esac'
BARE = 'case "$*" in *ensurepip*) exit 1;; esac'


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "setup", tmp_path / "bin" / "setup")
    return tmp_path


def set_up(place: Path, python: str) -> subprocess.CompletedProcess[str]:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        stand_in = place / "bin" / name
        stand_in.write_text(f"#!/bin/sh\n{python}\n")
        stand_in.chmod(0o755)
    environment = {"PATH": f"{place / 'bin'}:/usr/bin:/bin", "HOME": str(place)}
    return subprocess.run(
        ["bin/setup", "run"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (OLD, "Python 3.11 or newer is needed and Python 3.9.2 is here"),
        (BARE, "Python's ensurepip is missing"),
    ],
    ids=["too old", "without ensurepip"],
)
def test_a_python_that_will_not_do_is_said_in_one_sentence(
    elsewhere: Path, python: str, words: str
) -> None:
    done = set_up(elsewhere, python)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith(f"midcall: {words}")
    assert "sudo apt install" in line
    assert not (elsewhere / ".venv").exists()


def test_what_is_prepared_is_not_prepared_again() -> None:
    """Here everything is installed already: nothing is said, and nothing that was made is touched."""
    subprocess.run(["bin/setup", "test"], cwd=ROOT, env=dict(os.environ), check=True)
    made = [ROOT / "var" / "static" / "staticfiles.json", ROOT / ".venv" / "pyvenv.cfg"]
    before = [each.stat().st_mtime_ns for each in made]
    again = subprocess.run(
        ["bin/setup", "test"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (again.stdout, again.stderr) == ("", "")
    assert [each.stat().st_mtime_ns for each in made] == before
