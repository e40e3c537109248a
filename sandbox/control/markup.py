"""HTML of the page by hand: plain forms, no script."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from sandbox.calls import LoggedCall
from sandbox.control.truth import history
from sandbox.faults.active import Faults
from sandbox.shapes.times import iso
from sandbox.switches import Switches
from sandbox.world.by_hand import STATES
from sandbox.world.model import MEDIA, Conversation, Participant
from sandbox.world.organisation import AGENTS, DEMO_AGENT, QUEUES

MOVES = ("hold", "resume", "conference", "transfer", "flow_end", "wrapup", "end")


def document(title: str, body: str, error: str = "") -> str:
    """A whole page."""
    complaint = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/_sandbox/page.css"></head>'
        f"<body>{complaint}{body}</body></html>"
    )


def button(action: str, text: str, *, kind: str = "", **fields: object) -> str:
    """A form that is one button."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(n)}" value="{escape(str(v))}">'
        for n, v in fields.items()
    )
    return (
        f'<form class="inline" method="post" action="/_sandbox/by-hand/{action}">{hidden}'
        f'<button class="{kind}">{escape(text)}</button></form>'
    )


def _options(values: Iterable[tuple[str, str]], chosen: str = "") -> str:
    return "".join(
        f'<option value="{escape(v)}"{" selected" if v == chosen else ""}>{escape(text)}</option>'
        for v, text in values
    )


def head(speed: float, live: int) -> str:
    """The title, the clock and the big button."""
    speeds = "".join(
        button("clock", text, kind="main" if speed == value else "", speed=value)
        for value, text in ((0.0, "Freeze"), (1.0, "1x"), (10.0, "10x"), (60.0, "60x"))
    )
    return (
        '<header><h1><a href="/_sandbox/">Sandbox</a></h1>'
        f'<span class="quiet">{live} live conversations, speed {speed:g}</span>'
        f"<span>{speeds}{button('reset', 'Reset everything')}</span>"
        '<a href="/_sandbox/">Refresh</a><a href="#calls">Calls</a>'
        '<a href="/_sandbox/#switches">Switches</a></header>'
    )


def make_form() -> str:
    """Make conversations that never change by themselves."""
    agents = _options(((a.id, a.name) for a in AGENTS), DEMO_AGENT.id)
    queues = _options([("", "of the agent"), *((q.id, q.name) for q in QUEUES)])
    return (
        '<h2>Make conversations</h2><form class="block" method="post" action="/_sandbox/by-hand/make">'
        f'<label>Media<select name="media">{_options((m, m) for m in MEDIA)}</select></label>'
        f'<label>Agent<select name="agent">{agents}</select></label>'
        f'<label>Queue<select name="queue">{queues}</select></label>'
        f'<label>State<select name="state">{_options(((s, s) for s in STATES), "connected")}</select></label>'
        '<label>How many<input name="count" type="number" value="1" min="1" max="500"></label>'
        '<label>Attributes, key=value a line<textarea name="attributes">priority=normal</textarea></label>'
        '<label class="check"><input type="checkbox" name="flow_running">A flow is running</label>'
        '<button class="main">Make</button></form>'
    )


def fault_form(faults: Faults, conversation: str = "") -> str:
    """Ask for a fault; and those that are on."""
    listed = faults.describe()
    choices = _options((f["name"], f"{f['name']}: {f['sentence']}") for f in listed["faults"])
    active = "".join(
        f"<li><code>{escape(a['fault'])}</code> {escape(_leftovers(a))}</li>"
        for a in listed["active"]
    )
    return (
        '<h2>Faults</h2><form class="block" method="post" action="/_sandbox/by-hand/fault">'
        f'<label>Fault<select name="fault">{choices}</select></label>'
        f'<label>Conversation, or any<input name="conversation" value="{escape(conversation)}"></label>'
        '<label>Times, or until cleared<input name="times" type="number" min="1"></label>'
        '<label>Parameters, name=value a line<textarea name="parameters"></textarea></label>'
        '<button class="main">Misbehave</button></form>'
        f"<ul>{active or '<li class=quiet>It behaves.</li>'}</ul>{button('behave', 'Clear all faults')}"
    )


def _leftovers(active: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in active.items() if name not in {"id", "fault"}}
    return ", ".join(f"{name}: {value}" for name, value in shown.items() if value is not None)


def conversation_table(conversations: Iterable[Conversation], total: int) -> str:
    """The live conversations with their customers' attributes."""
    rows = "".join(_row(c) for c in conversations)
    return (
        f"<h2>Live conversations</h2><p class=quiet>The newest first, {total} in all.</p><table>"
        "<thead><tr><th>Conversation<th>State<th>Queue<th>Agent<th>Attributes of the customer</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(c: Conversation) -> str:
    agent = c.agent.name if c.agent else ""
    customers = [p for p in c.participants if p.purpose == "customer"]
    return (
        f'<tr><td><a class="mono" href="/_sandbox/by-hand/{c.id}">{c.id[:8]}</a> {c.media}<br>{escape(c.person.name)}'
        f'<td><span class="state">{c.state}</span><td>{escape(c.queue.name if c.queue else "")}'
        f"<td>{escape(agent or '')}<td>{_folded(customers[0]) if customers else ''}</tr>"
    )


def _folded(p: Participant) -> str:
    """The attributes on one line, all of them when opened."""
    line = ", ".join(f"{key}: {value}" for key, value in p.attributes.items())
    shown = line if len(line) <= 90 else f"{line[:90]}..."
    return f"<details><summary>{escape(shown) or 'none'}</summary>{_attributes(p)}</details>"


def _attributes(p: Participant) -> str:
    pairs = "".join(f"<dt>{escape(k)}<dd>{escape(v)}" for k, v in p.attributes.items())
    return f'<dl class="mono">{pairs}</dl>'


def conversation_page(c: Conversation, faults: Faults, calls: Iterable[LoggedCall]) -> str:
    """One conversation: move it, write to it as somebody else, see what was stored when."""
    moves = "".join(button(f"{c.id}/{move}", move) for move in MOVES)
    participants = "".join(_participant(c, p) for p in c.participants)
    stored = "".join(
        f"<tr><td>{iso(h['at'])}<td class=mono>{h['participant'][:8]}<td class=mono>{escape(h['key'])}"
        f"<td class=mono>{escape(str(h['value']))}<td>{escape(h['by'])}</tr>"
        for h in reversed(history(c))
    )
    return (
        f'<h2><code>{c.id}</code> {c.media} <span class="state">{c.state}</span></h2><p>{moves}</p>'
        f"<table><thead><tr><th>Participant<th>Attributes<th>Write as somebody else</tr></thead>{participants}</table>"
        f"<h2>Stored</h2><table>{stored}</table>{fault_form(faults, c.id)}{call_table(calls)}"
    )


def _participant(c: Conversation, p: Participant) -> str:
    ended = "" if p.is_on else " (left)"
    return (
        f'<tr><td>{p.purpose}{ended}<br>{escape(p.name or "")}<br><code class="quiet">{p.id}</code>'
        f'<td>{_attributes(p)}<td><form class="inline" method="post" action="/_sandbox/by-hand/{c.id}/write">'
        f'<input type="hidden" name="participant" value="{p.id}">'
        '<input name="key" placeholder="key" aria-label="key" required>'
        '<input name="value" placeholder="value" aria-label="value"><button>Write</button></form></tr>'
    )


def switch_form(switches: Switches) -> str:
    """All switches in one form."""
    rows = "".join(_switch(s) for s in switches.describe())
    return (
        '<h2 id="switches">Switches</h2><form method="post" action="/_sandbox/by-hand/switches"><table>'
        f'{rows}</table><p><button class="main">Set the switches</button></p></form>'
    )


def _switch(switch: Mapping[str, Any]) -> str:
    name, value = switch["name"], switch["value"]
    if isinstance(switch["allowed"], list):
        choices = _options(((str(a), str(a)) for a in switch["allowed"]), str(value))
        field = f'<select name="{name}" aria-label="{name}">{choices}</select>'
    else:
        shown = "" if value is None else f"{value:g}"
        field = f'<input name="{name}" aria-label="{name}" value="{shown}">'
    unknown = (
        f' <span class="quiet">UNKNOWN {switch["unknown"]}</span>' if switch["unknown"] else ""
    )
    return f"<tr><td><code>{name}</code>{unknown}<td>{field}<td>{escape(switch['sentence'])}</tr>"


def call_table(calls: Iterable[LoggedCall]) -> str:
    """The end of the log of calls, newest first."""
    rows = "".join(
        f"<tr><td>{iso(c.at)[11:]}<td>{c.method}<td class=mono>{escape(c.path)}<td>{c.status or 'no answer'}"
        f"<td>{escape(c.fault or '')}<td>{escape(c.client or '')}</tr>"
        for c in calls
    )
    return (
        '<h2 id="calls">Calls</h2><table><thead><tr><th>At<th>Method<th>Path<th>Status<th>Fault<th>Client'
        "</tr></thead>"
        f"{rows}</table>"
    )
