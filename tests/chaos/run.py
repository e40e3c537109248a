"""One storm on one profile, chosen by MIDCALL_TEST_PROFILE; exits 1 where a promise was broken."""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from tests.chaos import ground
from tests.chaos.storm import (
    EMBEDDED,
    PRODUCTION,
    Plan,
    Report,
    is_possible_wrong_clock,
    rage,
    schedule,
)
from tests.genesys import Sandbox
from tests.processes import Process, answers, until
from tests.profile import PROFILE

RESULTS = Path(__file__).parent.parent.parent / "bench" / "results"
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "3"))


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(int(time.time()) % 100_000)))
    embedded = PROFILE == "embedded"
    plan = Plan(
        conversations=300,
        rate=30,
        fault_every=0.25,
        blows=schedule(EMBEDDED if embedded else PRODUCTION, ROUNDS, seed),
        pause=4,
        workers=2 if embedded else 3,
        deadline=ground.DEADLINE_SECONDS,
        seed=seed,
        # On a desk there is one machine and one clock.
        wrong_clock=not embedded and is_possible_wrong_clock(),
    )
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # the servers and processes must not stay behind
    logs = Path(tempfile.mkdtemp(prefix="midcall-storm-"))
    call_command("migrate", verbosity=0)
    options = "--rate-limit 60000 --conversations 0"
    sandbox = Process("sandbox", logs / "sandbox.log", more=options).start()
    try:
        until(
            answers(f"{settings.GENESYS.api_url}/_sandbox/faults"), 20, what="the sandbox answers"
        )
        report = rage(plan, Sandbox(settings.GENESYS.api_url), logs, ground.database, ground.broker)
    finally:
        sandbox.end()
    tell(report, seed, logs)
    if not embedded and not plan.wrong_clock:
        print("  left out: a worker with a wrong clock (on Debian or Ubuntu: apt install faketime)")
    keep(report, seed)
    return int(bool(report.findings.wrong))


def tell(report: Report, seed: int, logs: Path) -> None:
    print(f"\n{PROFILE}: seed {seed}, {report.seconds:.0f} s, logs in {logs}")
    for name, counts in (
        ("edits", report.findings.counts),
        ("blows that hit", report.hits),
        ("blows that missed, not counted", report.misses),
        ("faults of the sandbox", report.faults),
        ("processes that ended by themselves and were started again", report.exits),
    ):
        words = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()) if count)
        print(f"  {name}: {words or 'none'}")
    print(f"  promises broken: {len(report.findings.wrong)}")
    for wrong in report.findings.wrong[:40]:
        print(f"    {wrong}")
    if report.findings.stories:
        (logs / "findings.txt").write_text("\n\n".join(report.findings.stories) + "\n")


def keep(report: Report, seed: int) -> None:
    content = {
        "measured": time.strftime("%Y-%m-%d"),
        "profile": PROFILE,
        "seed": seed,
        **report.content(),
    }
    (RESULTS / f"chaos-{PROFILE}.json").write_text(
        json.dumps(content, indent=2, default=str) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
