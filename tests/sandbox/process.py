"""A sandbox as a process of its own, started as anybody starts it."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


class SandboxProcess:
    """`python -m sandbox` on a free port; its first line says that it listens, and where."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        found = re.search(r"http://[^/ ]+", self.process.stdout.readline())
        assert found, self.end(signal.SIGKILL)
        self.url = found[0]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it; its exit code and everything it complained about."""
        self.process.send_signal(number)
        _, complaints = self.process.communicate(timeout=10)
        return self.process.returncode, complaints

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
