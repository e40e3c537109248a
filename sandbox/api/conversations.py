"""Reading conversations (API reference, section 5)."""

import re

from sandbox.api.call import Answer, Call
from sandbox.api.errors import not_found
from sandbox.shapes.conversation import conversation_body
from sandbox.shapes.media_view import media_view
from sandbox.state import Sandbox
from sandbox.world.model import Conversation, Media

MEDIA_PATHS: dict[str, Media] = {
    "calls": "voice",
    "callbacks": "callback",
    "emails": "email",
    "messages": "message",
}
_MEDIA_PART = re.compile(r"/api/v2/conversations/(\w+)")


def find(sandbox: Sandbox, call: Call) -> Conversation:
    """The conversation named in the path, or 404."""
    conversation = sandbox.world.conversations.get(call.params["conversationId"])
    if conversation is None:
        raise not_found()
    return conversation


def media_of(call: Call) -> str:
    """The media in the path: `calls`, `callbacks`, ..."""
    match = _MEDIA_PART.match(call.path)
    return match[1] if match else ""


def get_conversation(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/conversations/{conversationId}`."""
    return Answer(200, conversation_body(find(sandbox, call), call.as_of))


def get_media_view(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/conversations/{calls|callbacks|emails|messages}/{conversationId}`."""
    view = media_view(find(sandbox, call), MEDIA_PATHS[media_of(call)], call.as_of)
    if view is None:
        raise not_found()
    return Answer(200, view)


def own_conversations(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/conversations[/{media}]`: the signed-in user's own; a client has no user and so
    none.
    """
    return Answer(200, {"entities": []})
