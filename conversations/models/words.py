"""Every sentence that is stored to be read later: its code is what the database holds, its words are looked up when it
is shown, in the language of whoever looks.

A code once stored is never renamed, nor are the names of its facts: rows of last year are still read. `keys` are names
of attributes, `count` is how many of them, `message` is quoted from Genesys.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class Says(models.TextChoices):
    """A sentence, or a few that belong together."""

    AS_WRITTEN = "as_written", "%(text)s"  # stored before sentences had codes

    # --- An edit on its way ---
    SENT_AGAIN = "sent_again", _("It will be sent again.")
    SENT_THEN = "sent_then", _("It will be sent as soon as that is over.")
    SENT_WHEN_ALLOWED = (
        "sent_when_allowed",
        _("It will be sent as soon as the limit of Genesys allows."),
    )
    MANY_CHANGES = "many_changes", _("Many changes are on their way.")
    SLOW_WORKER = "slow_worker", _("Too little time was left to send it safely.")
    WORKER_DIED = "worker_died", _("The worker that sent it is gone.")
    LOOKING = "looking", _("Looking whether the change arrived.")
    DID_NOT_ARRIVE = "did_not_arrive", _("The change did not arrive.")
    NOT_THERE_AFTER_ALL = (
        "not_there_after_all",
        _("Genesys no longer shows the value. It will be sent."),
    )
    SPLIT = (
        "split",
        _("Genesys refused it together with other changes. It will be sent by itself."),
    )
    HELD_ALREADY = "held_already", _("Every attribute holds its value already. Looking once.")
    LAST_LOOK = "last_look", _("The time for it is over. A last look decides.")
    NOT_READ = "not_read", _("Could not be read back.")

    # --- An edit that has settled ---
    TIME_RAN_OUT = "time_ran_out", _("The time for it ran out, and nothing was sent.")
    NOBODY_THERE = "nobody_there", _("No worker was there to send it.")
    TRY_AGAIN = "try_again", _("Try again.")
    WAS_ACCEPTED = "was_accepted", _("Genesys accepted the change.")
    PERHAPS_NEVER_RECEIVED = (
        "perhaps_never_received",
        _("The change was perhaps never received."),
    )
    ABSENT = (
        "absent",
        ngettext_lazy(
            "%(keys)s did not appear when read back.",
            "%(keys)s did not appear when read back.",
            "count",
        ),
    )
    DIFFERENT = (
        "different",
        ngettext_lazy("%(keys)s holds another value.", "%(keys)s hold another value.", "count"),
    )
    LOOK_FIRST = "look_first", _("Look at what is there now, then try again.")
    UNVERIFIABLE = (
        "unverifiable",
        _("Genesys may have stored this, but it could not be read back."),
    )
    CHECK_LATER = "check_later", _("Check again later.")
    CONFLICT = (
        "conflict",
        _(
            "Somebody changed %(keys)s since the form was opened; nothing was sent. "
            "Keep theirs, or save yours again."
        ),
    )
    SUPERSEDED = "superseded", _("A newer edit of the same attributes took over.")
    CANCELLED = "cancelled", _("Taken back before it was sent.")
    PARTLY_CONFIRMED = (
        "partly_confirmed",
        _("%(confirmed)s of %(all)s confirmed, %(replaced)s replaced by a newer edit."),
    )
    CHANGED_BACK = (
        "changed_back",
        _(
            "It was confirmed, and later Genesys shows the old value again for %(keys)s. "
            "See why before you write it again."
        ),
    )
    CHANGED_SINCE = (
        "changed_since",
        _(
            "It was confirmed, and later Genesys shows another value for %(keys)s. "
            "See why before you write it again."
        ),
    )

    # --- What happened, in a timeline ---
    ACCEPTED = "accepted", _("Accepted.")
    NOT_THERE_YET = "not_there_yet", _("Look %(look)s: not there yet.")
    SEEN_AT_LOOK = "seen_at_look", _("Seen in Genesys at look %(look)s.")
    SEEN_IN_EVENT = "seen_in_event", _("Seen in an event of the live feed.")
    ARRIVED_LATE = "arrived_late", _("It arrived late.")
    CAME_BACK = "came_back", _("It is there again.")
    LEFT = "left", _("%(name)s left it as it is.")

    # --- What Genesys answered: `Trouble` of the wire ---
    SLOW_DOWN = "slow_down", _("Genesys asked us to slow down.")
    BUSY = "busy", _("Genesys was too busy to take the request.")
    AWAY = "away", _("Genesys is not available and says when to come back.")
    ILL = "ill", _("Genesys is in trouble (answer %(status)s).")
    UNREADABLE = "unreadable", _("Genesys answered, but not in a way that can be read.")
    UNREACHABLE = "unreachable", _("Genesys cannot be reached.")
    CUT = "cut", _("The connection to Genesys broke.")
    NO_ANSWER = "no_answer", _("Genesys did not answer in time.")
    REDIRECTED = (
        "redirected",
        _(
            "The address of Genesys answers with a redirect. "
            "Ask an administrator to check GENESYS_API_URL."
        ),
    )
    REFUSED = "refused", _("Genesys refused this: “%(message)s”.")
    REFUSED_WITHOUT_WORDS = (
        "refused_without_words",
        _("Genesys refused this (answer %(status)s)."),
    )
    MISSING_PERMISSION = (
        "missing_permission",
        _("Genesys refused this: “%(message)s”. Ask an administrator."),
    )
    FORBIDDEN = (
        "forbidden",
        _(
            "Genesys refused this: the connection of Midcall lacks a permission or a division. "
            "Ask an administrator."
        ),
    )
    GONE = "gone", _("Genesys does not know this interaction or participant any more.")
    STATE_CONFLICT = (
        "state_conflict",
        _("Genesys reports a conflict with the present state of the interaction."),
    )
    TOO_LARGE = "too_large", _("This is more text than Genesys takes in one change.")
    NOT_UNDERSTOOD = (
        "not_understood",
        _(
            "Genesys did not understand the request. "
            "Tell an administrator: this is a fault in Midcall."
        ),
    )
    TOKEN_REFUSED = (
        "token_refused",
        _(
            "Genesys does not accept the sign-in of Midcall. "
            "Ask an administrator to check the OAuth client."
        ),
    )
    CLIENT_REFUSED = (
        "client_refused",
        _(
            "Genesys refuses the client id or secret of Midcall: “%(message)s”. "
            "Ask an administrator to check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET."
        ),
    )
    SIGN_IN_SILENT = "sign_in_silent", _("The sign-in service of Genesys does not answer.")
    SIGN_IN_ILL = "sign_in_ill", _("The sign-in service of Genesys answers %(status)s.")
    NO_TOKEN = (
        "no_token",
        _(
            "The sign-in service of Genesys gave no token. "
            "Ask an administrator to check GENESYS_LOGIN_URL."
        ),
    )
    SIGNING_IN = (
        "signing_in",
        _("Another process is signing in to Genesys and has not finished."),
    )

    # --- Why the live line is down ---
    LINE_SILENT = "line_silent", _("Nothing was heard for too long.")
    LINE_CLOSED = "line_closed", _("The line was closed.")
    UNSUBSCRIBED = "unsubscribed", _("Genesys ended the subscription.")
    STOOD_STILL = "stood_still", _("The listening process stood still for too long.")
    NO_LINE = "no_line", _("No line could be opened.")
    TOKEN_REVOKED = "token_revoked", _("The token was revoked.")
    NO_DATABASE = "no_database", _("The database cannot be reached.")

    # --- A conversation asked for by its id ---
    TOO_MANY_LOOKUPS = (
        "too_many_lookups",
        _("You have looked for many interactions just now. Wait a minute, then try again."),
    )
