"""The README names what is there, and leaves out nothing that can be set."""

import re

import pytest

from tests.processes import ROOT

README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "dashboard" / "settings.py").read_text()


def places() -> list[str]:
    """The paths under "Where things are": those indented stand in the folder above them."""
    found: list[str] = []
    folder = ""
    tree = README.partition("## Where things are")[2].split("```")[1]
    for line in tree.strip().splitlines():
        names = re.split(r"\s{2,}", line.strip())[:-1]
        indented = line.startswith(" ")
        if not indented:
            folder = names[0]
        found += [f"{folder if indented else ''}{name}" for name in names]
    return found


@pytest.mark.parametrize("place", places())
def test_what_it_points_to_is_there(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', SETTINGS))))
def test_every_setting_is_in_it(name: str) -> None:
    assert f"`{name}`" in README
