"""Is everything in place for an edit saved now to be sent and proven? Each finding comes with its remedy."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from kombu.exceptions import OperationalError

from conversations import workers
from conversations.edits.reasons import because
from conversations.genesys import Client, GenesysError, NotSent, SignInRefused
from conversations.models import EditLane, Feed, Heartbeat, User, clock

ALIVE_SECONDS = workers.ALIVE_SECONDS
#: A lane due longer than this is overdue: the one health sign that cannot lie.
OVERDUE_SECONDS = 15.0
#: Heartbeats of Genesys come every 30 s; after this silence the feed is not believed.
FEED_SILENT_SECONDS = 45.0

#: What the OAuth client needs, and for what (API.md 5.1, 6.1, 6.2). Writing attributes needs no permission (4.1).
PERMISSIONS = {
    "conversation:communication:view": gettext_lazy("to read attributes back"),
    "analytics:conversationDetail:view": gettext_lazy("to list what is live"),
    "routing:queue:view": gettext_lazy("to follow the queues"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` is empty where it is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """Everything, in the order in which it is worth repairing."""
    database = _database()
    yield database
    yield _broker()
    yield from _genesys()
    if database.ok:
        yield _accounts()
        yield worker()
        yield lanes()
        yield feed()


def _database() -> Finding:
    name = "database"
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        words = str(error).splitlines()[0]
        return Finding(
            name, False, words, _("Check DATABASE_URL and that the database server runs.")
        )
    if missing:
        words = ngettext(
            "%(count)s migration is missing", "%(count)s migrations are missing", len(missing)
        )
        remedy = _("Run %(command)s.") % {"command": "manage.py migrate"}
        return Finding(name, False, words % {"count": len(missing)}, remedy)
    return Finding(name, True, connection.vendor)


def broker_kind() -> str:
    """What carries the nudges, without its address."""
    scheme = str(current_app.conf.broker_url).partition(":")[0]
    known = {"doorbell": _("files on this machine"), "redis": "Redis", "amqp": "RabbitMQ"}
    return known.get(scheme, scheme)


def _broker() -> Finding:
    name = "broker"
    started = time.monotonic()
    broker = current_app.connection_for_write()
    unreachable: tuple[type[BaseException], ...] = (
        OSError,
        OperationalError,
        *broker.connection_errors,
        *broker.channel_errors,
    )
    try:
        broker.ensure_connection(max_retries=1, timeout=3)
        broker.default_channel  # noqa: B018 - opening it is the test
    except unreachable as error:
        return Finding(
            name,
            False,
            _("not reached after %(seconds)s s (%(error)s)")
            % {
                "seconds": f"{time.monotonic() - started:.1f}",
                "error": type(error).__name__,
            },
            _(
                "Check CELERY_BROKER_URL and that the broker runs. "
                "Edits still go out, up to a second later."
            ),
        )
    finally:
        broker.release()
    return Finding(name, True, broker.transport.driver_type or _("reached"))


def _accounts() -> Finding:
    """No demo account is left where the people and the customers are real."""
    name = "accounts"
    demo = User.objects.filter(demo=True, is_active=True).order_by("username")
    names = ", ".join(demo.values_list("username", flat=True))
    if not names:
        return Finding(name, True, _("no demo account"))
    if settings.SANDBOX:
        return Finding(
            name, True, _("demo accounts, for the sandbox: %(names)s") % {"names": names}
        )
    return Finding(
        name,
        False,
        _("demo accounts, whose passwords everybody knows; they cannot sign in: %(names)s")
        % {"names": names},
        _(
            "Take “May sign in” from them under /people/, or give them passwords of their own with "
            "manage.py changepassword NAME. manage.py createsuperuser makes a first account."
        ),
    )


# --- Genesys ---


def _genesys() -> Iterator[Finding]:
    """A sign-in of our own, not the shared token: a secret changed yesterday still has a good token today."""
    trial = Client(settings.GENESYS)
    try:
        info = trial.token_info().value
    except SignInRefused as error:
        yield Finding(
            "sign-in",
            False,
            str(because(error)),
            _(
                "Check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET "
                "against the OAuth client in Genesys Admin."
            ),
        )
        return
    except GenesysError as error:
        addresses = [settings.GENESYS.login_url, settings.GENESYS.api_url]
        yield Finding(
            "sign-in",
            False,
            f"{', '.join(dict.fromkeys(addresses))}: {because(error)}",
            _unreachable_remedy(error),
        )
        return
    words = _("organisation “%(organisation)s”, client “%(client)s”")
    facts = {"organisation": info.organization, "client": info.client_name}
    yield Finding("sign-in", True, words % facts)
    yield from _permissions(trial)


def _unreachable_remedy(error: GenesysError) -> str:
    if isinstance(error, NotSent) and error.status is None:
        return _(
            "Check GENESYS_REGION (or GENESYS_API_URL and GENESYS_LOGIN_URL), proxy and firewall."
        )
    return _("Genesys itself is in trouble; see its status page, and try again.")


def _permissions(trial: Client) -> Iterator[Finding]:
    try:
        grants = trial.grants().value
    except GenesysError as error:
        yield Finding("permissions", False, str(because(error)), _("Try again."))
        return
    missing = {each: why for each, why in PERMISSIONS.items() if not grants.allow(each)}
    if missing:
        words = ", ".join(f"{each} ({why})" for each, why in missing.items())
        yield Finding(
            "permissions",
            False,
            _("missing: %(permissions)s") % {"permissions": words},
            _("Add them to a role of the OAuth client in Genesys Admin."),
        )
    else:
        words = _("all %(count)s are there") % {"count": len(PERMISSIONS)}
        yield Finding("permissions", True, words)


# --- Our own processes ---


def worker() -> Finding:
    """A worker is alive."""
    alive = Heartbeat.objects.filter(kind="worker", at__gt=clock.now() - ALIVE_SECONDS).count()
    if alive:
        words = ngettext("%(count)s alive", "%(count)s alive", alive)
        return Finding("worker", True, words % {"count": alive})
    return Finding(
        "worker",
        False,
        _("no worker is alive; edits stay queued"),
        _("Start one: make run, or celery -A dashboard worker."),
    )


def lanes() -> Finding:
    """Nothing that is due waits for somebody to take it."""
    now = clock.now()
    overdue = EditLane.objects.filter(due_at__lt=now - OVERDUE_SECONDS, lease_until__lt=now)
    oldest = overdue.order_by("due_at").values_list("due_at", flat=True).first()
    if oldest is None:
        return Finding("lanes", True, _("nothing is overdue"))
    count = overdue.count()
    words = ngettext(
        "%(count)s is overdue, for %(seconds)s s",
        "%(count)s are overdue, the oldest for %(seconds)s s",
        count,
    )
    return Finding(
        "lanes",
        False,
        words % {"count": count, "seconds": f"{now - oldest:.0f}"},
        _("The workers do not keep up or hang: look at their log, restart them or start more."),
    )


def feed() -> Finding:
    """The live feed is heard."""
    now = clock.now()
    row = Feed.objects.first()
    listening = Heartbeat.objects.filter(kind="listen", at__gt=now - ALIVE_SECONDS).exists()
    if not listening:
        return Finding(
            "feed",
            False,
            _("no listener is alive; the board is not kept fresh and every proof costs a read"),
            _("Start it: make run, or manage.py listen."),
        )
    if row is None or not row.opened_at:
        why = row.trouble if row else ""
        words = (
            _("the line is down: %(why)s") % {"why": why} if why else _("the line is not open yet")
        )
        return Finding("feed", False, words, _("It is tried again by itself; see its log."))
    silent = now - row.heard_at
    if silent > FEED_SILENT_SECONDS:
        return Finding(
            "feed",
            False,
            _("silent for %(seconds)s s; a heartbeat should come every 30 s")
            % {"seconds": f"{silent:.0f}"},
            _(
                "It reconnects by itself; if not, restart manage.py listen "
                "and look for a proxy that stops WebSockets."
            ),
        )
    return Finding("feed", True, _("heard %(seconds)s s ago") % {"seconds": f"{silent:.0f}"})
