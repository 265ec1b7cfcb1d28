"""The last step: an answer onto the socket, whole, cut in its middle, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from etl.simulator.answers import Ending

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

    from etl.simulator.answers import Answer

    Headers = list[tuple[bytes, bytes]]

_TRANSPORT = "simulator.transport"


class BreakableProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1, with each connection's transport in the scope: ASGI itself can't break one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, and note its transport for the requests that come over it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


async def deliver(answer: Answer, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer with some more headers, in the way it ends."""
    if answer.ending is Ending.DROPPED:
        await _break(scope, receive)
        return
    length = str(len(answer.body)).encode()
    headers += [(b"content-type", answer.content_type), (b"content-length", length), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.ending is Ending.CUT:
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _break(scope, receive)
        return
    await send({"type": "http.response.body", "body": answer.body})


async def _break(scope: Scope, receive: Receive) -> None:
    # What was written is still flushed: half an answer arrives as half an answer, not as a reset.
    scope["state"][_TRANSPORT].close()
    while (await receive())["type"] != "http.disconnect":
        pass
