"""What monitoring reads, computed from the database when it asks: every web process tells the same figures.

Names and meaning are listed in docs/operate.md. Never an attribute value, a key or anything about a person.
"""

from collections.abc import Iterator

from django.db.models import Count, Max, Min
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from conversations import budget, checkup
from conversations.models import AttributeEdit, EditLane, Feed, Heartbeat, State, clock, tally
from conversations.models.edit import OPEN, SETTLED

__all__ = ["CONTENT_TYPE", "page"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
PROCESSES = ("worker", "listen")


def page() -> bytes:
    """All metrics in the text format of Prometheus. Raises `DatabaseError`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FromDatabase())
    return generate_latest(registry)


class _FromDatabase(Collector):
    def collect(self) -> Iterator[Metric]:
        now = clock.now()
        yield from _queue(now)
        yield from _lanes(now)
        yield from _totals(tally.totals())
        yield from _budget()
        yield from _processes(now)
        yield from _feed(now)

    def describe(self) -> list[Metric]:
        """Nothing: registering must not ask the database."""
        return []


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"midcall_{name}", words, value=value)


def _counter(name: str, words: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"midcall_{name}", words, value=value)


def _queue(now: float) -> Iterator[Metric]:
    rows = AttributeEdit.objects.filter(state__in=OPEN).order_by().values("state")
    found = {
        row["state"]: row for row in rows.annotate(count=Count("pk"), oldest=Min("created_at"))
    }
    depth = GaugeMetricFamily("midcall_edits_open", "Edits not settled yet.", labels=["state"])
    for state in OPEN:
        depth.add_metric([state.value], found[state]["count"] if state in found else 0)
    yield depth
    oldest = [row["oldest"].timestamp() for row in found.values()]
    age = max(0.0, now - min(oldest)) if oldest else 0.0
    yield _gauge("oldest_open_edit_seconds", "Age of the oldest edit not settled yet.", age)


def _lanes(now: float) -> Iterator[Metric]:
    due = EditLane.objects.filter(due_at__lte=now, lease_until__lt=now)
    found = due.aggregate(count=Count("pk"), oldest=Min("due_at"))
    late = max(0.0, now - found["oldest"]) if found["count"] else 0.0
    yield _gauge("lanes_due", "Lanes due now that no worker has taken.", found["count"])
    yield _gauge("oldest_due_lane_seconds", "How long the oldest of them has been due.", late)


def _totals(total: dict[str, float]) -> Iterator[Metric]:
    yield _counter("edits_accepted", "Edits saved.", total.get(tally.ACCEPTED, 0))
    settled = CounterMetricFamily(
        "midcall_edits_settled", "Edits that came to a settled state.", labels=["state"]
    )
    for state in SETTLED:
        settled.add_metric([State(state).value], total.get(tally.settled(state), 0))
    yield settled
    yield _counter(
        "edit_attempts",
        "Attempts to send an edit; a merged write counts once for each edit.",
        total.get(tally.SENT, 0),
    )
    yield _counter(
        "sweep_rescues",
        "Lanes that nudge and alarm had forgotten and the sweep found.",
        total.get(tally.RESCUED, 0),
    )
    yield _time_to_confirmed(total)


def _time_to_confirmed(total: dict[str, float]) -> Metric:
    count = total.get(tally.CONFIRMED_COUNT, 0)
    buckets = [(f"{each:g}", total.get(tally.within(each), 0)) for each in tally.BUCKETS]
    return HistogramMetricFamily(
        "midcall_edit_confirmed_seconds",
        "From saving an edit to the proof that Genesys holds it.",
        buckets=[*buckets, ("+Inf", count)],
        sum_value=total.get(tally.CONFIRMED_SECONDS, 0),
    )


def _budget() -> Iterator[Metric]:
    standing = budget.standing()
    if standing is None:  # nobody has called Genesys yet
        return
    row = standing.row
    yield _gauge("budget_allowed_per_minute", "Requests a minute Genesys allows.", row.allowed)
    yield _gauge(
        "budget_used_ratio",
        "Used part of the calls that may go at once; from 1 on they are spread.",
        standing.used,
    )
    yield _gauge(
        "budget_blocked_seconds", "How long Genesys still wants no call.", standing.held_back
    )
    yield _counter("budget_calls_taken", "Calls to Genesys taken from the budget.", row.taken)
    yield _counter("budget_calls_returned", "Of these, given back unmade.", row.returned)
    yield _counter("rate_limited", "Answers 429 of Genesys.", row.refusals)


def _processes(now: float) -> Iterator[Metric]:
    alive = GaugeMetricFamily(
        "midcall_processes_alive", "Processes that gave a sign of life lately.", labels=["kind"]
    )
    age = GaugeMetricFamily(
        "midcall_heartbeat_age_seconds", "Since the newest sign of life.", labels=["kind"]
    )
    recent = Heartbeat.objects.filter(at__gt=now - checkup.ALIVE_SECONDS)
    count = dict(recent.order_by().values_list("kind").annotate(count=Count("pk")))
    newest = dict(Heartbeat.objects.order_by().values_list("kind").annotate(at=Max("at")))
    for kind in PROCESSES:
        alive.add_metric([kind], count.get(kind, 0))
        if kind in newest:
            age.add_metric([kind], max(0.0, now - newest[kind]))
    yield alive
    yield age


def _feed(now: float) -> Iterator[Metric]:
    row = Feed.objects.first()
    yield _gauge(
        "feed_up", "Whether the line of the live feed is open.", bool(row and row.opened_at)
    )
    if row and row.heard_at:
        yield _gauge(
            "feed_age_seconds", "Since the feed was last heard.", max(0.0, now - row.heard_at)
        )
