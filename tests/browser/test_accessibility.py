"""axe finds nothing: every page, both themes, three widths, on pages that show every state an edit can be in."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeDefinition, Diagnosis, State, User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, counted, held
from tests.browser.showcase import all_states
from tests.builders import save, settled
from tests.genesys import Sandbox
from tests.processes import until

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


@pytest.fixture
def addresses(sandbox: Sandbox, admin: User) -> Iterator[dict[str, str]]:
    odd = {"Priority": "x", "case-id": "x", "ivr.path": "2"}
    made = held(sandbox.conversation(attributes={"priority": "Gold", "other one": "x", **odd}))
    counted(*odd)
    shown = all_states(made, admin)
    told = held(sandbox.conversation(attributes={"priority": "Gold"}))
    done = settled(save(told, {"priority": "Silver"}, by=admin))
    sandbox.fault("stored_coerced", told, times=1)
    lost = settled(save(told, {"case_id": "C-1"}, by=admin))
    until(Diagnosis.objects.filter(pk=lost.pk, found_at__gt=0).exists, what="the cause is found")
    ended = held(sandbox.conversation())
    sandbox.act(ended, "end")
    yield {
        "board": "/?size=25",
        "board at work": "/?size=25&with=priority&sort=-attr.priority",
        "board refused": "/?media=fax",
        "a view to save": "/views/new/?query=media%3Dvoice",
        "nothing found": "/?q=nobody-of-this-name",
        "conversation": address(made),
        "ended": address(ended),
        "link": f"{address(made)}?set.priority=Silver&set.case_id=7&set.ivr.path=3&set.colour=red",
        "edits": "/edits/",
        "edit": f"/edits/{shown.edits[State.REJECTED].pk}/",
        "edit with a cause": f"/edits/{lost.pk}/",
        "undo": f"/edits/{done.pk}/",
        "history": f"{address(told)}history/",
        "catalogue": "/catalogue/",
        "catalogue entry": "/catalogue/new/",
        "check of keys": "/catalogue/lint/",
        "what was done": "/catalogue/lint/done/",
        "import and export": "/catalogue/import/",
        "people": "/people/",
        "status": "/status/",
        "person": f"/people/{admin.pk}/",
        "participants": f"{address(made)}participants/",
        "profile": "/profile/",
        "not here": "/nowhere/",
    }
    AttributeDefinition.objects.filter(key__startswith="demo_").delete()


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_finding(
    visit: Visit, admin: User, addresses: dict[str, str], axe: str, width: int, scheme: str
) -> None:
    visitor = visit(admin, viewport={"width": width, "height": 900}, color_scheme=scheme)
    visitor.may_complain("404")
    found: list[str] = []
    for name, path in addresses.items():
        page = visitor.go(path)
        expect(page.locator("h1").first).to_be_visible()
        if name == "conversation":
            states = page.locator("[data-field] .badge").evaluate_all(
                "all => all.map(each => each.dataset.state)"
            )
            assert set(states) == {str(state) for state in State}
            page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        found += [f"{name}: {each}" for each in problems(page, axe)]
        assert not wider_than_the_screen(page), f"{name} scrolls sideways"
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
    page.evaluate(axe)
    options = json.dumps({"runOnly": {"type": "tag", "values": TAGS}})
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
