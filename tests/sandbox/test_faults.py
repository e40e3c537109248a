"""Every fault does what its sentence says. A fault without an expectation here fails the table."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.client import DEMO_AGENT, Caller, Made, until

Expectation = Callable[[Caller, Made], None]
EXPECTATIONS: dict[str, Expectation] = {}


def expected(check: Expectation) -> Expectation:
    """Enter a check into the table, under the name of the fault."""
    EXPECTATIONS[check.__name__] = check
    return check


def settled(made: Made, wanted: dict[str, str], seconds: float = 3.0) -> None:
    until(lambda: made.stored() == wanted, seconds=seconds, what=f"it is {wanted}")


def stays(made: Made, wanted: dict[str, str], seconds: float = 0.2) -> None:
    """Longer than the delay of storing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert made.stored() == wanted
        time.sleep(0.01)


# Writes


@expected
def never_stored(sandbox: Caller, made: Made) -> None:
    sandbox.fault("never_stored", conversation=made.id)
    assert made.patch({"tier": "gold"}).status_code == 202
    stays(made, {"tier": "silver"})
    assert [entry["value"] for entry in made.history()] == ["silver"]


@expected
def stored_late(sandbox: Caller, made: Made) -> None:
    sandbox.fault("stored_late", seconds=0.4, times=1)
    begun = time.time()
    assert made.patch({"tier": "gold"}).status_code == 202
    stays(made, {"tier": "silver"}, 0.2)
    settled(made, {"tier": "gold"})
    assert 0.4 <= made.history()[-1]["at"] - begun < 0.6


@expected
def key_lost(sandbox: Caller, made: Made) -> None:
    sandbox.fault("key_lost", key="second", times=1)
    made.patch({"first": "1", "second": "2"})
    settled(made, {"tier": "silver", "first": "1"})
    sandbox.fault("key_lost", times=1)
    made.patch({"third": "3", "fourth": "4"})
    settled(made, {"tier": "silver", "first": "1", "fourth": "4"})


@expected
def flow_overwrites(sandbox: Caller, made: Made) -> None:
    sandbox.fault("flow_overwrites", times=1)
    made.patch({"tier": "gold", "new": "n"})
    settled(made, {"tier": "gold", "new": "n"})
    made.move("flow_end")
    assert made.stored() == {"tier": "silver"}
    sandbox.fault("flow_overwrites", times=1, value="theirs", seconds=0.1)
    made.patch({"tier": "gold"})
    settled(made, {"tier": "gold"})
    settled(made, {"tier": "theirs"})
    assert made.history()[-1]["by"] == "flow"


@expected
def another_writer(sandbox: Caller, made: Made) -> None:
    sandbox.fault("another_writer", value="theirs", seconds=0.1)
    made.patch({"tier": "gold"})
    settled(made, {"tier": "gold"})
    settled(made, {"tier": "theirs"})
    assert [(e["value"], e["by"]) for e in made.history()[-2:]] == [
        ("gold", "sandbox"),
        ("theirs", "other"),
    ]


@expected
def stored_other_case(sandbox: Caller, made: Made) -> None:
    sandbox.fault("stored_other_case")
    made.patch({"Tier": "gold"})
    settled(made, {"tier": "silver", "tIER": "gold"})


@expected
def stored_coerced(sandbox: Caller, made: Made) -> None:
    sandbox.fault("stored_coerced")
    made.patch({"tier": "gold", "a": "true", "b": "7", "c": "", "d": "null"})
    settled(made, {"tier": "Gold", "a": "True", "b": "7.0", "c": "", "d": "None"})


@expected
def conversation_ends(sandbox: Caller, made: Made) -> None:
    sandbox.fault("conversation_ends", times=1)
    assert made.patch({"tier": "gold"}).status_code == 202
    stays(made, {"tier": "silver"})
    assert made.truth()["live"] is False
    assert made.patch({"tier": "gold"}).status_code == 202


@expected
def stored_elsewhere(sandbox: Caller, made: Made) -> None:
    sandbox.fault("stored_elsewhere")
    made.patch({"tier": "gold"})
    until(
        lambda: any(p["attributes"] == {"tier": "gold"} for p in made.truth()["participants"]),
        what="it is on another participant",
    )
    assert made.stored() == {"tier": "silver"}


# Answers


def refuses(name: str, status: int, code: str, **parameters: Any) -> None:
    """The fault answers with an `ErrorBody`, once, and nothing lands."""

    def check(sandbox: Caller, made: Made) -> None:
        sandbox.fault(name, conversation=made.id, times=1, **parameters)
        answer = made.patch({"tier": "gold"})
        assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (
            status,
            code,
            status,
        )
        assert answer.json()["contextId"] == answer.headers["ININ-Correlation-Id"]
        assert answer.headers.get("Retry-After") == parameters.get("expected_retry_after")
        stays(made, {"tier": "silver"}, 0.1)
        assert made.patch({"tier": "gold"}).status_code == 202

    check.__name__ = name
    expected(check)


refuses("bad_request", 400, "bad.request")
refuses("unauthorized", 401, "bad.credentials")
refuses("forbidden", 403, "not.authorized")
refuses("not_found", 404, "not.found")
refuses("client_timeout", 408, "client.timeout")
refuses("general_conflict", 409, "general.conflict")
refuses("too_large", 413, "request.entity.too.large")
refuses("unsupported_media", 415, "unsupported.media.type")
refuses("server_error", 500, "internal.server.error")


@expected
def rate_limited(sandbox: Caller, made: Made) -> None:
    sandbox.fault("rate_limited", times=1)
    answer = made.patch({"tier": "gold"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert answer.json()["code"] == "too.many.requests.retry.after"
    stays(made, {"tier": "silver"}, 0.1)


@expected
def bad_gateway(sandbox: Caller, made: Made) -> None:
    sandbox.fault("bad_gateway", times=1)
    answer = made.patch({"tier": "gold"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")
    stays(made, {"tier": "silver"}, 0.1)
    sandbox.fault("bad_gateway", times=1, lands=True)
    assert made.patch({"tier": "gold"}).status_code == 502
    settled(made, {"tier": "gold"})


@expected
def unavailable(sandbox: Caller, made: Made) -> None:
    sandbox.fault("unavailable", times=1)
    answer = made.patch({"tier": "gold"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, False)
    sandbox.fault("unavailable", times=1, retry_after=3)
    assert made.patch({"tier": "gold"}).headers["Retry-After"] == "3"
    stays(made, {"tier": "silver"}, 0.1)


@expected
def gateway_timeout(sandbox: Caller, made: Made) -> None:
    sandbox.fault("gateway_timeout", times=1, lands=False)
    assert made.patch({"tier": "gold"}).status_code == 504
    stays(made, {"tier": "silver"}, 0.1)
    sandbox.fault("gateway_timeout", times=1)
    assert made.patch({"tier": "gold"}).status_code == 504
    settled(made, {"tier": "gold"})


def is_reset(error: BaseException) -> bool:
    """Whether somewhere below an exception the kernel said "connection reset by peer" (ECONNRESET)."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionResetError) or "ConnectionResetError" in repr(cause.args):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


@expected
def reset_before_landing(sandbox: Caller, made: Made) -> None:
    sandbox.fault("reset_before_landing", times=1)
    with pytest.raises(requests.ConnectionError) as raised:
        made.patch({"tier": "gold"})
    assert is_reset(raised.value)
    stays(made, {"tier": "silver"}, 0.1)
    logged = sandbox.calls(conversation=made.id, method="PATCH")[0]
    assert (logged["status"], logged["answered_at"], logged["fault"]) == (
        None,
        None,
        "reset_before_landing",
    )


@expected
def reset_after_landing(sandbox: Caller, made: Made) -> None:
    sandbox.fault("reset_after_landing", times=1)
    with pytest.raises(requests.ConnectionError) as raised:
        made.patch({"tier": "gold"})
    assert is_reset(raised.value)
    settled(made, {"tier": "gold"})


@expected
def hang(sandbox: Caller, made: Made) -> None:
    sandbox.fault("hang", times=1)
    with pytest.raises(requests.ReadTimeout):
        made.patch({"tier": "gold"}, timeout=0.1)
    stays(made, {"tier": "silver"}, 0.1)
    sandbox.fault("hang", times=1, lands=True)
    with pytest.raises(requests.ReadTimeout):
        made.patch({"tier": "gold"}, timeout=0.1)
    settled(made, {"tier": "gold"})
    sandbox.fault("hang", times=1, late_landing=0.3)
    with pytest.raises(requests.ReadTimeout):
        made.patch({"tier": "late"}, timeout=0.1)
    assert made.stored() == {"tier": "gold"}
    settled(made, {"tier": "late"})
    sandbox.fault("hang", times=1, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        made.patch({"tier": "never"}, timeout=5)


@expected
def drip(sandbox: Caller, made: Made) -> None:
    sandbox.fault("drip", times=1, seconds=0.5)
    begun = time.monotonic()
    answer = made.patch({"tier": "gold"}, timeout=0.3)  # each single read is quick enough
    assert answer.status_code == 202
    assert 0.4 < time.monotonic() - begun < 2
    settled(made, {"tier": "gold"})
    sandbox.fault("drip", times=1, seconds=0.3, call="read")
    assert made.readable() == {"tier": "gold"}


@expected
def truncated_json(sandbox: Caller, made: Made) -> None:
    sandbox.fault("truncated_json", times=1)
    answer = made.patch({"tier": "gold"})
    assert answer.status_code == 202
    assert answer.content
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)
    settled(made, {"tier": "gold"})
    sandbox.fault("truncated_json", times=1, call="read")
    answer = sandbox.api("GET", made.path)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


@expected
def stale_read(sandbox: Caller, made: Made) -> None:
    made.patch({"tier": "gold"})
    settled(made, {"tier": "gold"})
    sandbox.fault("stale_read", seconds=0.5, conversation=made.id)
    assert made.readable() in ({"tier": "silver"}, {})
    until(lambda: made.readable() == {"tier": "gold"}, what="the past has caught up")


# Events


def topic() -> str:
    return f"v2.users.{DEMO_AGENT}.conversations"


def tiers(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["eventBody"]["participants"][0]["attributes"]["tier"] for frame in frames]


def writes(sandbox: Caller, made: Made, *values: str) -> None:
    for value in values:
        path = f"conversations/{made.id}/participants/{made.participant()}/attributes"
        sandbox.control("PATCH", path, {"attributes": {"tier": value}})


@expected
def event_lost(sandbox: Caller, made: Made) -> None:
    with sandbox.listening(topic()) as ear:
        sandbox.fault("event_lost", times=1)
        writes(sandbox, made, "gold", "platinum")
        assert tiers(ear.everything()) == ["platinum"]


@expected
def event_doubled(sandbox: Caller, made: Made) -> None:
    with sandbox.listening(topic()) as ear:
        sandbox.fault("event_doubled", times=1)
        writes(sandbox, made, "gold", "platinum")
        assert tiers(ear.everything()) == ["gold", "gold", "platinum"]


@expected
def event_late(sandbox: Caller, made: Made) -> None:
    with sandbox.listening(topic()) as ear:
        sandbox.fault("event_late", times=1, seconds=0.2)
        writes(sandbox, made, "gold", "platinum")
        assert tiers(ear.everything()) == ["platinum", "gold"]


@expected
def events_shuffled(sandbox: Caller, made: Made) -> None:
    with sandbox.listening(topic()) as ear:
        sandbox.fault("events_shuffled", seconds=0.2)
        writes(sandbox, made, "a", "b", "c")
        assert tiers(ear.everything()) == ["c", "b", "a"]


@expected
def socket_dropped(sandbox: Caller, made: Made) -> None:
    with sandbox.listening(topic()) as ear:
        sandbox.fault("socket_dropped", times=1)
        writes(sandbox, made, "gold")
        with pytest.raises(Exception, match="no close frame"):
            ear.hear()
    head = sandbox.api("HEAD", f"/notifications/channels/{ear.channel['id']}")
    assert head.status_code == 200


def test_every_fault_has_an_expectation(sandbox: Caller) -> None:
    listed = {fault["name"] for fault in sandbox.control("GET", "faults")["faults"]}
    assert listed == set(EXPECTATIONS)


@pytest.mark.parametrize("name", sorted(EXPECTATIONS))
def test_a_fault_does_what_it_says(sandbox: Caller, name: str) -> None:
    made = sandbox.make(agent=DEMO_AGENT, attributes={"tier": "silver"})
    EXPECTATIONS[name](sandbox, made)


def test_each_fault_has_a_sentence_and_defaults(sandbox: Caller) -> None:
    for fault in sandbox.control("GET", "faults")["faults"]:
        assert set(fault) == {"name", "kind", "sentence", "parameters"}
        assert fault["kind"] in {"write", "answer", "event"}
        assert fault["sentence"].endswith(".")
