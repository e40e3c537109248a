"""Every leg's attributes: merged with the clashes marked, and each by itself."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeDefinition, Conversation, User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, agent_of, held
from tests.builders import a_user
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


@pytest.fixture
def guarded() -> Iterator[None]:
    AttributeDefinition.objects.create(key="pin", label="Pin", edited_by="admins", masked=True)
    AttributeDefinition.objects.create(
        key="score", label="Score of risk", seen_by="admins", edited_by="admins"
    )
    yield
    AttributeDefinition.objects.filter(key__in=("pin", "score")).delete()


@pytest.fixture
def made(sandbox: Sandbox) -> Made:
    made = held(
        sandbox.conversation(
            attributes={"priority": "Gold", "language": "en-GB", "pin": "123456", "score": "9"}
        )
    )
    sandbox.write(made, {"priority": "Silver", "language": "en-GB"}, made.participant("acd"))
    sandbox.write(made, {"Priority ": "x", "pin": "654321"}, made.participant("agent"))
    return made


def row(page: Page, key: str) -> str:
    line = page.locator("#merged tbody tr").filter(has=page.get_by_text(key, exact=True))
    return " ".join(line.inner_text().split())


def test_are_merged_with_the_clashes_first(
    visit: Visit, made: Made, colleague: User, sandbox: Sandbox
) -> None:
    page = visit(colleague).go(address(made))
    page.get_by_role("link", name="All attributes").click()
    expect(page.locator("#clashing")).to_contain_text("clashes", timeout=15_000)
    expect(page.locator("#merged tbody tr").first).to_contain_text("Clash")
    customer = Conversation.objects.get(pk=made.id).customer
    assert row(page, "priority").startswith("Priority priority Clash Nearly the same name as")
    assert f"Gold {customer} (Customer)" in row(page, "priority")
    assert "Silver" in row(page, "priority")
    assert "Clash" not in row(page, "language")
    assert f"en-GB {customer} (Customer)," in row(page, "language")
    sandbox.write(made, {"priority": "Gold"}, made.participant("acd"))
    expect(page.locator("#clashing")).to_contain_text("1 clash", timeout=15_000)
    assert "Clash" not in row(page, "priority")


def test_are_shown_leg_by_leg_and_lead_to_the_editor(
    visit: Visit, made: Made, colleague: User
) -> None:
    page = visit(colleague).go(f"{address(made)}participants/")
    legs = page.locator("#legs section")
    expect(legs).to_have_count(len(made.raw["participants"]))
    acd = page.locator("section").filter(has=page.locator(f"#leg-{made.participant('acd')}"))
    expect(acd).to_contain_text("Silver", timeout=15_000)
    expect(legs.filter(has_text="written to by default")).to_have_count(1)
    acd.get_by_role("link", name="Edit").click()
    expect(page.locator("[name='set.priority']")).to_have_value("Silver")
    expect(page.get_by_text("not the usual participant")).to_be_visible()


@pytest.mark.usefixtures("guarded")
def test_are_masked_and_hidden_as_everywhere(visit: Visit, made: Made, admin: User) -> None:
    page = visit(agent_of(made)).go(f"{address(made)}participants/")
    main = page.get_by_role("main")
    expect(main).to_contain_text("••••21", timeout=15_000)
    expect(main).to_contain_text("••••56")
    for hidden in ("123456", "654321", "Score of risk"):
        expect(main).not_to_contain_text(hidden)
    assert "123456" not in page.content()
    everything = visit(admin).go(f"{address(made)}participants/").get_by_role("main")
    for shown in ("123456", "654321", "Score of risk"):
        expect(everything).to_contain_text(shown)


def test_of_an_interaction_of_others_are_not_there(visit: Visit, made: Made) -> None:
    visitor = visit(a_user())
    visitor.may_complain("404")
    page = visitor.go(f"{address(made)}participants/")
    expect(page.get_by_role("heading", name="Not here")).to_be_visible()
