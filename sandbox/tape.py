"""The tape: every answer and every frame, one JSON line each, for checking against the published
definition.
"""

import json
from pathlib import Path
from typing import IO, Any

KEPT_HEADERS = {
    "content-type",
    "inin-correlation-id",
    "inin-ratelimit-count",
    "inin-ratelimit-allowed",
    "inin-ratelimit-reset",
    "retry-after",
}


class Tape:
    """Writes lines to a file, or nowhere when there is none."""

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = path.open("a", buffering=1, encoding="utf-8") if path else None

    def answer(
        self,
        *,
        method: str,
        path: str,
        template: str | None,
        status: int,
        headers: dict[str, str],
        content: bytes,
        fault: str | None,
        has_broken_body: bool,
    ) -> None:
        """Note an answer."""
        if self._file is None:
            return
        kept = {
            name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS
        }
        self._write(
            {
                "kind": "answer",
                "method": method,
                "path": path,
                "template": template,
                "status": status,
                "headers": kept,
                "body": content.decode("utf-8", "replace"),
                "fault": fault,
                "has_broken_body": has_broken_body,
            }
        )

    def frame(self, channel: str, text: str) -> None:
        """Note a frame sent on a socket."""
        if self._file is not None:
            self._write({"kind": "frame", "channel": channel, "body": text})

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
            self._file = None
