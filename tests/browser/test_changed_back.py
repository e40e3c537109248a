"""A value changed back: told on whatever page the person is, once, with *write again* right there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from conversations.models import AttributeEdit, State, User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, held
from tests.builders import reached, save, settled
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

PAGES = [
    "/?size=25",
    "/edits/",
    "/catalogue/",
    "/catalogue/new/",
    "/catalogue/lint/",
    "/catalogue/import/",
    "/people/",
    "/audit/",
    "/status/",
    "/profile/",
]


@pytest.fixture
def made(sandbox: Sandbox) -> Made:
    return held(sandbox.conversation(attributes={"priority": "Silver"}))


def changed_back(sandbox: Sandbox, made: Made, by: User) -> AttributeEdit:
    edit = settled(save(made, {"priority": "Gold"}, by=by, baseline="Silver"))
    sandbox.write(made, {"priority": "Silver"})
    return reached(edit, State.REVERTED)


def notices(page: Page) -> int:
    return page.locator("#back [data-back]").count()


class TestTheNotice:
    def test_comes_to_an_open_page_and_is_written_again_there(
        self, visit: Visit, sandbox: Sandbox, admin: User, made: Made
    ) -> None:
        page = visit(admin).go("/?size=25")
        expect(page.locator("#rows tr").first).to_be_visible()
        assert not notices(page)
        edit = changed_back(sandbox, made, admin)
        notice = page.locator(f"#b{edit.pk}")
        expect(notice).to_contain_text("you wrote “Gold”, Genesys shows “Silver”", timeout=15_000)
        expect(page.locator("#say")).to_contain_text("Genesys shows “Silver”")
        notice.get_by_role("button", name="Write again").click()
        expect(notice).to_have_count(0)
        assert page.url.endswith("/?size=25")
        newer = AttributeEdit.objects.filter(by=admin).exclude(pk=edit.pk).get()
        assert settled(newer).state == State.CONFIRMED
        assert sandbox.attributes(made)["priority"] == "Gold"
        expect(page.locator("#main")).to_be_focused()

    def test_is_on_every_page_with_one_poll_each_and_said_once(
        self, visit: Visit, sandbox: Sandbox, admin: User, made: Made
    ) -> None:
        edit = changed_back(sandbox, made, admin)
        visitor = visit(admin)
        its_own = [address(made), f"{address(made)}history/", f"{address(made)}participants/"]
        pages = [*PAGES, *its_own, f"/edits/{edit.pk}/"]
        for number, path in enumerate(pages):
            page = visitor.go(path)
            expect(page.locator(f"#b{edit.pk}")).to_be_visible()
            assert page.locator("[data-poll]").count() == 1, path
            assert bool(page.locator("#say").inner_text()) == (number == 0), path

    def test_comes_to_a_page_without_a_poll_of_its_own(
        self, visit: Visit, sandbox: Sandbox, admin: User, made: Made
    ) -> None:
        page = visit(admin).go("/profile/")
        edit = changed_back(sandbox, made, admin)
        page.evaluate("htmx.trigger(document.getElementById('poll'), 'wake')")  # or in 20 s
        expect(page.locator(f"#b{edit.pk}")).to_be_visible(timeout=15_000)
        expect(page.locator("#say")).to_contain_text("Priority")

    def test_put_away_stays_first_in_the_list(
        self, visit: Visit, sandbox: Sandbox, admin: User, made: Made
    ) -> None:
        edit = changed_back(sandbox, made, admin)
        settled(save(made, {"outcome": "Sold"}, by=admin))
        page = visit(admin).go("/profile/")
        page.get_by_role("button", name="Put this notice away").click()
        expect(page.locator(f"#b{edit.pk}")).to_have_count(0)
        page.goto(page.url.replace("/profile/", f"/edits/?conversation={made.id}"))
        assert not notices(page)
        first = page.locator("#rows tr").first
        expect(first).to_have_attribute("id", f"r{edit.pk}")
        expect(first).to_contain_text("needs attention")
        expect(page.locator("#rows tr")).to_have_count(2)

    def test_is_for_whoever_saved_it(
        self, visit: Visit, sandbox: Sandbox, admin: User, colleague: User, made: Made
    ) -> None:
        edit = changed_back(sandbox, made, colleague)
        page = visit(admin).go(f"/edits/{edit.pk}/")
        assert not notices(page)
        visit(colleague).go("/edits/")
        token = next(e["value"] for e in page.context.cookies() if e["name"] == "csrftoken")
        answer = page.request.post(
            f"{page.url}put-away", form={"notice": "1", "csrfmiddlewaretoken": token}
        )
        assert answer.status == 404
        edit.refresh_from_db()
        assert not edit.notice_closed

    def test_polls_seldom_where_nothing_else_does(self, visit: Visit, admin: User) -> None:
        page = visit(admin).go("/catalogue/")
        asked: list[Request] = []
        page.on("request", lambda each: asked.append(each) if "/notices" in each.url else None)
        page.wait_for_timeout(6000)  # twice what a live page waits
        assert not asked
