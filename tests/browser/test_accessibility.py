"""axe finds nothing: every page, both themes, three widths, on pages that show every state an edit can be in."""

import hashlib
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from conversations.models import SavedView, State, User
from tests.browser.conftest import THEMES, Visitor
from tests.browser.every_page import PAGES, addresses, visitor_of_all
from tests.builders import a_user
from tests.genesys import Sandbox

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
    assert_nothing_is_found(page, axe)


def test_no_finding_on_the_sign_in(visit: Visit, axe: str) -> None:
    assert_nothing_is_found(visit().go("/accounts/login/"), axe)


def test_no_finding_on_the_help(visit: Visit, admin: User, axe: str) -> None:
    page = visit(admin).go("/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert_nothing_is_found(page, axe)


def test_no_finding_on_the_choice_of_columns(visit: Visit, admin: User, axe: str) -> None:
    page = visit(admin).go("/")
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_nothing_is_found(page, axe)


def test_no_finding_on_a_view_to_rename(visit: Visit, admin: User, axe: str) -> None:
    SavedView.objects.create(user=admin, name=f"view {admin.pk}", query="media=voice")
    page = visit(admin).go("/?media=voice")
    page.get_by_role("button", name="Rename or delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_nothing_is_found(page, axe)


def test_no_finding_on_what_is_not_allowed(visit: Visit, axe: str) -> None:
    visitor = visit(a_user())
    visitor.may_complain("403")
    assert_nothing_is_found(visitor.go("/catalogue/"), axe)


def test_no_finding_while_genesys_is_asked(
    visit: Visit, sandbox: Sandbox, admin: User, axe: str
) -> None:
    sandbox.fault("hang", None, call="read", seconds=10, times=1)
    visitor = visit(admin)
    visitor.may_complain("404")
    page = visitor.go(f"/conversations/{uuid4()}/")
    expect(page.locator("#words")).to_be_visible()
    assert_nothing_is_found(page, axe)


def assert_nothing_is_found(page: Page, axe: str) -> None:
    """In both themes, at three widths."""
    found: list[str] = []
    for scheme, width in product(THEMES, (320, 400, 1280)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{scheme}, {width} px: {each}" for each in problems(page, axe)]
        assert not wider_than_the_screen(page), f"scrolls sideways at {width} px"
    assert not found, "\n".join(found)


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
