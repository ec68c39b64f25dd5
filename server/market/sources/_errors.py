"""Why a source did not deliver.

    SourceError
    ├── ShortLimitError         too many calls in a short time: wait and ask again
    ├── QuotaExhaustedError     the day's or month's calls are used up
    ├── KeyRejectedError        the key is missing, wrong or not active
    ├── NotInPlanError          the endpoint, symbol or parameter needs another subscription
    ├── UnknownSymbolError      the source has no such series
    ├── NoDataError             it has the series, and no bars in the range
    ├── BadPayloadError         the answer is not what the vendor documents; it is kept, not guessed at
    └── UpstreamBrokenError     no answer, or one that says that the vendor itself failed

Only `ShortLimitError` and `UpstreamBrokenError` are worth another attempt. Texts are made of what the vendor wrote,
out of which keys are taken before anybody reads it (see `riskwave.server.market.sources._http`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    import datetime as dt

EXCERPT_LENGTH_MAX = 300
BODY_LENGTH_MAX = 65_536
"""Characters that are kept of an answer that nobody understands."""

PlanPart = Literal["endpoint", "symbol", "parameter"]


def excerpt(text: str) -> str:
    """Return the beginning of `text` on one line, without control characters, fit for a log line."""
    flat = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return flat if len(flat) <= EXCERPT_LENGTH_MAX else flat[: EXCERPT_LENGTH_MAX - 3] + "..."


class SourceError(Exception):
    """A source did not deliver; the class says what to do, the message what it said.

    Parameters
    ----------
    message
        For people; the vendor's words where it has any.
    """

    #: Machine-readable name of the class.
    reason: ClassVar[str] = "SOURCE"
    #: True when the same request may succeed a moment later.
    retryable: ClassVar[bool] = False
    #: True when the source works and only this series is not to be had.
    source_works: ClassVar[bool] = True

    def __init__(self, message: str) -> None:
        self.message = excerpt(message)
        super().__init__(self.message)

    @property
    def told(self) -> str:
        """What a caller is told: the reason, then the message."""
        return f"{self.reason}: {self.message}"


class ShortLimitError(SourceError):
    """Too many calls in a short time; `retry_after_s` is the vendor's wish, or what its documentation says."""

    reason: ClassVar[str] = "SHORT_LIMIT"
    retryable: ClassVar[bool] = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QuotaExhaustedError(SourceError):
    """The calls of a day or month are used up; the source is not asked again before `until` (UTC)."""

    reason: ClassVar[str] = "QUOTA_EXHAUSTED"

    def __init__(self, message: str, until: dt.datetime) -> None:
        super().__init__(message)
        self.until = until

    @property
    def told(self) -> str:
        """As for every error, with the time before which asking is useless."""
        return f"{self.reason} until {self.until:%Y-%m-%d %H:%M} UTC: {self.message}"


class KeyRejectedError(SourceError):
    """The key is missing, wrong or not active."""

    reason: ClassVar[str] = "KEY_REJECTED"


class NotInPlanError(SourceError):
    """The subscription does not cover the `part` of the request."""

    reason: ClassVar[str] = "NOT_IN_PLAN"

    def __init__(self, message: str, part: PlanPart) -> None:
        super().__init__(message)
        self.part: PlanPart = part


class UnknownSymbolError(SourceError):
    """The source has no such series; nothing else is taken in its place."""

    reason: ClassVar[str] = "UNKNOWN_SYMBOL"


class NoDataError(SourceError):
    """The source has the series, and no bars in the range."""

    reason: ClassVar[str] = "NO_DATA"


class BadPayloadError(SourceError):
    """The answer is not what the vendor documents.

    Parameters
    ----------
    message
        What is wrong with it.
    body
        The answer, kept in `body`, up to `BODY_LENGTH_MAX` characters, for the vendors' log; its beginning is in
        `excerpt` and in the message.
    """

    reason: ClassVar[str] = "BAD_PAYLOAD"
    source_works: ClassVar[bool] = False

    def __init__(self, message: str, body: str = "") -> None:
        self.body = body[:BODY_LENGTH_MAX]
        self.excerpt = excerpt(body)
        super().__init__(f"{message}: {self.excerpt}" if self.excerpt else message)


class UpstreamBrokenError(SourceError):
    """No answer, or one that says that the vendor itself failed."""

    reason: ClassVar[str] = "UPSTREAM_BROKEN"
    retryable: ClassVar[bool] = True
    source_works: ClassVar[bool] = False


_KEY_IN_TEXT = re.compile(r"(?i)((?:api[-_ ]?key|token)(?:\s+as|\s*[=:])\s*['\"]?)[^\s'\"&]{6,}")


def hide_keys(text: str, key: str = "") -> str:
    """Return `text` without `key` and without what it calls a key.

    Examples
    --------
    >>> hide_keys("We have detected your API key as ABCDEFGH1234 and our limit is 25")
    'We have detected your API key as *** and our limit is 25'
    >>> hide_keys("GET /query?function=WTI&apikey=ABCDEFGH1234&datatype=json")
    'GET /query?function=WTI&apikey=***&datatype=json'
    """
    if len(key) >= KEY_LENGTH_MIN:
        # Also as it stands in an address and in a JSON text.
        for form in (key, quote(key, safe=""), key.replace("/", "\\/")):
            text = text.replace(form, "***")
    return _KEY_IN_TEXT.sub(r"\1***", text)


KEY_LENGTH_MIN = 8
"""Shorter texts are no vendor's key, and taking them out of an answer would take out numbers."""
