"""A page to do the usual things by hand, at `/_sandbox/`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.api.call import Json
from sandbox.control import actions, markup
from sandbox.faults.catalogue import FAULT_BY_NAME
from sandbox.state import Sandbox
from sandbox.switches import Switches
from sandbox.world.model import Conversation

SHOWN = 60
CALLS_SHOWN = 30

Form = dict[str, str]

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def page_routes(sandbox: Sandbox) -> list[Route]:
    """The page, the page of one conversation, and the forms on them."""
    page = _Pages(sandbox)
    return [
        Route("/", page.overview),
        Route("/page.css", _style),
        Route("/by-hand/{conversation}", page.conversation),
        _form("make", lambda _r, f: actions.make(sandbox, _wish(f))),
        _form("fault", lambda _r, f: sandbox.faults.add(_fault(f))),
        _form("behave", lambda _r, _f: sandbox.faults.clear()),
        _form("clock", lambda _r, f: actions.set_clock(sandbox, float(f["speed"]))),
        _form("reset", lambda _r, _f: sandbox.reset()),
        _form("switches", lambda _r, f: sandbox.switches.turn(_switches(f))),
        _form("{conversation}/write", page.write),
        _form("{conversation}/{move}", page.move),
    ]


class _Pages:
    """What is shown, and the forms that are about one conversation."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def overview(self, request: Request) -> Response:
        sandbox = self._sandbox
        live = actions.live(sandbox)
        body = (
            markup.head(sandbox.timers.speed, len(live))
            + markup.make_form()
            + markup.fault_form(sandbox.faults)
            + markup.conversation_table(live[:SHOWN], len(live))
            + markup.call_table(sandbox.calls.newest(CALLS_SHOWN))
            + markup.switch_form(sandbox.switches)
        )
        return _page("Sandbox", body, request)

    async def conversation(self, request: Request) -> Response:
        sandbox = self._sandbox
        try:
            shown = self._find(request)
        except actions.MissingError:
            return RedirectResponse("/_sandbox/", 303)
        calls = list(sandbox.calls.find(conversation=shown.id))[-CALLS_SHOWN:]
        body = markup.head(sandbox.timers.speed, len(actions.live(sandbox)))
        body += markup.conversation_page(shown, sandbox.faults, reversed(calls))
        return _page(f"Sandbox: {shown.id[:8]}", body, request)

    def write(self, request: Request, fields: Form) -> None:
        attributes = {fields["key"]: fields.get("value", "")}
        actions.write(self._sandbox, self._find(request), fields["participant"], attributes)

    def move(self, request: Request, _fields: Form) -> None:
        what = request.path_params["move"]
        held = what != "resume"
        move = what if held else "hold"
        actions.move(self._sandbox, self._find(request), move, {"held": held})

    def _find(self, request: Request) -> Conversation:
        return actions.find(self._sandbox, request.path_params["conversation"])


async def _style(_request: Request) -> Response:
    return Response(_STYLE, media_type="text/css")


def _page(title: str, body: str, request: Request) -> Response:
    return HTMLResponse(markup.document(title, body, request.query_params.get("error", "")))


def _form(path: str, do: Callable[[Request, Form], Any]) -> Route:
    """Do what a form asks for and go back to where it was; a mistake is shown there."""

    async def submitted(request: Request) -> Response:
        text = (await request.body()).decode("utf-8", "replace")
        fields = {n: v[-1] for n, v in parse_qs(text, keep_blank_values=True).items()}
        came_from = urlsplit(request.headers.get("referer", "")).path
        back = came_from if came_from.startswith("/_sandbox/") else "/_sandbox/"
        try:
            do(request, fields)
        except (ValueError, LookupError) as error:
            return RedirectResponse(f"{back}?error={quote(str(error))}", 303)
        return RedirectResponse(back, 303)

    return Route(f"/by-hand/{path}", submitted, methods=["POST"])


def _pairs(text: str) -> dict[str, str]:
    """`name=value`, one a line."""
    lines = [line for line in text.replace("\r", "").split("\n") if line]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _wish(fields: Form) -> Json:
    return {
        "count": int(fields.get("count") or 1),
        "media": fields.get("media"),
        "agent": fields.get("agent") or None,
        "queue": fields.get("queue") or None,
        "state": fields.get("state"),
        "attributes": _pairs(fields.get("attributes", "")),
        "flow_running": "flow_running" in fields,
    }


def _fault(fields: Form) -> Json:
    name = fields.get("fault", "")
    defaults = FAULT_BY_NAME[name].parameters if name in FAULT_BY_NAME else {}
    given = _pairs(fields.get("parameters", ""))
    return {
        "fault": name,
        "conversation": fields.get("conversation") or None,
        "times": int(fields["times"]) if fields.get("times") else None,
        **{key: _typed(text, defaults.get(key)) for key, text in given.items()},
    }


def _switches(fields: Form) -> Json:
    """Texts of the form as the values the switches have; an empty number is no limit."""
    defaults = {s["name"]: s["default"] for s in Switches().describe()}
    return {name: _typed(text, defaults.get(name)) for name, text in fields.items()}


def _typed(text: str, like: object) -> Any:
    if isinstance(like, bool):
        return text.lower() == "true"
    if isinstance(like, str):
        return text
    try:
        return float(text) if text else None
    except ValueError:
        return text
