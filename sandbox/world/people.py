"""Made-up customers and the attributes flows have set on them, odd ones included.

The odd keys are those of recorded conversations (spaces, a trailing blank, dots, a leading digit,
empty values).
"""

import random

from sandbox.world.model import Conversation, Person, new_id

_FIRST = (
    "Mary",
    "John",
    "Aisha",
    "Pedro",
    "Yuki",
    "Olga",
    "Hassan",
    "Chloé",
    "Lars",
    "Ngozi",
    "Tom",
    "Eva",
)
_LAST = (
    "Miller",
    "Okoye",
    "García",
    "Sato",
    "Ivanova",
    "Rossi",
    "Smith",
    "Nguyen",
    "Müller",
    "Costa",
    "Khan",
    "Berg",
)
_CARDS = ("4242", "1881", "0005", "9424")
_OUTCOMES = ("", "", "resolved", "follow_up")
_NOTES = (
    "Wants a call back on Tuesday.\nSpeaks slowly | prefers e-mail",
    'Said: "never again", then laughed',
    " leading blank, as the CRM writes it",
    "",
)
_ODD: tuple[tuple[str, str], ...] = (
    ("ANI ", "tel:+15550100777"),
    ("7day", "3"),
    ("ivr.Skills", "billing|english"),
    ("context.email", "someone@example.com"),
    ("ic-customerdata", "123412341234"),
    ("Queue Name", "Alpha : ABC | OK"),
    ("CrmData", " .communicationText:  .contactDirection: Incoming .contactMedia: Telephone"),
    ("CrmFailure", " Error Code: INVALID_SCHEMA Status 400"),
    ("FLOW_HoldMusicOverride", ""),
    ("UUI", "00OK5550100X7920X20ABC"),
    ("conversationDetails.participantData.Amount", "number:1090.56"),
    ("conversationDetails.participantData.Due", "date:2025-3-12"),
    ("Caller Type", "Member"),
    ("priceList", '{"currency":"EUR","items":[{"sku":"A-1","price":"12.50"}]}'),
)


def a_person(rng: random.Random) -> Person:
    """Somebody who calls or writes."""
    name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    phone = f"tel:+1555{rng.randrange(10_000_000):07d}"
    return Person(name, phone, f"{name.partition(' ')[0].lower()}@example.com", new_id())


def customer_attributes(rng: random.Random) -> dict[str, str]:
    """What flows and integrations have set on a customer before anybody edits."""
    attributes = {
        "priority": rng.choice(("low", "normal", "normal", "high")),
        "case_id": f"C-{rng.randrange(100_000, 999_999)}",
        "language": rng.choice(("en", "en", "de", "fr", "es")),
    }
    if rng.random() < 0.4:
        attributes["outcome"] = rng.choice(_OUTCOMES)
    if rng.random() < 0.3:
        attributes["notes"] = rng.choice(_NOTES)
    if rng.random() < 0.3:
        attributes["card_last4"] = rng.choice(_CARDS)
    attributes.update(rng.sample(_ODD, rng.randrange(0, 6)))
    return attributes


def acd_attributes(conversation: Conversation, rng: random.Random) -> dict[str, str]:
    """A callback's `acd` participant has an exact copy of the customer's, a call's its own or
    nothing (recorded).
    """
    if conversation.media == "callback":
        return dict(conversation.customer.attributes)
    return {"ivr.Skills": "billing"} if conversation.media == "voice" and rng.random() < 0.3 else {}


def agent_attributes(conversation: Conversation, rng: random.Random) -> dict[str, str]:
    """Usually none; in one recorded call an integration kept its own there."""
    if conversation.media == "voice" and rng.random() < 0.1:
        return {
            "CID": conversation.id,
            "ic-segment-label": "my-awesome-segment",
            "insight_upload_details": '{"ok":true}',
        }
    return {}
