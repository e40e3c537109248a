"""Is what the sandbox sent what the published definition allows? `problems(tape)` says where not.

The definition is read from the folder GENESYS_REFERENCE names. It is taken strictly: members it does not declare are
problems, nulls too, and so are missing required members; `allowances.py` lists the exceptions, each with a reason.
"""

import copy
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft4Validator

from tests.sandbox import allowances

Json = dict[str, Any]

VARIABLE = "GENESYS_REFERENCE"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def reference() -> Path | None:
    """The folder with the published definition and the recorded payloads, if there is one."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else None


@cache
def definition() -> Json:
    """The published definition as it is."""
    folder = reference()
    if folder is None:
        raise RuntimeError(f"{VARIABLE} does not say where the published definition is.")
    loaded: Json = json.loads((folder / "openapi-subset.json").read_text(encoding="utf-8"))
    return loaded


@cache
def _strict_models() -> Json:
    """The models with undeclared members forbidden, and with the allowances."""
    models: Json = copy.deepcopy(definition()["definitions"])
    for name, model in models.items():
        if "properties" in model and "additionalProperties" not in model:
            model["additionalProperties"] = False
        if "EventTopic" in name:
            model["properties"].update({member: {} for member in allowances.EVENTS_ADD})
    for name, member in allowances.NOT_REQUIRED:
        models[name]["required"].remove(member)
        if not models[name]["required"]:
            del models[name]["required"]
    for name, member in allowances.EXTRA_MEMBERS:
        models[name]["properties"][member] = {}
    return models


@cache
def _validator(schema: str) -> Draft4Validator:
    """A validator for a schema given as JSON text, so that it can be kept."""
    whole = {**json.loads(schema), "definitions": _strict_models()}
    return Draft4Validator(whole, formats={"date-time": _is_time}, validate_formats=True)


def check(schema: Json, body: object) -> list[str]:
    """What is wrong with a body, by place."""
    errors = _validator(json.dumps(schema, sort_keys=True)).iter_errors(body)
    return [f"{_place(each.instance_path)}: {each.message[:200]}" for each in errors]


def check_model(name: str, body: object) -> list[str]:
    """What is wrong with a body that should be of a model."""
    return check({"$ref": f"#/definitions/{name}"}, body)


def _place(path: list[str | int]) -> str:
    return "/".join(str(part) for part in path) or "(whole body)"


def problems(tape: Path | str) -> list[str]:
    """Every way in which the tape strays from the definition, worded for people; each kind once."""
    found: dict[str, None] = {}
    with Path(tape).open(encoding="utf-8") as lines:
        for line in lines:
            entry: Json = json.loads(line)
            look_at = _answer_problems if entry["kind"] == "answer" else _frame_problems
            found.update(dict.fromkeys(look_at(entry)))
    return list(found)


def _answer_problems(entry: Json) -> Iterator[str]:
    where = f"{entry['method']} {entry['template'] or entry['path']} {entry['status']}"
    yield from (f"{where}: header {name} is missing" for name in _missing_headers(entry))
    if entry["has_broken_body"]:
        return
    body = json.loads(entry["body"]) if entry["body"] else None
    yield from (f"{where}: {problem}" for problem in _body_problems(entry, body))


def _missing_headers(entry: Json) -> Iterator[str]:
    wanted = [
        "inin-correlation-id",
        "inin-ratelimit-count",
        "inin-ratelimit-allowed",
        "inin-ratelimit-reset",
    ]
    if entry["body"]:
        wanted.append("content-type")
    if entry["status"] == 429 and entry["fault"] is None:
        wanted.append("retry-after")
    return (name for name in wanted if name not in entry["headers"])


def _body_problems(entry: Json, body: object) -> Iterator[str]:
    template, status = entry["template"], str(entry["status"])
    operation = definition()["paths"].get(template, {}).get(entry["method"].lower())
    if entry["method"] == "HEAD":
        if body is not None:
            yield "a HEAD has a body"
        return
    if template == "/oauth/token" and status[0] in allowances.LOGIN_STATUSES:
        return
    if operation is None:
        yield from _undeclared_problems(template, status, body)
        return
    response = operation["responses"].get(status)
    if response is None:
        if entry["status"] not in allowances.UNDECLARED_STATUSES:
            yield "this status is not declared"
        return
    response = _resolved(response)
    if "schema" in response:
        yield from check(response["schema"], body)
    elif body is not None:
        yield "no body is declared"
    yield from _error_problems(entry, body)


def _undeclared_problems(template: str | None, status: str, body: object) -> Iterator[str]:
    if status[0] == "2":
        if template not in allowances.UNDECLARED_PATHS:
            yield "nobody published this path"
    else:
        yield from check_model("ErrorBody", body)


def _error_problems(entry: Json, body: object) -> Iterator[str]:
    """The contextId of an `ErrorBody` is the correlation id, its status the status."""
    if not isinstance(body, dict) or "contextId" not in body:
        return
    if body["contextId"] != entry["headers"].get("inin-correlation-id"):
        yield "contextId is not the correlation id"
    if body["status"] != entry["status"]:
        yield "the status in the body is another"


def _resolved(response: Json) -> Json:
    if "$ref" not in response:
        return response
    named: Json = definition()["responses"][response["$ref"].rpartition("/")[2]]
    return named


def _frame_problems(entry: Json) -> Iterator[str]:
    frame = json.loads(entry["body"])
    if "result" in frame:  # the answer to a subscription over the socket: protocol literal
        return
    topic = frame.get("topicName", "")
    yield from (f"frame {topic}: {p}" for p in check_model("NotificationEnvelope", frame))
    if topic in allowances.CONTROL_FRAMES:
        return
    kind = _kind_of_topic(topic)
    if kind not in definition()["x-notification-topics"]:
        yield f"frame {kind}: there is no such topic"
        return
    model = _model_of_topic(kind)
    if model is not None:
        found = check_model(model, frame["eventBody"])
        yield from (f"frame {kind}: {problem}" for problem in found)


def _kind_of_topic(topic: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", topic)


def _model_of_topic(kind: str) -> str | None:
    declared = definition()["x-notification-topics"][kind]
    if "eventBody" in declared:
        return str(declared["eventBody"]["$ref"]).rpartition("/")[2]
    return allowances.UNMODELLED_TOPICS[kind.rpartition("{id}.")[2]][0]
