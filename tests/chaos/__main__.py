"""`make chaos`: the storm on every profile, one after the other; the counts are printed and kept."""

import os
import subprocess
import sys

PROFILES = ("embedded", "redis", "rabbitmq")


def main() -> int:
    wanted = [each for each in PROFILES if each in sys.argv[1:]] or list(PROFILES)
    failed = 0
    for profile in wanted:
        environment = {**os.environ, "MIDCALL_TEST_PROFILE": profile}
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.run"], env=environment, check=False
        )
        failed |= done.returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
