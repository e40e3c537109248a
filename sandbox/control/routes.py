"""The addresses under `/_sandbox/`: JSON in, JSON out, every mistake answered with a sentence."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.api.call import Json
from sandbox.control import actions, truth
from sandbox.control.page import page_routes
from sandbox.state import Sandbox
from sandbox.world.model import Conversation

Action = Callable[[Request, Json], Any]

FILTERS = ("conversation", "participant", "method", "call", "client", "fault", "status")
"""Members of a logged call that may be asked for."""


def routes(sandbox: Sandbox) -> list[Route]:
    """All of them on one screen."""
    own = _Asked(sandbox)
    one = "/conversations/{conversation}"
    return [
        _route("GET", "/calls", own.calls),
        _route("DELETE", "/calls", lambda _r, _raw: sandbox.calls.clear()),
        _route("GET", "/faults", lambda _r, _raw: sandbox.faults.describe()),
        _route("POST", "/faults", lambda _r, raw: sandbox.faults.add(raw).body()),
        _route("DELETE", "/faults", lambda _r, _raw: sandbox.faults.clear()),
        _route("GET", "/conversations", own.conversations),
        _route("POST", "/conversations", lambda _r, raw: actions.make(sandbox, raw)),
        _route("GET", one, lambda r, _raw: truth.truth(own.conversation(r))),
        _route("GET", f"{one}/history", lambda r, _raw: truth.history(own.conversation(r))),
        _route("PATCH", f"{one}/participants/{{participant}}/attributes", own.write),
        _route("POST", f"{one}/{{move}}", own.move),
        _route("GET", "/clock", lambda _r, _raw: actions.set_clock(sandbox, None)),
        _route("POST", "/clock", lambda _r, raw: actions.set_clock(sandbox, raw.get("speed"))),
        _route("GET", "/switches", lambda _r, _raw: {"switches": sandbox.switches.describe()}),
        _route("POST", "/switches", lambda _r, raw: _turn(sandbox, raw)),
        _route("POST", "/reset", lambda _r, raw: actions.reset(sandbox, raw)),
        _route("POST", "/sockets/drop", lambda _r, raw: actions.drop_sockets(sandbox, raw)),
        _route("POST", "/tokens/revoke", lambda _r, raw: actions.revoke_tokens(sandbox, raw)),
        *page_routes(sandbox),
    ]


class _Asked:
    """What needs more of the request than its body."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def calls(self, request: Request, _raw: Json) -> list[Json]:
        wanted = {name: request.query_params.get(name) for name in FILTERS}
        return [call.body() for call in self._sandbox.calls.find(**wanted)]

    def conversations(self, request: Request, _raw: Json) -> list[Json]:
        everything = self._sandbox.world.conversations.values()
        shown = everything if request.query_params.get("all") else actions.live(self._sandbox)
        return [truth.summary(conversation) for conversation in shown]

    def conversation(self, request: Request) -> Conversation:
        return actions.find(self._sandbox, request.path_params["conversation"])

    def write(self, request: Request, raw: Json) -> Json:
        participant = request.path_params["participant"]
        attributes = raw.get("attributes")
        return actions.write(self._sandbox, self.conversation(request), participant, attributes)

    def move(self, request: Request, raw: Json) -> Json:
        what = request.path_params["move"]
        return actions.move(self._sandbox, self.conversation(request), what, raw)


def _turn(sandbox: Sandbox, raw: Json) -> Json:
    sandbox.switches.turn(raw)
    return {"switches": sandbox.switches.describe()}


def _route(method: str, path: str, action: Action) -> Route:
    return Route(path, _endpoint(action), methods=[method])


def _endpoint(action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            raw = json.loads(await request.body() or b"{}")
            if not isinstance(raw, dict):
                raise ValueError("The body must be a JSON object.")
            result = action(request, raw)
        except actions.MissingError as error:
            return JSONResponse({"error": str(error)}, 404)
        except (
            ValueError,
            RecursionError,
        ) as error:  # what cannot be done, malformed JSON, wrong parameters
            return JSONResponse({"error": str(error)}, 400)
        return Response(None, 204) if result is None else JSONResponse(result)

    return answer
