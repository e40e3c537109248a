"""The ASGI application: the API's door, the sockets, and the sandbox's own side."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.api.door import Door
from sandbox.control.routes import routes as control_routes
from sandbox.notifications.socket import Sockets
from sandbox.state import Sandbox


class Application:
    """Sends what the real service has to the door, everything else to Starlette's routes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._door = Door(sandbox)
        self._rest: ASGIApp = Starlette(
            routes=[
                WebSocketRoute("/channels/{channelId}", Sockets(sandbox).serve),
                Mount("/_sandbox", routes=control_routes(sandbox)),
                Route("/", _to_the_page),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch by path."""
        if scope["type"] == "http" and scope["path"].startswith(("/api/", "/oauth/")):
            await self._door(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


async def _to_the_page(_request: Request) -> RedirectResponse:
    return RedirectResponse("/_sandbox/")
