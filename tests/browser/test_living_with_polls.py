"""A page that refreshes itself must never disturb whoever works on it, and must say so when it cannot refresh."""

import re
from collections.abc import Callable
from importlib import import_module

import pytest
from django.conf import settings
from playwright.sync_api import Page, Request, expect

from conversations.models import AttributeEdit, Conversation, User
from tests.browser.conftest import Visitor, sign_in
from tests.browser.scenes import address, held, own_conversation
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def polls(page: Page, how_many: int) -> None:
    """Wait for so many answers to polls."""
    for _ in range(how_many):
        with page.expect_response(lambda answer: "/poll" in answer.url or "/rows" in answer.url):
            pass


def eventually(page: Page, condition: Callable[[], object], what: str) -> None:
    """`until`, with the browser's events handled meanwhile."""

    def holds() -> object:
        page.wait_for_timeout(20)
        return condition()

    until(holds, what=what)


def caret(page: Page) -> list[int]:
    found: list[int] = page.evaluate(
        "[document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    )
    return found


class TestTyping:
    def test_survives_five_refreshes_with_its_caret(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        notes = page.locator("[name='set.notes']")
        notes.fill("the customer said that")
        notes.press("Home")
        for _ in range(4):
            notes.press("ArrowRight")
        sandbox.write(made, {"language": "de-DE", "fresh one": "x"})
        polls(page, 5)
        expect(notes).to_have_value("the customer said that")
        expect(notes).to_be_focused()
        assert caret(page) == [4, 4]
        expect(page.locator("[name='set.language']")).to_have_value("de-DE")

    def test_survives_the_end_of_the_call(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("404")
        page = visitor.go(address(made))
        page.fill("[name='set.notes']", "not saved yet")
        sandbox.act(made, "end")
        expect(page.locator("#gone, #notice .banner").first).to_be_visible(timeout=15_000)
        expect(page.locator("[name='set.notes']")).to_have_value("not saved yet")

    def test_survives_the_next_call(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.fill("[name='set.notes']", "half a sent")
        held(sandbox.conversation(agent=made.raw["agent"]["id"]))
        polls(page, 2)
        page.keyboard.type("ence")
        expect(page.locator("[name='set.notes']")).to_have_value("half a sentence")

    def test_is_asked_about_before_the_page_is_left(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.locator("[name='set.notes']").press_sequentially("text")
        asked: list[str] = []

        def stay(dialog: object) -> None:
            asked.append(dialog.type)  # type: ignore[attr-defined]
            dialog.dismiss()  # type: ignore[attr-defined]

        page.on("dialog", stay)
        page.get_by_role("link", name="Edits").click(no_wait_after=True)
        eventually(page, lambda: asked == ["beforeunload"], "it was asked")
        expect(page.locator("[name='set.notes']")).to_have_value("text")


class TestTheBoard:
    def test_keeps_focus_and_checkbox_through_refreshes_and_a_change_of_order(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        for made in sandbox.conversations(4):
            held(made)
        page = visit(colleague).go("/?sort=-customer&size=25")
        row = page.locator("#rows tr").nth(2)
        identity = str(row.get_attribute("id"))[1:]
        page.locator(f"#r{identity} input").check()
        page.locator(f"#l{identity}").focus()
        # Its name changes, and with it its place: first in this order. It stays where it is, under the eye.
        Conversation.objects.filter(pk=identity).update(customer="Zzz, now the first")
        sandbox.conversation()
        expect(page.locator(f"#l{identity}")).to_have_text("Zzz, now the first", timeout=15_000)
        polls(page, 2)
        expect(page.locator("#rows tr").nth(2)).to_have_attribute("id", f"r{identity}")
        expect(page.locator(f"#r{identity} input")).to_be_checked()
        expect(page.locator(f"#l{identity}")).to_be_focused()

    def test_shows_only_what_was_selected(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        one, two, _ = (held(each) for each in sandbox.conversations(3))
        page = visit(colleague).go("/?size=200&sort=-started")
        page.locator(f"#r{one.id} input").check()
        page.locator(f"#r{two.id} input").check()
        page.get_by_role("button", name="Show only selected").click()
        expect(page.locator("#rows tr")).to_have_count(2)

    def test_ticks(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(f"/?q={made.id}")
        time = page.locator(f"#r{made.id} time")
        before = time.text_content()
        expect(time).not_to_have_text(str(before), timeout=3000)

    def test_lets_a_row_that_ended_linger_and_leave(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation())
        page = visit(colleague).go("/?size=200&sort=-started")
        row = page.locator(f"#r{made.id}")
        expect(row).to_be_visible()
        sandbox.act(made, "end")
        expect(row).to_have_class("over", timeout=15_000)
        expect(row).to_have_count(0, timeout=20_000)


def watch_polls(page: Page) -> list[str]:
    requests: list[str] = []

    def note(request: Request) -> None:
        if "/rows" in request.url or "/poll" in request.url:
            requests.append(request.url)

    page.on("request", note)
    return requests


class TestTheLine:
    def test_lost_says_so_and_recovers_by_itself(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("Failed to fetch", "ERR_INTERNET_DISCONNECTED")
        page = visitor.go(address(made))
        page.fill("[name='set.notes']", "typed while away")
        visitor.context.set_offline(True)
        expect(page.locator("#offline")).to_be_visible(timeout=20_000)
        expect(page.locator("#offline")).to_contain_text("Connection lost. Showing data from")
        expect(page.locator("#chip")).to_have_text("Connection lost")
        page.locator("#save").click()
        expect(page.locator("#unsent")).to_contain_text("Your text is still here")
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()
        visitor.context.set_offline(False)
        expect(page.locator("#offline")).to_be_hidden(timeout=20_000)
        expect(page.locator("#chip")).to_contain_text("Live", timeout=30_000)
        page.locator("#save").click()
        expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)
        assert sandbox.attributes(made)["notes"] == "typed while away"

    def test_signed_out_keeps_the_text_and_goes_on_after_signing_in(
        self, visit: Visit, sandbox: Sandbox, web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit()
        visitor.may_complain("401")
        key = sign_in(visitor.context, agent, web)
        page = visitor.go(address(made))
        page.fill("[name='set.notes']", "must not be lost")
        import_module(settings.SESSION_ENGINE).SessionStore(key).delete()
        expect(page.locator("#signed-out")).to_be_visible(timeout=15_000)
        expect(page.locator("[name='set.notes']")).to_have_value("must not be lost")
        sign_in(visitor.context, agent, web)
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.locator("#signed-out")).to_be_hidden()
        page.locator("#save").click()
        expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)

    def test_answered_by_something_else_is_no_answer(self, visit: Visit, colleague: User) -> None:
        page = visit(colleague).go("/?size=25")
        page.route(
            "**/rows*", lambda route: route.fulfill(status=200, body="<h1>Please log in</h1>")
        )
        expect(page.locator("#offline")).to_be_visible(timeout=20_000)
        expect(page.locator("#poll[data-poll]")).to_be_attached()
        page.unroute("**/rows*")
        expect(page.locator("#offline")).to_be_hidden(timeout=20_000)

    def test_somebody_else_signed_in_saves_nothing_under_the_other_name(
        self, visit: Visit, sandbox: Sandbox, colleague: User, web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("401")
        page = visitor.go(address(made))
        page.fill("[name='set.notes']", "mine")
        sign_in(visitor.context, colleague, web)
        page.locator("#save").click()
        expect(page.locator("#signed-out")).to_be_visible()
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()

    def test_hidden_makes_no_request(self, visit: Visit, colleague: User) -> None:
        page = visit(colleague).go("/")
        polls(page, 1)
        page.evaluate(
            "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"
        )
        requests = watch_polls(page)
        page.wait_for_timeout(5000)  # longer than a poll: nothing may come
        assert not requests
        page.evaluate(
            "Object.defineProperty(document, 'hidden', {get: () => false});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        eventually(page, lambda: requests, "it polls at once")

    def test_lost_is_said_once_while_it_counts_down(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        visitor = visit(colleague)
        visitor.may_complain("Failed to fetch", "ERR_INTERNET_DISCONNECTED")
        page = visitor.go("/?size=25")
        visitor.context.set_offline(True)
        expect(page.locator("#offline [role=alert]")).to_be_visible(timeout=20_000)
        page.evaluate(COUNT_SAID)
        counted = page.locator("#offline-wait")
        for _ in range(2):
            expect(counted).not_to_have_text(str(counted.text_content()), timeout=5000)
        expect(counted).to_have_text(re.compile(r"Trying again (in \d+ s|now)\."))
        assert page.evaluate("window.said") == 0


#: How often a screen reader is given something to say.
COUNT_SAID = """() => {
  window.said = 0;
  const alert = document.querySelector("#offline [role=alert]");
  new MutationObserver(() => { window.said += 1; }).observe(alert, { childList: true, subtree: true });
}"""


class TestTheFocus:
    """In what a refresh writes anew, it stays on what it was on."""

    def test_stays_on_the_way_out_of_an_empty_board(
        self, visit: Visit, sandbox: Sandbox, admin: User
    ) -> None:
        page = visit(admin).go("/?q=nobody-of-this-name")
        page.get_by_role("link", name="Clear filters").focus()
        held(sandbox.conversation())
        polls(page, 2)
        expect(page.get_by_role("link", name="Clear filters")).to_be_focused()
        page.locator("#counts a").focus()
        held(sandbox.conversation())
        polls(page, 2)
        expect(page.locator("#counts a")).to_be_focused()

    def test_stays_on_the_attribute_it_was_on(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation(attributes={"tier": "gold", "zone": "x"}))
        page = visit(colleague).go(address(made))
        page.locator("#others-box summary").click()
        page.get_by_role("button", name="Edit zone").focus()
        sandbox.write(made, {"alpha": "1"})
        expect(page.locator("#others")).to_contain_text("alpha", timeout=15_000)
        expect(page.get_by_role("button", name="Edit zone")).to_be_focused()


class TestTheRightToEdit:
    def test_given_meanwhile_brings_the_form(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        User.objects.filter(pk=agent.pk).update(may_edit=False)
        page = visit(agent).go(address(made))
        expect(page.locator("#notice")).to_contain_text("Ask an administrator")
        User.objects.filter(pk=agent.pk).update(may_edit=True)
        expect(page.locator("#editor")).to_be_visible(timeout=15_000)

    def test_taken_meanwhile_leaves_the_text_and_says_why(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.fill("[name='set.notes']", "typed before")
        User.objects.filter(pk=agent.pk).update(may_edit=False)
        expect(page.locator("#why")).to_contain_text("Ask an administrator", timeout=15_000)
        User.objects.filter(pk=agent.pk).update(may_edit=True)
        expect(page.locator("#why")).to_be_empty(timeout=15_000)
        expect(page.locator("[name='set.notes']")).to_have_value("typed before")


class TestAConversationNoEventTellsOf:
    def test_is_read_again_and_says_that_it_is_read(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation(attributes={"priority": "Silver"}))
        sandbox.fault("event_lost", made)
        # As for a direct call: no queue, so no topic brings it.
        Conversation.objects.filter(pk=made.id).update(queue_id=None)
        page = visit(colleague).go(address(made))
        expect(page.locator("#chip")).to_contain_text("Read ·")
        sandbox.write(made, {"priority": "Gold"})
        Conversation.objects.filter(pk=made.id).update(queue_id=None, asked_at=1, heard_at=1)
        expect(page.locator("[name='set.priority']")).to_have_value("Gold", timeout=20_000)


class TestScope:
    def test_a_foreign_conversation_is_not_there(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        foreign = held(sandbox.conversation(agent=another_agent(sandbox, made)))
        visitor = visit(agent)
        visitor.may_complain("404")
        page = visitor.go(address(foreign))
        expect(page.get_by_role("heading", name="Not here")).to_be_visible()
        token = next(
            each["value"] for each in visitor.context.cookies() if each["name"] == "csrftoken"
        )
        for path in ("", "poll", "field?key=x"):
            answer = page.request.get(f"{visitor.web}{address(foreign)}{path}")
            assert answer.status == 404
        answer = page.request.post(
            f"{visitor.web}{address(foreign)}edits",
            form={"set.priority": "Gold", "csrfmiddlewaretoken": token},
        )
        assert answer.status == 404
        assert not AttributeEdit.objects.filter(lane__conversation_id=foreign.id).exists()

    def test_after_call_work_is_still_ones_own(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.act(made, "wrapup")
        until(lambda: Conversation.objects.get(pk=made.id).phase == "wrapup")
        page = visit(agent).go(f"/?q={made.id}")
        page.locator(f"#l{made.id}").click()
        expect(page.locator("#state")).to_contain_text("Wrap-up")
        page.select_option("[name='set.priority']", "Gold")
        page.locator("#save").click()
        expect(page.locator("#st-priority .badge")).to_have_text("Confirmed", timeout=15_000)

    def test_an_ended_one_is_read_only_for_those_who_may_still_see_it(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation(attributes={"priority": "Gold"}))
        colleague.may_edit = False
        colleague.save(update_fields=["may_edit"])
        sandbox.act(made, "end")
        until(lambda: Conversation.objects.get(pk=made.id).phase == "ended")
        page = visit(colleague).go(address(made))
        expect(page.locator("#notice")).to_contain_text("This interaction ended at")
        expect(page.locator("#editor")).to_have_count(0)
        expect(page.get_by_text("Gold")).to_be_visible()

    def test_a_conversation_nobody_told_us_of_is_looked_for(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        sandbox.fault("event_lost", None, times=None)
        made = sandbox.conversation(attributes={"priority": "Gold"})
        page = visit(colleague).go(address(made))
        expect(page.locator("[name='set.priority']")).to_have_value("Gold", timeout=15_000)

    def test_an_id_nobody_knows_is_said_to_be_none(self, visit: Visit, colleague: User) -> None:
        page = visit(colleague).go("/conversations/00000000-0000-4000-8000-00000000dead/")
        expect(page.locator("#words")).to_contain_text(
            "There is no such interaction", timeout=15_000
        )


def another_agent(sandbox: Sandbox, but: Made) -> str:
    """The id of some other agent of the pretend organisation."""

    def found() -> str | None:
        agents = [
            each["agent"]["id"] for each in sandbox.call("GET", "conversations") if each["agent"]
        ]
        return next((each for each in agents if each != but.raw["agent"]["id"]), None)

    return str(until(found, what="another agent is on a call"))
