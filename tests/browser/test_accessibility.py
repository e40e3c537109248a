"""axe finds nothing: every page, both themes, three widths, on pages that show every state an edit can be in."""

import hashlib
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.models import State, User
from tests.browser.conftest import THEMES, Visitor
from tests.browser.every_page import PAGES, addresses, visitor_of_all

__all__ = ["addresses", "visitor_of_all"]

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

AXE = Path(__file__).with_name("axe-4.14.1.min.js")
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def axe() -> str:
    source = AXE.read_text()
    assert hashlib.sha256(source.encode()).hexdigest() == AXE_SHA256
    return source


@pytest.mark.parametrize("name", PAGES)
def test_no_finding(
    visit: Visit, visitor_of_all: User, addresses: dict[str, str], axe: str, name: str
) -> None:
    visitor = visit(visitor_of_all)
    visitor.may_complain("404")
    page = visitor.go(addresses[name])
    expect(page.locator("h1").first).to_be_visible()
    if name == "conversation":
        states = page.locator("[data-field] .badge").evaluate_all(
            "all => all.map(each => each.dataset.state)"
        )
        assert set(states) == {str(state) for state in State}
        page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    found: list[str] = []
    for scheme, width in product(THEMES, (320, 400, 1280)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{scheme}, {width} px: {each}" for each in problems(page, axe)]
        assert not wider_than_the_screen(page), f"scrolls sideways at {width} px"
    assert not found, "\n".join(found)


def test_the_sign_in_has_no_finding(visit: Visit, axe: str) -> None:
    page = visit().go("/accounts/login/")
    assert not problems(page, axe)


def test_the_help_has_no_finding(visit: Visit, admin: User, axe: str) -> None:
    page = visit(admin).go("/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert not problems(page, axe)


def problems(page: Page, axe: str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    only = {"type": "tag", "values": TAGS}
    options = json.dumps({"runOnly": only, "resultTypes": ["violations"], "preload": False})
    result: dict[str, Any] = page.evaluate(f"axe.run(document, {options})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in result["violations"]
        for node in each["nodes"][:3]
    ]


def wider_than_the_screen(page: Page) -> bool:
    wider: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wider
