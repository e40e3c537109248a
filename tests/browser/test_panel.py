"""The panel in a frame of another site: its cookie, its sign-in through a window, its states."""

import itertools
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Frame, Page, expect

from conversations.models import Role, State, User
from dashboard.models import PanelSession
from dashboard.views.panel import ROWS
from tests.browser.conftest import PANEL, Visitor
from tests.browser.scenes import held, own_conversation
from tests.browser.surroundings import Desktop, framing, into_the_panel, served, site
from tests.browser.test_living_with_polls import another_agent
from tests.builders import a_user, reached, save, settled
from tests.genesys import Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

PASSWORD = "a long enough secret"


@pytest.fixture
def desktop() -> Iterator[type[Desktop]]:
    with served() as handler:
        yield handler


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def frame(page: Page, number: int = 0) -> Frame:
    found = page.locator(f"[name=panel{number}]").element_handle().content_frame()
    assert found is not None
    return found


def sign_in_through_the_window(page: Page, user: User, number: int = 0) -> Page:
    """Press the panel's button and sign in in the window it opens."""
    with page.expect_popup() as opened:
        frame(page, number).get_by_role("link", name="Sign in").click()
    fill_in(opened.value, user)
    return opened.value


def fill_in(window: Page, user: User) -> None:
    window.get_by_label("Name").fill(user.username)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Sign in").click()


def has_closed(window: Page) -> None:
    """It has, or does now."""
    if not window.is_closed():
        window.wait_for_event("close")


def cookies(visitor: Visitor) -> dict[str, dict[str, object]]:
    return {each["name"]: dict(each) for each in visitor.context.cookies()}


class TestInAFrame:
    def test_signs_in_through_a_window_and_edits_to_confirmed(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        desktop.page = framing(f"{web}/panel/?conversationId={made.id}")
        visitor = visit()
        page = visitor.page
        page.goto(site())
        expect(frame(page).get_by_role("heading", name="not signed in")).to_be_visible()
        window = sign_in_through_the_window(page, agent)
        expect(frame(page).locator("[name='set.priority']")).to_have_value("Silver")
        has_closed(window)
        frame(page).locator("[name='set.priority']").select_option("Gold")
        frame(page).get_by_role("button", name="Save 1 change").click()
        badge = frame(page).locator("#st-priority .badge")
        expect(badge).to_have_text("Confirmed", timeout=15_000)
        assert sandbox.attributes(made)["priority"] == "Gold"
        light = frame(page).locator("#light .light")
        expect(light).to_have_attribute("data-light", "safe")
        expect(frame(page).locator("#history-count")).to_have_text("1")

    def test_keeps_a_cookie_of_its_own_in_a_partition_of_its_own(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        desktop.page = framing(f"{web}/panel/?conversationId={made.id}")
        visitor = visit()
        page = visitor.page
        page.goto(site())
        sign_in_through_the_window(page, agent)
        expect(frame(page).locator("#save")).to_be_visible()
        kept = cookies(visitor)["panelsid"]
        assert (kept["path"], kept["httpOnly"], kept["secure"]) == ("/panel/", True, True)
        assert (kept["sameSite"], kept["partitionKey"]) == ("None", "http://localhost")
        page.reload()  # the cookie brings the person back
        expect(frame(page).locator("#save")).to_be_visible()
        page.goto(site("crm.localhost"))  # another site around the panel is another world
        expect(frame(page).get_by_role("heading", name="not signed in")).to_be_visible()
        page.goto(f"{web}/panel/")  # and so is the panel without any
        expect(page.get_by_role("heading", name="not signed in")).to_be_visible()

    def test_is_shown_by_nobody_else(self, visit: Visit, desktop: type[Desktop], web: str) -> None:
        desktop.page = framing(f"{web}/panel/")
        visitor = visit()
        visitor.may_complain("frame-ancestors")
        visitor.page.goto(site("evil.localhost"))
        expect(frame(visitor.page).locator("[data-panel-state]")).to_have_count(0)
        until(lambda: frame(visitor.page).url.startswith("chrome-error:"), what="it is refused")

    def test_keeps_what_was_typed_when_the_session_ends(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        desktop.page = framing(f"{web}/panel/?conversationId={made.id}")
        visitor = visit()
        visitor.may_complain("401")
        page = visitor.page
        page.goto(site())
        sign_in_through_the_window(page, agent)
        frame(page).locator("#folded > summary").click()
        frame(page).locator("[name='set.notes']").fill("must not be lost")
        PanelSession.objects.all().delete()
        banner = frame(page).locator("#signed-out")
        expect(banner).to_be_visible(timeout=15_000)
        with page.expect_popup() as opened:  # there the person still is signed in
            banner.get_by_role("link", name="Sign in").click()
        has_closed(opened.value)
        expect(banner).to_be_hidden()
        frame(page).get_by_role("button", name="Save 1 change").click()
        badge = frame(page).locator("#st-notes .badge")
        expect(badge).to_have_text("Confirmed", timeout=15_000)


class TestAtASharedDesk:
    def test_the_next_person_is_asked_who_they_are(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        first, made = own_conversation(sandbox)
        second = with_password(a_user(Role.AGENT, made.raw["agent"]["id"]))
        with_password(first)
        desktop.page = framing(f"{web}/panel/")
        page = visit().page
        page.goto(site())
        has_closed(sign_in_through_the_window(page, first))
        person = frame(page).locator(".panelfoot .person")
        expect(person).to_have_text(first.username)
        frame(page).get_by_role("button", name="Sign out").click()
        expect(frame(page).get_by_role("heading", name="not signed in")).to_be_visible()
        has_closed(sign_in_through_the_window(page, second))  # it asks for name and password
        expect(person).to_have_text(second.username)

    def test_a_page_that_is_open_is_not_handed_to_the_next_person(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        first, made = own_conversation(sandbox)
        second = with_password(a_user(Role.AGENT, made.raw["agent"]["id"]))
        with_password(first)
        desktop.page = framing(f"{web}/panel/?conversationId={made.id}")
        visitor = visit()
        visitor.may_complain("401")
        page = visitor.page
        page.goto(site())
        has_closed(sign_in_through_the_window(page, first))
        frame(page).locator("#folded > summary").click()
        frame(page).locator("[name='set.notes']").fill("of the first")
        PanelSession.objects.all().delete()
        visitor.context.clear_cookies(name="sessionid")
        banner = frame(page).locator("#signed-out")
        expect(banner).to_be_visible(timeout=15_000)
        with page.expect_popup() as opened:
            banner.get_by_role("link", name="Sign in").click()
        fill_in(opened.value, second)
        has_closed(opened.value)
        expect(banner).to_contain_text(f"{second.username} is signed in here now.")
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url))
        page.wait_for_timeout(1500)
        assert len(asked) < 5, "it asks again and again"
        expect(frame(page).locator("[name='set.notes']")).to_have_value("of the first")


class TestAWindowThatHasLostThePanel:
    def test_takes_the_digits_the_panel_shows(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        desktop.page = framing(f"{web}/panel/?conversationId={made.id}")
        visitor = visit()
        visitor.context.add_init_script(
            "if (location.pathname.startsWith('/accounts/')) window.opener = null"
        )
        page = visitor.page
        page.goto(site())
        window = sign_in_through_the_window(page, agent)
        digits = frame(page).locator(".digits").inner_text()
        window.get_by_label("The code the panel shows").fill(f"{(int(digits) + 1) % 10_000:04}")
        window.get_by_role("button", name="Sign the panel in").click()
        expect(window.locator("#typed-error")).to_contain_text("not the code")
        window.get_by_label("The code the panel shows").fill(digits)
        window.get_by_role("button", name="Sign the panel in").click()
        expect(window.get_by_role("heading", name="The panel is signed in")).to_be_visible()
        expect(frame(page).locator("#save")).to_be_visible(timeout=15_000)

    def test_by_a_policy_of_the_site_around_it_does_the_same(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        desktop.page = framing(f"{web}/panel/?conversationId={made.id}")
        desktop.headers_sent = {"Cross-Origin-Opener-Policy": "same-origin"}
        visitor = visit()
        page = visitor.page
        page.goto(site())
        with visitor.context.expect_page() as opened:
            frame(page).get_by_role("link", name="Sign in").click()
        window = opened.value
        fill_in(window, agent)
        window.get_by_label("The code the panel shows").fill(
            frame(page).locator(".digits").inner_text()
        )
        window.get_by_role("button", name="Sign the panel in").click()
        expect(frame(page).locator("#save")).to_be_visible(timeout=15_000)


class TestTenPanels:
    def test_one_sign_in_is_enough_and_only_the_shown_one_asks(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        made_too = [held(sandbox.conversation(agent=made.raw["agent"]["id"])) for _ in range(9)]
        addresses = [f"{web}/panel/?conversationId={each.id}" for each in (made, *made_too)]
        desktop.page = framing(*addresses, hidden=True)
        visitor = visit()
        page = visitor.page
        page.goto(site(), wait_until="commit")
        sign_in_through_the_window(page, agent)
        for number in range(10):
            expect(frame(page, number).locator("#save")).to_be_attached(timeout=20_000)
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url) if "/poll" in each.url else None)
        for _ in range(4):
            with page.expect_response(lambda answer: f"{made.id}/poll" in answer.url):
                pass
        assert {str(made.id) in url for url in asked} == {True}, "a hidden one has asked"
        page.evaluate("document.querySelectorAll('iframe')[9].hidden = false")
        with page.expect_response(lambda answer: f"{made_too[8].id}/poll" in answer.url):
            page.locator("iframe").nth(9).scroll_into_view_if_needed()

    def test_in_view_at_once_ask_politely(
        self, visit: Visit, sandbox: Sandbox, desktop: type[Desktop], web: str
    ) -> None:
        agent, made = own_conversation(sandbox)
        with_password(agent)
        desktop.page = framing(*[f"{web}/panel/?conversationId={made.id}"] * 10, width=320)
        visitor = visit(viewport={"width": 1700, "height": 1700})
        page = visitor.page
        page.goto(site(), wait_until="commit")
        sign_in_through_the_window(page, agent)
        for number in range(10):
            expect(frame(page, number).locator("#save")).to_be_attached(timeout=20_000)
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url) if "/poll" in each.url else None)
        page.wait_for_timeout(6000)
        assert 10 <= len(asked) <= 30  # each of them twice in six seconds, give or take one
        frame(page, 9).locator("[name='set.priority']").select_option("Gold")
        frame(page, 9).get_by_role("button", name="Save 1 change").click()
        for number in (9, 0):
            badge = frame(page, number).locator("#st-priority .badge")
            expect(badge).to_have_text("Confirmed", timeout=20_000)


class TestStates:
    def test_without_an_id_ones_own_and_a_search(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = into_the_panel(visit(viewport=PANEL), agent).go("/panel/?conversationId=")
        mine = page.locator(f"#l{made.id}")
        expect(mine).to_be_visible()
        fresh = held(sandbox.conversation(agent=made.raw["agent"]["id"]))
        expect(page.locator(f"#l{fresh.id}")).to_be_visible(timeout=15_000)
        page.get_by_role("searchbox").fill("nobody of this name")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_text("No live interaction matches")).to_be_visible()
        page.get_by_role("searchbox").fill(str(made.id))
        page.get_by_role("button", name="Search").click()
        expect(page.locator("[name='set.priority']")).to_have_value("Silver")
        page.get_by_role("link", name="My interactions").first.click()
        mine.click()
        expect(page.locator("#save")).to_be_visible()

    def test_without_an_id_says_that_there_are_more_than_it_shows(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        more = [sandbox.conversation(agent=made.raw["agent"]["id"]) for _ in range(ROWS)]
        page = into_the_panel(visit(viewport=PANEL), agent).go("/panel/")
        expect(page.locator("#rows li")).to_have_count(ROWS, timeout=20_000)
        words = page.get_by_text("There are more. Search for the one you mean.")
        expect(words).to_be_visible(timeout=20_000)
        for each in more:
            sandbox.act(each, "end")

    def test_not_found_yet_is_found_a_little_later(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        sandbox.fault("event_lost", None, times=None)
        made = sandbox.conversation(attributes={"priority": "Gold"})
        page = into_the_panel(visit(), colleague).go(f"/panel/?conversationId={made.id}")
        expect(page.locator("[name='set.priority']")).to_have_value("Gold", timeout=20_000)

    def test_one_that_nobody_knows_is_asked_for_again_and_then_said_to_be_none(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        unknown = uuid4()
        page = into_the_panel(visit(), colleague).go(f"/panel/?conversationId={unknown}")
        expect(page.locator("#words")).to_contain_text("looks again after 1, 2 and 4 seconds")
        expect(page.locator("#words")).to_contain_text("no such interaction", timeout=25_000)
        path = f"/api/v2/conversations/{unknown}"
        times = [each["at"] for each in sandbox.calls() if each["path"] == path]
        assert len(times) == 4
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert all(gap > least for gap, least in zip(gaps, (0.8, 1.5, 3.0), strict=True))
        expect(page.get_by_role("link", name="Look again")).to_be_visible()

    def test_somebody_elses_is_told_apart_from_none_by_nothing(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        foreign = held(sandbox.conversation(agent=another_agent(sandbox, made)))
        page = into_the_panel(visit(), agent).go(f"/panel/?conversationId={foreign.id}")
        expect(page.locator("#words")).to_contain_text(
            "There is no such interaction, or it is not yours to see.", timeout=25_000
        )

    def test_ended_and_no_permission_show_what_there_is(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        watcher = a_user(Role.ADMIN, may_edit=False)
        made = held(sandbox.conversation(attributes={"priority": "Gold"}))
        visitor = into_the_panel(visit(), watcher)
        page = visitor.go(f"/panel/?conversationId={made.id}")
        expect(page.locator("#notice")).to_contain_text("not change it")
        expect(page.locator("#editor")).to_have_count(0)
        sandbox.act(made, "end")
        expect(page.locator("#notice")).to_contain_text("ended at", timeout=15_000)
        expect(page.get_by_text("Gold")).to_be_visible()

    def test_changed_back_is_told_here_too(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = into_the_panel(visit(viewport=PANEL), agent).go("/panel/")
        edit = settled(save(made, {"priority": "Gold"}, by=agent, baseline="Silver"))
        sandbox.write(made, {"priority": "Silver"})
        reached(edit, State.REVERTED)
        notice = page.locator(f"#b{edit.pk}")
        expect(notice).to_be_visible(timeout=15_000)
        notice.get_by_role("button", name="Write again").click()
        expect(notice).to_have_count(0)
        until(lambda: sandbox.attributes(made)["priority"] == "Gold", 20, "it is written again")

    def test_what_is_not_pinned_is_folded_away(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = into_the_panel(visit(viewport=PANEL), agent).go(f"/panel/{made.id}/")
        expect(page.locator("[name='set.priority']")).to_be_visible()
        notes = page.locator("[name='set.notes']")
        expect(notes).to_be_hidden()
        page.locator("#folded > summary").click()
        notes.fill("from the fold")
        page.locator("#folded > summary").click()
        page.keyboard.press("Control+s")
        expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)
        assert sandbox.attributes(made)["notes"] == "from the fold"
