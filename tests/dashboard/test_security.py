from typing import Any

import pytest

from riskwave.dashboard.security import NotFoundMiddleware, SecurityMiddleware, content_security_policy


async def answer_ok(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def ask(app: Any, path: str = "/", scheme: str = "http", query: bytes = b"") -> tuple[int, dict[str, str]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": path,
        "scheme": scheme,
        "query_string": query,
        "headers": [(b"host", b"risk.example")],
    }
    await app(scope, None, send)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_the_policy_names_no_other_host() -> None:
    policy = content_security_policy(["'sha256-abc='"])
    assert "script-src 'self' 'sha256-abc='" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


async def test_every_answer_has_the_headers() -> None:
    app = SecurityMiddleware(answer_ok, policy="default-src 'self'", https_only=False)
    status, headers = await ask(app)
    assert status == 200
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"] == "default-src 'self'"
    assert "strict-transport-security" not in headers


async def test_production_is_https_only() -> None:
    app = SecurityMiddleware(answer_ok, policy="", https_only=True, exempt_paths=["/healthz"])
    status, headers = await ask(app, "/markets", query=b"symbol=WTI")
    assert (status, headers["location"]) == (308, "https://risk.example/markets?symbol=WTI")
    status, headers = await ask(app, "/markets", scheme="https")
    assert status == 200
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert (await ask(app, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/markets", 200), ("/assets/x.css", 200), ("/health", 404), ("/Markets", 404), ("/markets/x", 404)],
)
async def test_unknown_paths_are_not_found(path: str, status: int) -> None:
    app = NotFoundMiddleware(answer_ok, pages=["/", "/markets"], prefixes=["/assets/"])
    assert (await ask(app, path))[0] == status
