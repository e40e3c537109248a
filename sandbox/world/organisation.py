"""Who works in the pretend contact centre: divisions, queues and agents, the same at every
start.
"""

import uuid
from dataclasses import dataclass
from typing import Final

DEMO_AGENT_ID: Final = "5a5a5a5a-0000-4000-8000-0000000000a1"
ORGANISATION_ID: Final = "43a8e287-0000-4000-8000-000000000001"
ORGANISATION_NAME: Final = "sandbox"

_NAMESPACE: Final = uuid.UUID("6d696463-616c-4c00-8000-000000000001")


def constant_id(kind: str, name: str) -> str:
    """An id that is the same at every start of every sandbox."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))


@dataclass(frozen=True, slots=True)
class Division:
    """An access-control division; exactly one is the home division."""

    id: str
    name: str
    description: str
    is_home: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """A routing queue with the script its agents see."""

    id: str
    name: str
    division: Division
    script_id: str
    phone: str


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers conversations of a few queues."""

    id: str
    name: str
    email: str
    division: Division
    queues: tuple[Queue, ...]


def _division(name: str, description: str, *, is_home: bool = False) -> Division:
    return Division(constant_id("division", name), name, description, is_home)


HOME: Final = _division("Home", "Default Division", is_home=True)
RETAIL: Final = _division("Retail", "Shops and web orders")
INSURANCE: Final = _division("Insurance", "Claims and policies")
DIVISIONS: Final = (HOME, RETAIL, INSURANCE)

_QUEUES: Final = (
    ("Billing", HOME),
    ("Technical Support", HOME),
    ("Sales", HOME),
    ("VIP Care", HOME),
    ("Retail Orders", RETAIL),
    ("Retail Returns", RETAIL),
    ("Claims", INSURANCE),
    ("Policy Changes", INSURANCE),
)

QUEUES: Final = tuple(
    Queue(
        id=constant_id("queue", name),
        name=name,
        division=division,
        script_id=constant_id("script", name),
        phone=f"tel:+1555010{number:04d}",
    )
    for number, (name, division) in enumerate(_QUEUES, start=100)
)

_AGENTS: Final = (
    "Amara Nwosu",
    "Ana Beatriz Souza",
    "Anneke de Vries",
    "Astrid Lindqvist",
    "Benoît Lefèvre",
    "Carlos Mendoza",
    "Chen Wei",
    "Ciara O'Sullivan",
    "Daniel Kowalski",
    "Deepa Krishnan",
    "Elena Popescu",
    "Emeka Adeyemi",
    "Fatima Zahra Benali",
    "Freya Jørgensen",
    "Giulia Ferrari",
    "Hannah Schmidt",
    "Hiroshi Tanaka",
    "Ibrahim Yilmaz",
    "Ingrid Haugen",
    "Isabel Torres",
    "Jakub Novák",
    "Jin-woo Park",
    "Katarzyna Wójcik",
    "Kwame Mensah",
    "Leila Haddad",
    "Liam Murphy",
    "Lucía Fernández",
    "Marek Dvořák",
    "Mei-Ling Chang",
    "Mohammed Al-Farsi",
    "Nadia Petrova",
    "Noah Williams",
    "Olivia Brown",
    "Priya Sharma",
    "Rosa Jiménez",
    "Samuel Cohen",
    "Sofia Papadopoulou",
    "Thomas Becker",
    "Zoë van den Berg",
)


def _ascii(name: str) -> str:
    return "".join(
        c for c in name.lower().replace(" ", ".") if c.isascii() and (c.isalpha() or c == ".")
    )


def _agent(number: int, name: str) -> Agent:
    queues = tuple(QUEUES[(number + step) % len(QUEUES)] for step in (0, 1, 3))
    return Agent(
        id=constant_id("user", name),
        name=name,
        email=f"{_ascii(name)}@sandbox.example",
        division=queues[0].division,
        queues=queues,
    )


DEMO_AGENT: Final = Agent(
    id=DEMO_AGENT_ID,
    name="James Okafor",
    email="james.okafor@sandbox.example",
    division=HOME,
    queues=(QUEUES[0], QUEUES[1], QUEUES[3]),
)

AGENTS: Final = (DEMO_AGENT, *(_agent(number, name) for number, name in enumerate(_AGENTS)))

QUEUE_BY_ID: Final = {queue.id: queue for queue in QUEUES}
QUEUE_BY_NAME: Final = {queue.name: queue for queue in QUEUES}
AGENT_BY_ID: Final = {agent.id: agent for agent in AGENTS}
AGENTS_OF_QUEUE: Final = {
    queue.id: tuple(a for a in AGENTS if queue in a.queues and a is not DEMO_AGENT)
    for queue in QUEUES
}
