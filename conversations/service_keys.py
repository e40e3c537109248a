"""Attributes that Genesys keeps for itself: its flows and web chat write them, and may do so again at any moment."""

#: As recorded on real conversations (API.md 4.4): what flows set, what web chat brings, and who began a conference.
PREFIXES = ("context.", "ivr.")
NAMES = frozenset({"conferenceInitiator"})


def of_the_service(key: str) -> bool:
    """Whether a key is the service's own. Keys are case-sensitive, so `Ivr.x` is not."""
    return key in NAMES or key.startswith(PREFIXES)
