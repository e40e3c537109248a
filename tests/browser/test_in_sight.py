"""What a page has to say is in sight wherever on the page somebody types, and covers nothing they type into."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from conversations.models import State, User
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import address, held, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.builders import reached, save, settled
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

SCREENS = pytest.mark.parametrize(
    ("size", "scheme"), [({**WIDE, "height": 500}, "light"), ({**PANEL, "height": 620}, "dark")]
)


def uncovered(field: Locator) -> bool:
    """Whether all of a field can be seen: nothing lies over it, and it is on the screen."""
    found: bool = field.evaluate(
        """(field) => {
            const { left, right, top, bottom } = field.getBoundingClientRect();
            return [top + 2, bottom - 2].every((y) => document.elementFromPoint((left + right) / 2, y) === field);
        }"""
    )
    return found


def typing_far_down(page: Page, text: str = "typed far down") -> Locator:
    notes = page.locator("[name='set.notes']")
    page.locator("details:has([name='set.notes']) > summary").evaluate_all(
        "all => all.forEach(each => each.parentElement.open = true)"
    )
    notes.fill(text)
    # As close to the upper edge as the page lets it come: there it would be covered first.
    notes.evaluate("each => each.scrollIntoView({ block: 'start' })")
    assert page.evaluate("scrollY") > 0
    assert uncovered(notes)
    return notes


class TestABanner:
    @SCREENS
    @pytest.mark.parametrize("panel", [False, True])
    def test_about_the_line_and_the_sign_in_is_seen_while_typing(
        self, visit: Visit, sandbox: Sandbox, size: dict[str, int], scheme: str, panel: bool
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent, viewport=size, color_scheme=scheme)
        visitor.may_complain("Failed to fetch", "ERR_FAILED", "401")
        if panel:
            into_the_panel(visitor, agent)
        page = visitor.go(f"/panel/{made.id}/" if panel else address(made))
        notes = typing_far_down(page)
        page.route("**/edits", lambda route: route.abort())
        page.keyboard.press("Control+s")
        expect(page.locator("#unsent")).to_be_in_viewport(ratio=1)
        expect(notes).to_be_focused()
        assert uncovered(notes)
        page.route("**/poll?*", lambda route: route.abort())
        expect(page.locator("#offline")).to_be_in_viewport(ratio=1, timeout=20_000)
        assert uncovered(notes)
        page.unroute("**/poll?*")
        expect(page.locator("#offline")).to_be_hidden(timeout=20_000)
        page.route("**/poll?*", lambda route: route.fulfill(status=401))
        expect(page.locator("#signed-out")).to_be_in_viewport(ratio=1, timeout=15_000)
        assert uncovered(notes)

    @SCREENS
    def test_about_what_changed_back_is_seen_while_typing(
        self, visit: Visit, sandbox: Sandbox, admin: User, size: dict[str, int], scheme: str
    ) -> None:
        made = held(sandbox.conversation(attributes={"priority": "Silver"}))
        edit = settled(save(made, {"priority": "Gold"}, by=admin, baseline="Silver"))
        page = visit(admin, viewport=size, color_scheme=scheme).go(address(made))
        notes = typing_far_down(page)
        sandbox.write(made, {"priority": "Silver"})
        reached(edit, State.REVERTED)
        expect(page.locator(f"#b{edit.pk}")).to_be_in_viewport(ratio=1, timeout=15_000)
        assert uncovered(notes)


@pytest.mark.parametrize(
    ("size", "scheme"), [({**WIDE, "height": 540}, "light"), ({**PANEL, "height": 620}, "dark")]
)
def test_why_nothing_was_saved_is_seen_beside_the_field_that_is_wrong(
    visit: Visit, sandbox: Sandbox, size: dict[str, int], scheme: str
) -> None:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent, viewport=size, color_scheme=scheme)
    visitor.may_complain("422")
    page = visitor.go(address(made))
    page.fill("[name='set.card_last4']", "12345")
    page.fill("[name='set.callback_date']", "")
    page.keyboard.press("Control+s")
    wrong = page.locator("[name='set.card_last4']")
    expect(wrong).to_be_focused()
    expect(page.locator("#errors [role=alert]")).to_be_in_viewport(ratio=1)
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    assert uncovered(wrong)
    typing_far_down(page)
    expect(page.locator("#errors [role=alert]")).to_be_in_viewport(ratio=1)


#: How much of the screen has moved by itself since the page began to load, as browsers count it.
MOVED = """() => new Promise((done) => {
    let moved = 0;
    const add = (list) => { for (const each of list.getEntries()) if (!each.hadRecentInput) moved += each.value; };
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved))));
})"""


@pytest.mark.parametrize("size", [WIDE, PANEL])
@pytest.mark.parametrize(
    "path", ["/?q=nobody", "/edits/?key=nobody"]
)  # rows come and go by themselves
def test_nothing_jumps_while_a_list_opens(
    visit: Visit, colleague: User, path: str, size: dict[str, int]
) -> None:
    page = visit(colleague, viewport=size).go(path)
    expect(page.locator("#chip")).to_contain_text("Live ·", timeout=30_000)
    assert page.evaluate(MOVED) < 0.01
