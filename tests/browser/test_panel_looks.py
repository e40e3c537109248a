"""Every state of the panel, at its widths and in both themes: nothing found, nothing too wide, and a picture of it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeDefinition, State, User
from tests.browser.conftest import Visitor
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


@pytest.fixture(params=[320, 400])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["light", "dark"])
def look(request: pytest.FixtureRequest, width: int) -> dict[str, object]:
    return {"viewport": {"width": width, "height": 860}, "color_scheme": request.param}


class Judge:
    """Collects what is wrong, and takes the pictures."""

    def __init__(self, look: dict[str, object], width: int) -> None:
        self._axe, self._width, self._scheme = AXE.read_text(), width, look["color_scheme"]
        self.found: list[str] = []

    def __call__(self, page: Page, name: str, *, picture: bool = True) -> None:
        self.found += [f"{name}: {each}" for each in problems(page, self._axe)]
        if wider_than_the_screen(page):
            self.found.append(f"{name} scrolls sideways")
        if picture and self._width == 400 and (folder := os.environ.get("MIDCALL_SCREENS")):
            take(page, Path(folder) / f"panel-{name}-{self._scheme}.png")


@pytest.fixture
def judge(look: dict[str, object], width: int) -> Iterator[Judge]:
    judge = Judge(look, width)
    yield judge
    assert not judge.found, "\n".join(judge.found)


def test_the_way_in(visit: Visit, admin: User, look: dict[str, object], judge: Judge) -> None:
    page = visit(**look).go("/panel/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    judge(page, "signed-out")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in").click()
    opened.value.close()
    expect(page.locator(".digits")).to_be_visible()
    judge(page, "signing-in")
    address = str(page.locator("[data-sign-in]").get_attribute("href"))
    window = visit(admin, **look).go(address)
    expect(window.get_by_label("The code the panel shows")).to_be_visible()
    judge(window, "window")


def test_where_there_is_no_interaction(
    visit: Visit, admin: User, made: Made, look: dict[str, object], width: int, judge: Judge
) -> None:
    visitor = into_the_panel(visit(**look), admin)
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
    if width == 400:  # eight seconds, and nothing more to see at 320
        expect(page.get_by_role("link", name="Look again")).to_be_visible(timeout=25_000)
        judge(page, "not-yours")


def test_an_interaction(
    visit: Visit, sandbox: Sandbox, admin: User, made: Made, look: dict[str, object], judge: Judge
) -> None:
    ended = held(sandbox.conversation(attributes={"priority": "Gold"}))
    sandbox.act(ended, "end")
    visitor = into_the_panel(visit(**look), admin)
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


def take(page: Page, file: Path) -> None:
    """The whole page, as the other pictures are taken."""
    shown = page.viewport_size or {"width": 400, "height": 860}
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": shown["width"], "height": max(shown["height"], height)})
    page.screenshot(path=file, animations="disabled")
    page.set_viewport_size(shown)
