"""A picture of every screen and state, each taken only after the state is really there. `make screens` keeps them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeDefinition, Role, SavedView, State, User
from tests.browser.conftest import PANEL, WIDE, Visitor, photograph
from tests.browser.scenes import address, counted, held
from tests.browser.showcase import Shown, all_states
from tests.builders import a_user, a_value, save, settled
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

LOOKS = [("wide-light", WIDE, "light"), ("panel-dark", PANEL, "dark")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("MIDCALL_SCREENS", "")
    place = Path(kept) if kept else tmp_path_factory.mktemp("screens")
    place.mkdir(parents=True, exist_ok=True)
    return place


class Studio:
    def __init__(self, visit: Visit, folder: Path) -> None:
        self._visit, self._folder = visit, folder

    def enter(self, user: User | None) -> Visitor:
        return self._visit(user, viewport=WIDE, color_scheme="light")

    def take(self, page: Page, name: str) -> None:
        """A picture in every look."""
        for look, viewport, scheme in reversed(LOOKS):  # the last one is how the visitor goes on
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            photograph(page, self._folder / f"{name}-{look}.png")


@pytest.fixture
def studio(visit: Visit, folder: Path) -> Studio:
    return Studio(visit, folder)


@pytest.fixture
def admin(web: str) -> User:
    return User.objects.get(username="admin")


@pytest.fixture
def colleague(web: str) -> User:
    return User.objects.get(username="supervisor")


@pytest.fixture
def made(sandbox: Sandbox) -> Made:
    return held(
        sandbox.conversation(
            attributes={
                "priority": "Silver",
                "case_id": "C-88213",
                "language": "en-GB",
                "ivr.path": "2",
            }
        )
    )


@pytest.fixture
def states(made: Made, admin: User) -> Iterator[Shown]:
    yield all_states(made, admin)
    AttributeDefinition.objects.filter(key__startswith="demo_").delete()


def test_sign_in(studio: Studio) -> None:
    page = studio.enter(None).go("/accounts/login/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    studio.take(page, "sign-in")


def test_board(studio: Studio, sandbox: Sandbox, colleague: User, made: Made) -> None:
    for state in ("held", "waiting", "wrapup", "alerting"):
        held(sandbox.conversation(state=state))
    lost = held(sandbox.conversation(attributes={"priority": "Silver"}))
    sandbox.fault("never_stored", lost, times=1)
    for each, value in ((made, "Gold"), (lost, "Platinum")):
        settled(save(each, {"priority": value}, by=colleague))
    page = studio.enter(colleague).go("/?size=25&sort=-started")  # others left theirs
    expect(page.locator(f"#r{made.id}")).to_be_visible()
    expect(page.locator(f"#r{made.id} .badge")).to_have_attribute("data-state", "confirmed")
    expect(page.locator(f"#r{lost.id} .badge")).to_have_attribute("data-state", "not_persisted")
    expect(page.locator("#chip")).to_contain_text("Live ·", timeout=30_000)
    studio.take(page, "board")


def test_board_at_work(studio: Studio, sandbox: Sandbox, colleague: User, admin: User) -> None:
    """Filters by attributes, saved views with their counts, columns of one's own, what is new."""
    case = f"Case {a_value()[-8:]}"
    rows = [
        held(sandbox.conversation(attributes={"team": case, "priority": each, "language": "de-DE"}))
        for each in ("Gold", "Silver", "Gold")
    ]
    person = a_user(Role.SUPERVISOR)
    person.all_queues, person.first_name, person.last_name = True, "Mara", "Ngata"
    person.columns = ["media", "queue", "agent", "state", "started", "attr.priority", "edit"]
    person.columns += ["attr.language"]
    person.save()
    query = urlencode({"is.team": case})
    for name, filters in (("My team", query), ("Gold", "is.priority=Gold"), ("Old", "media=fax")):
        SavedView.objects.create(user=person, name=name, query=filters)
    page = studio.enter(person).go(f"/?{query}")
    expect(page.locator("#rows tr")).to_have_count(len(rows))
    page.locator(f"#r{rows[0].id} input").evaluate("each => each.click()")
    page.locator("details.filterbox").evaluate("each => { each.open = true; }")
    held(sandbox.conversation(attributes={"team": case, "priority": "Bronze"}))
    expect(page.locator("#show")).to_have_text("1 new · Show", timeout=20_000)
    studio.take(page, "board-filters-and-views")
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("dialog").get_by_label("Priority")).to_be_checked()
    studio.take(page, "board-columns")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename or delete").click()
    studio.take(page, "board-view-rename")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator("#chip")).to_contain_text("1 new")
    studio.take(page, "board-paused")
    page.goto(page.url.partition("?")[0] + "?media=fax")
    expect(page.locator("#none")).to_contain_text("These filters cannot be used")
    studio.take(page, "board-refused")


def test_board_without_anything(studio: Studio) -> None:
    page = studio.enter(a_user(Role.AGENT)).go("/")
    expect(page.get_by_text("not tied to a Genesys user")).to_be_visible()
    studio.take(page, "board-not-tied")
    page.goto(page.url + "?q=nobody")
    expect(page.get_by_text("No live interaction matches")).to_be_visible()
    studio.take(page, "board-no-match")


def test_board_offline(studio: Studio, colleague: User, made: Made) -> None:
    visitor = studio.enter(colleague)
    visitor.may_complain("Failed to fetch", "ERR_INTERNET_DISCONNECTED")
    page = visitor.go("/?size=25")
    visitor.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible(timeout=20_000)
    studio.take(page, "board-offline")


def test_every_state(studio: Studio, admin: User, made: Made, states: Shown) -> None:
    page = studio.enter(admin).go(address(made))
    for state in State:
        badge = page.locator(f"#st-{states.key(state)} .badge")
        expect(badge).to_have_attribute("data-state", state.value)
    studio.take(page, "conversation-every-state")


def test_conversation(studio: Studio, sandbox: Sandbox, colleague: User, made: Made) -> None:
    visitor = studio.enter(colleague)
    visitor.may_complain("422")
    page = visitor.go(address(made))
    page.fill("[name='set.notes']", "Asked for a call back after six.")
    expect(page.locator("#save")).to_have_text("Save 1 change")
    studio.take(page, "conversation-typing")
    page.fill("[name='set.case_id']", "88213")
    page.locator("#save").click()
    expect(page.locator("#e-case_id")).not_to_be_empty()
    studio.take(page, "conversation-wrong-input")
    page.fill("[name='set.case_id']", "C-88214")
    page.locator("#save").click()
    expect(page.locator("#light .light")).to_have_attribute("data-light", "safe", timeout=15_000)
    studio.take(page, "conversation-confirmed")
    page.fill("[name='set.case_id']", "C-1")
    sandbox.write(made, {"case_id": "C-2"})
    expect(page.locator("#f-case_id .clash")).to_be_visible(timeout=15_000)
    studio.take(page, "conversation-somebody-else")


def test_link(studio: Studio, colleague: User, made: Made) -> None:
    proposed = "?set.priority=Gold&set.case_id=88213&set.ivr.path=3&set.colour=red"
    page = studio.enter(colleague).go(address(made) + proposed)
    expect(page.locator(".proposed")).to_have_count(3)
    studio.take(page, "conversation-proposed")


def test_another_participant(studio: Studio, sandbox: Sandbox, colleague: User) -> None:
    made = held(sandbox.conversation(attributes={"priority": "Silver"}, flow_running=True))
    page = studio.enter(colleague).go(f"{address(made)}?participant={made.participant('acd')}")
    page.select_option("[name='set.priority']", "Gold")
    expect(page.locator("#cautions .caution")).to_have_count(2)
    studio.take(page, "conversation-another-participant")


def test_all_participants(studio: Studio, sandbox: Sandbox, colleague: User, made: Made) -> None:
    sandbox.write(made, {"priority": "Gold", "language": "en-GB"}, made.participant("acd"))
    page = studio.enter(colleague).go(f"{address(made)}participants/")
    expect(page.locator("#clashing")).to_contain_text("1 clash", timeout=15_000)
    studio.take(page, "participants")


def test_ended(studio: Studio, sandbox: Sandbox, colleague: User) -> None:
    made = held(sandbox.conversation(attributes={"priority": "Gold"}))
    sandbox.act(made, "end")
    page = studio.enter(a_user(Role.ADMIN, may_edit=False)).go(address(made))
    expect(page.locator("#notice")).to_contain_text("ended at", timeout=15_000)
    studio.take(page, "conversation-ended")


def test_looking(studio: Studio, sandbox: Sandbox, colleague: User) -> None:
    sandbox.fault("hang", None, call="read", seconds=10, times=1)
    page = studio.enter(colleague).go("/conversations/00000000-0000-4000-8000-0000000000ff/")
    expect(page.locator("#words")).to_contain_text("Looking")
    studio.take(page, "looking")


def test_edits(studio: Studio, admin: User, made: Made, states: Shown) -> None:
    visitor = studio.enter(admin)
    page = visitor.go(f"/edits/?conversation={made.id}")
    expect(page.locator("#rows tr")).to_have_count(len(State))
    studio.take(page, "edits")
    page = visitor.go(f"/edits/{states.edits[State.NOT_PERSISTED].pk}/")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    studio.take(page, "edit-not-saved")


def test_why_undo_and_history(studio: Studio, sandbox: Sandbox, colleague: User) -> None:
    made = held(
        sandbox.conversation(
            attributes={"priority": "Silver", "language": "en-GB"}, flow_running=True
        )
    )
    sandbox.fault("flow_overwrites", made, times=1)
    lost = settled(save(made, {"priority": "Gold"}, by=colleague, baseline="Silver"))
    sandbox.act(made, "flow_end")
    undo = settled(save(made, {"language": "de-DE"}, by=colleague, baseline="en-GB"))
    visitor = studio.enter(colleague)
    page = visitor.go(address(made))
    expect(page.locator("#st-priority [data-why=flow_ended]")).to_be_visible(timeout=20_000)
    studio.take(page, "conversation-why")
    page = visitor.go(f"/edits/{lost.pk}/")
    page.locator("#cause summary").click()
    studio.take(page, "edit-why")
    page = visitor.go(f"/edits/{undo.pk}/")
    expect(page.locator("#undo")).to_contain_text("de-DE → en-GB")
    studio.take(page, "edit-undo")
    page = visitor.go(f"{address(made)}history/")
    expect(page.locator("[data-attribute=priority] li")).to_have_count(3)
    studio.take(page, "history")


def test_admin(studio: Studio, admin: User) -> None:
    visitor = studio.enter(admin)
    for name, path in (
        ("catalogue", "/catalogue/"),
        ("catalogue-entry", "/catalogue/new/"),
        ("people", "/people/"),
        ("audit", "/audit/"),
        ("status", "/status/"),
        ("person", f"/people/{admin.pk}/"),
    ):
        page = visitor.go(path)
        expect(page.locator("h1").first).to_be_visible()
        studio.take(page, name)


def test_check_of_keys(studio: Studio, sandbox: Sandbox, admin: User) -> None:
    odd = {"Priority": "Gold", "case-id": "C-1", "ivr.path": "2", "survey_score": "4"}
    held(sandbox.conversation(attributes=odd))
    counted(*odd)
    page = studio.enter(admin).go("/catalogue/lint/")
    row = page.locator("tr").filter(has=page.get_by_text("survey_score", exact=True))
    row.get_by_role("button", name="Leave it").click()
    expect(page.get_by_text("1 finding is left as it is.")).to_be_visible()
    studio.take(page, "check-of-keys")
    page.get_by_role("link", name="What was done").click()
    expect(page.get_by_role("heading", name="What was done")).to_be_visible()
    studio.take(page, "check-of-keys-done")
    page.get_by_role("button", name="Take it back: Left as it is, “survey_score”").first.click()
    expect(page.get_by_text("Taken back")).to_have_count(2)


def test_profile(studio: Studio, colleague: User) -> None:
    page = studio.enter(colleague).go("/profile/")
    expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
    studio.take(page, "profile")


def test_import(studio: Studio, admin: User) -> None:
    """A preview and a refusal; nothing of it is carried out."""
    visitor = studio.enter(admin)
    visitor.may_complain("422")
    page = visitor.go("/catalogue/import/")
    for name, content, title in (
        (
            "import-preview",
            "key,label,help,pinned\npriority,Rank,,yes\nvip,VIP,,no\n",
            "What would",
        ),
        (
            "import-mistakes",
            "key,label,type\nvip,,text\nregion,Region,list\n",
            "cannot be imported",
        ),
    ):
        file = {"name": "catalogue.csv", "mimeType": "text/csv", "buffer": content.encode()}
        page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
        page.get_by_role("button", name="Show what would change").click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        studio.take(page, name)


def test_refusals(studio: Studio, colleague: User) -> None:
    visitor = studio.enter(colleague)
    visitor.may_complain("404", "403")
    for name, path, words in (
        ("not-here", "/nowhere/", "Not here"),
        ("not-allowed", "/people/", "Not allowed"),
    ):
        page = visitor.go(path)
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        studio.take(page, name)


def test_keyboard_help(studio: Studio, colleague: User) -> None:
    page = studio.enter(colleague).go("/edits/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    studio.take(page, "keyboard-help")
