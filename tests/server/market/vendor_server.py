"""A vendor on this machine: a real HTTP server that answers well, badly, slowly or not at all, as it is told."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came: everything that a vendor sees, the key included."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def reply(body: object, status: int = 200, content_type: str = "application/json", **headers: str) -> Answer:
    """A complete answer; what is neither text nor bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, content_type, len(raw), headers) + raw)
        await writer.drain()

    return answer


def head(status: int, content_type: str, length: int | None, headers: dict[str, str]) -> bytes:
    """The beginning of an answer; header names have underscores for hyphens."""
    lines = [f"HTTP/1.1 {status} Status", "Connection: close"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def hang(_: asyncio.StreamWriter) -> None:
    """Take the request and say nothing."""
    await asyncio.sleep(3600)


async def reset(writer: asyncio.StreamWriter) -> None:
    """Drop the connection."""
    writer.transport.abort()


def truncated(body: object) -> Answer:
    """Announce the whole and send the half."""
    raw = json.dumps(body).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, "application/json", len(raw), {}) + raw[: len(raw) // 2])
        await writer.drain()

    return answer


def dripping(body: object, pause_s: float) -> Answer:
    """Send a byte at a time: no single wait is long, all of them together are."""
    raw = json.dumps(body).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, "application/json", len(raw), {}))
        for byte in raw:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause_s)

    return answer


async def endless(writer: asyncio.StreamWriter) -> None:
    """Never stop sending."""
    writer.write(head(200, "application/json", None, {}) + b'{"data": [')
    while True:
        writer.write(b'{"date": "2026-01-01", "value": "1"},' * 1000)
        await writer.drain()


def bomb(megabytes: int) -> Answer:
    """A small compressed body that is large when it is decompressed."""
    return reply(gzip.compress(b" " * (megabytes << 20)), Content_Encoding="gzip")


class VendorServer:
    """Answers the requests to each path in turn; the last answer of a path is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[str, deque[Answer]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, path: str, *answers: Answer) -> None:
        """Say what comes back from `path`, or from ``path?name=value`` alone, once each in that order."""
        self._answers[path] = deque(answers)

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Stop, dropping what is open."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        target = urlsplit(lines[0].split(" ")[1])
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        self.asked.append(
            Asked(
                target.path,
                {name: values[0] for name, values in parse_qs(target.query).items()},
                {name.lower(): value for name, value in headers.items()},
            )
        )
        keys = [*(f"{target.path}?{part}" for part in target.query.split("&")), target.path]
        nothing = deque([reply({"error": "nothing here"}, 404)])
        answers = next((self._answers[key] for key in keys if key in self._answers), nothing)
        await (answers.popleft() if len(answers) > 1 else answers[0])(writer)
