"""What can go wrong between us and Genesys Cloud, sorted by what the caller can do next.

GenesysError
  NotSent            nothing changed there: wait `retry_after`, then send again
    SignInRefused    our client id or secret is wrong or revoked: nothing will work until somebody repairs it
  Refused            they said no: stop and tell the person
  OutcomeUnknown     it may have happened: go and look
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Rates:
    """What the rate-limit headers of one answer said (API.md 9); `None` where a header was missing."""

    count: int | None = None
    allowed: int | None = None
    #: Seconds until Genesys's counter starts again.
    reset: float | None = None


class Trouble(StrEnum):
    """What is wrong, for people: the domain has a sentence to act on for each, in their language."""

    SLOW_DOWN = "slow_down"
    BUSY = "busy"
    AWAY = "away"
    ILL = "ill"
    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"
    CUT = "cut"
    NO_ANSWER = "no_answer"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    REFUSED_WITHOUT_WORDS = "refused_without_words"
    MISSING_PERMISSION = "missing_permission"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    STATE_CONFLICT = "state_conflict"
    TOO_LARGE = "too_large"
    NOT_UNDERSTOOD = "not_understood"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a word, not a secret
    CLIENT_REFUSED = "client_refused"
    SIGN_IN_SILENT = "sign_in_silent"
    SIGN_IN_ILL = "sign_in_ill"
    NO_TOKEN = "no_token"  # noqa: S105
    SIGNING_IN = "signing_in"


class GenesysError(Exception):
    """Base of the three kinds. `facts` are what the sentence of its trouble speaks of.

    A `message` among them is Genesys's own, without the full stop, for it is quoted within a sentence. It may quote
    what the person typed, so it is shown and stored but never logged.
    """

    def __init__(
        self,
        trouble: Trouble,
        *,
        status: int | None = None,
        message: str = "",
        code: str = "",
        correlation_id: str = "",
        retry_after: float | None = None,
        rates: Rates | None = None,
    ) -> None:
        super().__init__(f"{type(self).__name__} status={status} code={code}")
        self.trouble = trouble
        self.facts: Mapping[str, str | int] = {
            **({"message": message.rstrip(" .")} if message else {}),
            **({"status": status} if status is not None else {}),
        }
        self.status = status
        self.code = code
        self.correlation_id = correlation_id
        #: Seconds Genesys asked us to wait, if it did.
        self.retry_after = retry_after
        self.rates = rates or Rates()


class NotSent(GenesysError):
    """Nothing changed at Genesys; the same call may be made again later."""


class SignInRefused(NotSent):
    """Genesys does not accept our client id and secret, or the token made from them."""


class Refused(GenesysError):
    """Genesys will not do this, now or later; a person must change something."""


class OutcomeUnknown(GenesysError):
    """The call may have worked: no answer, half an answer, or a 5xx. Look before sending again."""
