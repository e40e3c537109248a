"""Run every measurement on every profile that is here, print a table, and fail where a stated ratio is missed."""

import os
import subprocess
import sys

from bench import HEADING

MEASUREMENTS = (
    "bench.edits",
    "bench.feed",
    "bench.crowd",
    "bench.board",
    "bench.save",
    "bench.live",
    "bench.living",
)
PROFILES = ("embedded", "redis", "rabbitmq")


def main() -> int:
    wanted = [each for each in PROFILES if each in sys.argv[1:]] or list(PROFILES)
    print(f"{'':9} {HEADING}")
    failed = 0
    for measurement in MEASUREMENTS:
        for profile in wanted:
            environment = {**os.environ, "MIDCALL_TEST_PROFILE": profile}
            done = subprocess.run([sys.executable, "-m", measurement], env=environment, check=False)
            failed |= done.returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
