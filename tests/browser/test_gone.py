"""An interaction that ends or goes elsewhere while its agent types: what happened is said, and no word is lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeEdit, Role
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import address, held, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.browser.test_accessibility import AXE, problems, wider_than_the_screen
from tests.builders import a_user
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

PLACES = pytest.mark.parametrize(
    ("panel", "size", "scheme"), [(False, WIDE, "light"), (True, PANEL, "dark")]
)


def typing(page: Page, made: Made) -> None:
    page.locator("[name='set.priority']").select_option("Gold")
    page.locator("[name='set.case_id']").fill("C-4711")


def leave(sandbox: Sandbox, made: Made, how: str) -> None:
    """The call ends, or is passed to a queue in which nobody has answered yet."""
    sandbox.call("POST", f"conversations/{made.id}/{how}", {"waiting": True})


class TestAnInteractionThatIsNoLongerTheirs:
    @PLACES
    @pytest.mark.parametrize("how", ["end", "transfer"])
    def test_says_so_and_keeps_what_was_typed(
        self,
        visit: Visit,
        sandbox: Sandbox,
        panel: bool,
        size: dict[str, int],
        scheme: str,
        how: str,
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent, viewport=size, color_scheme=scheme)
        visitor.may_complain("404")
        visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
        if panel:
            into_the_panel(visitor, agent)
        page = visitor.go(f"/panel/{made.id}/" if panel else address(made))
        expect(page.locator("#state time")).to_be_visible()
        typing(page, made)
        leave(sandbox, made, how)
        gone = page.locator("#gone")
        expect(gone).to_be_in_viewport(timeout=20_000)
        expect(gone).to_contain_text(
            "You are no longer on this interaction: it ended or went to somebody else. "
            "What you typed here was NOT saved: copy it. "
            "What you saved before is still followed under Edits."
        )
        expect(page.locator("#state")).to_have_text("No longer yours")
        expect(page.locator("#state time")).to_have_count(0)
        expect(page.locator("#light")).to_be_empty()
        expect(page.locator("#save")).to_be_disabled()
        expect(page.locator("#why")).to_contain_text("this interaction is no longer yours")
        page.locator("[name='set.case_id']").focus()
        page.keyboard.press("Control+s")
        expect(page.locator("[name='set.priority']")).to_have_value("Gold")
        expect(page.locator("[name='set.case_id']")).to_have_value("C-4711")
        page.get_by_role("button", name="Copy what you typed").click()
        expect(page.locator("#say")).to_have_text("Copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == "Priority: Gold\nCase number: C-4711"
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()
        assert not wider_than_the_screen(page)
        assert not problems(page, AXE.read_text())

    def test_says_nothing_of_typing_to_who_typed_nothing(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("404")
        page = visitor.go(address(made))
        leave(sandbox, made, "transfer")
        expect(page.locator("#gone")).to_be_visible(timeout=20_000)
        expect(page.locator("#typed")).to_be_hidden()
        expect(page.get_by_role("button", name="Copy what you typed")).to_be_hidden()

    def test_is_found_out_by_the_save_as_well(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("404")
        page = visitor.go(address(made))
        page.route("**/poll?*", lambda route: route.fulfill(status=304))
        typing(page, made)
        page.route("**/edits", lambda route: route.fulfill(status=404, headers=OURS))
        page.locator("#save").click()
        expect(page.locator("#gone")).to_contain_text("NOT saved")
        expect(page.locator("#save")).to_be_disabled()


OURS = {"X-Request-Id": "0123456789abcdef"}


def test_a_404_of_a_proxy_is_no_answer(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent)
    visitor.may_complain("404")
    page = visitor.go(address(made))
    page.route("**/poll?*", lambda route: route.fulfill(status=404, body="no such host"))
    expect(page.locator("#offline")).to_be_visible(timeout=20_000)
    expect(page.locator("#gone")).to_be_hidden()
    page.unroute("**/poll?*")
    expect(page.locator("#offline")).to_be_hidden(timeout=20_000)


def test_an_ended_one_that_may_still_be_seen_is_not_called_safe_to_transfer(
    visit: Visit, sandbox: Sandbox
) -> None:
    watcher = a_user(Role.ADMIN)
    made = held(sandbox.conversation(attributes={"priority": "Gold"}))
    page = visit(watcher).go(address(made))
    expect(page.locator("#light .light")).to_have_text("No changes on their way")
    sandbox.act(made, "end")
    expect(page.locator("#notice")).to_contain_text("ended at", timeout=15_000)
    expect(page.locator("#light")).to_be_empty()
    page.reload()
    expect(page.locator("#notice")).to_contain_text("ended at")
    expect(page.locator("#light")).to_be_empty()
