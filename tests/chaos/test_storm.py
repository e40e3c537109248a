"""The storm, short: a minute of it on the embedded profile. `make chaos` is the long one, on every profile."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests import profile
from tests.chaos import blows
from tests.chaos.storm import Plan, rage
from tests.genesys import Sandbox

DEADLINE_SECONDS = 90
BLOWS = (
    blows.worker_killed,
    blows.messages_lost,
    blows.web_killed,
    blows.all_workers_killed,
    blows.listener_killed,
    blows.worker_killed,
)


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("database")
@pytest.mark.skipif(profile.PROFILE != "embedded", reason="the long one runs on every profile")
def test_every_promise_is_kept_in_a_storm(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    settings.EDIT_DEADLINE_SECONDS = DEADLINE_SECONDS
    plan = Plan(
        conversations=60,
        rate=12,
        fault_every=0.3,
        blows=BLOWS,
        pause=1.5,
        workers=2,
        deadline=DEADLINE_SECONDS,
        environment={"EDIT_DEADLINE_SECONDS": str(DEADLINE_SECONDS)},
    )
    report = rage(plan, sandbox, tmp_path)
    found = report.findings
    assert not found.wrong, "\n".join([*found.wrong, *found.stories])
    assert not report.misses
    assert found.counts["saved"] > 50
    assert found.counts["confirmed"] > 20
