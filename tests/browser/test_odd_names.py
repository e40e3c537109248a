"""Names of hundreds of letters push no page sideways, on a wide screen and in the panel."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from conversations.models import Role, SavedView
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import address, held
from tests.builders import a_user, save, settled
from tests.genesys import Sandbox

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("viewport", [WIDE, PANEL], ids=["wide", "panel"])
def test_no_page_is_wider_than_the_screen(
    visit: Visit, sandbox: Sandbox, viewport: dict[str, int]
) -> None:
    admin = a_user(Role.ADMIN)
    SavedView.objects.create(user=admin, name="V" * 60, query="media=voice")
    made = held(sandbox.conversation(attributes={"k" * 60: "v" * 200, "x" * 300: "1"}))
    edit = settled(save(made, {"k" * 60: "w" * 200}, by=admin))
    visitor = visit(admin, viewport=viewport)
    for path in (
        "/",
        address(made),
        f"{address(made)}history/",
        f"{address(made)}participants/",
        f"/edits/?conversation={made.id}",
        f"/edits/{edit.pk}/",
        f"/audit/?conversation={made.id}",
    ):
        page = visitor.go(path)
        expect(page.locator("h1").first).to_be_visible()
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
