"""What tests ask of the sandbox by hand: conversations, faults, the stored truth. Over HTTP, like anybody."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import requests


@dataclass(frozen=True)
class Made:
    """A conversation made by hand; it does not change by itself."""

    id: UUID
    customer: UUID
    raw: dict[str, Any]

    def participant(self, purpose: str) -> UUID:
        return next(UUID(p["id"]) for p in self.raw["participants"] if p["purpose"] == purpose)


class Sandbox:
    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def conversation(self, **facts: Any) -> Made:
        return self.conversations(1, **facts)[0]

    def conversations(self, count: int, **facts: Any) -> list[Made]:
        raw = self.call("POST", "conversations", {"count": count, **facts})
        return [_made(each) for each in raw]

    def fault(self, name: str, made: Made | None = None, **parameters: Any) -> None:
        target = {"conversation": str(made.id)} if made else {}
        self.call("POST", "faults", {"fault": name, **target, **parameters})

    def faults(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.call("GET", "faults")["faults"]
        return listed

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def switch(self, **values: Any) -> None:
        self.call("POST", "switches", values)

    def attributes(self, made: Made, participant: UUID | None = None) -> dict[str, str]:
        """The stored truth of one participant, by default the customer."""
        truth = self.call("GET", f"conversations/{made.id}")
        wanted = str(participant or made.customer)
        found: dict[str, str] = next(
            p["attributes"] for p in truth["participants"] if p["id"] == wanted
        )
        return found

    def history(self, made: Made) -> list[dict[str, Any]]:
        """The timed truth: when which key of which participant became readable with which value."""
        found: list[dict[str, Any]] = self.call("GET", f"conversations/{made.id}/history")
        return found

    def write(
        self, made: Made, attributes: dict[str, str], participant: UUID | None = None
    ) -> None:
        """Another writer, at once."""
        path = f"conversations/{made.id}/participants/{participant or made.customer}/attributes"
        self.call("PATCH", path, {"attributes": attributes})

    def act(self, made: Made, what: str) -> None:
        """end, transfer, flow_end, wrapup, hold, conference."""
        self.call("POST", f"conversations/{made.id}/{what}")

    def calls(self, made: Made | None = None) -> list[dict[str, Any]]:
        query = f"?conversation={made.id}" if made else ""
        answer = self.call("GET", f"calls{query}")
        found: list[dict[str, Any]] = answer["calls"] if isinstance(answer, dict) else answer
        return found

    def methods(self, made: Made) -> list[str]:
        return [each["method"] for each in self.calls(made)]


def held_at(history: list[dict[str, Any]], participant: UUID, key: str, moment: float) -> set[str]:
    """Every value a key had held up to a moment, by the timed truth."""
    return {
        each["value"] or ""
        for each in history
        if each["participant"] == str(participant) and each["key"] == key and each["at"] <= moment
    } | {""}


def wall_clock() -> float:
    return time.time()


def _made(raw: dict[str, Any]) -> Made:
    customer = next(p["id"] for p in raw["participants"] if p["purpose"] == "customer")
    return Made(UUID(raw["id"]), UUID(customer), raw)
