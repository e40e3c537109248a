"""Every state of the panel, at its widths and in both themes: nothing found, nothing too wide, and a picture of it."""

import os
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeDefinition, State, User
from tests.browser.conftest import PANEL, THEMES, Visitor, photograph
from tests.browser.scenes import held
from tests.browser.showcase import all_states
from tests.browser.surroundings import into_the_panel
from tests.browser.test_accessibility import AXE, problems, wider_than_the_screen
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


@pytest.fixture
def made(sandbox: Sandbox, admin: User) -> Iterator[Made]:
    """Every state of an edit, on one conversation; one of them has changed back, which the notice tells."""
    made = held(sandbox.conversation(attributes={"priority": "Silver", "case_id": "C-88213"}))
    all_states(made, admin)
    AttributeDefinition.objects.filter(key=f"demo_{State.CANCELLED}").update(pinned=True)
    yield made
    AttributeDefinition.objects.filter(key__startswith="demo_").delete()


class Judge:
    """Collects what is wrong at every width and in both themes, and takes the pictures."""

    def __init__(self) -> None:
        self._axe = AXE.read_text()
        self.found: list[str] = []

    def __call__(self, page: Page, name: str, *, picture: bool = True) -> None:
        for scheme, width in product(THEMES, (320, 400)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": PANEL["height"]})
            where = f"{name}, {scheme}, {width} px"
            self.found += [f"{where}: {each}" for each in problems(page, self._axe)]
            if wider_than_the_screen(page):
                self.found.append(f"{where}: scrolls sideways")
            if (
                picture
                and width == PANEL["width"]
                and (folder := os.environ.get("MIDCALL_SCREENS"))
            ):
                photograph(page, Path(folder) / f"panel-{name}-{scheme}.png")


@pytest.fixture
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    assert not judge.found, "\n".join(judge.found)


def test_the_way_in(visit: Visit, admin: User, judge: Judge) -> None:
    page = visit(viewport=PANEL).go("/panel/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    judge(page, "signed-out")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in").click()
    opened.value.close()
    expect(page.locator(".digits")).to_be_visible()
    judge(page, "signing-in")
    address = str(page.locator("[data-sign-in]").get_attribute("href"))
    window = visit(admin, viewport=PANEL).go(address)
    expect(window.get_by_label("The code the panel shows")).to_be_visible()
    judge(window, "window")


def test_where_there_is_no_interaction(visit: Visit, admin: User, made: Made, judge: Judge) -> None:
    visitor = into_the_panel(visit(viewport=PANEL), admin)
    visitor.may_complain("403")
    page = visitor.go("/panel/?gcHostOrigin=https://apps.mypurecloud.de")
    expect(page.get_by_role("heading", name="Wrong region")).to_be_visible()
    judge(page, "wrong-region")
    page = visitor.go("/panel/?conversationId=")
    expect(page.locator(f"#l{made.id}")).to_be_visible()
    judge(page, "no-conversation")
    page = visitor.go(f"/panel/?conversationId={uuid4()}")
    expect(page.locator("#words")).to_contain_text("looks again")
    judge(page, "not-found-yet")
    expect(page.get_by_role("link", name="Look again")).to_be_visible(timeout=25_000)
    judge(page, "not-yours")


def test_an_interaction(
    visit: Visit, sandbox: Sandbox, admin: User, made: Made, judge: Judge
) -> None:
    ended = held(sandbox.conversation(attributes={"priority": "Gold"}))
    sandbox.act(ended, "end")
    visitor = into_the_panel(visit(viewport=PANEL), admin)
    page = visitor.go(f"/panel/?conversationId={made.id}")
    expect(page.locator("#back [data-back]")).to_be_visible()
    expect(page.locator("#folded")).to_be_visible()
    judge(page, "conversation")
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    judge(page, "unfolded", picture=False)
    page = visitor.go(f"/panel/?conversationId={ended.id}")
    expect(page.locator("#notice")).to_contain_text("ended at", timeout=15_000)
    judge(page, "ended")
    page = visitor.go("/panel/edits/")
    expect(page.locator("#rows tr").first).to_be_visible()
    judge(page, "edits", picture=False)
