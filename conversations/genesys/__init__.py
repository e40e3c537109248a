"""The wire: plain Python, the only package that opens a connection to Genesys Cloud.

Every fact it relies on is CONFIRMED or REPORTED by public sources; where a fact is unknown nothing depends on it.
"""

from conversations.genesys.client import Answer, Client
from conversations.genesys.config import Config
from conversations.genesys.errors import (
    GenesysError,
    NotSent,
    OutcomeUnknown,
    Rates,
    Refused,
    SignInRefused,
    Trouble,
)
from conversations.genesys.shapes import Conversation, Participant
from conversations.genesys.token import Token, TokenStore

__all__ = [
    "Answer",
    "Client",
    "Config",
    "Conversation",
    "GenesysError",
    "NotSent",
    "OutcomeUnknown",
    "Participant",
    "Rates",
    "Refused",
    "SignInRefused",
    "Token",
    "TokenStore",
    "Trouble",
]
