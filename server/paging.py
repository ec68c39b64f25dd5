"""Pages of a list: a page begins after the entry that its token names."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, TypeVar

from riskwave.server.errors import invalid_field

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def take_page(
    entries: Sequence[T], keys: Sequence[str], *, page_size: int, page_token: str, default: int, maximum: int
) -> tuple[Sequence[T], str]:
    """Return the entries of one page and the token of the next, empty after the last.

    Parameters
    ----------
    entries, keys
        The whole list and each entry's key, ascending and unique. The token is the last key of the page before, so
        that entries may come and go between two pages.
    page_size
        As in the request: 0 means `default`, more than `maximum` is taken as `maximum`.
    page_token
        As in the request.

    Raises
    ------
    CallError
        INVALID_ARGUMENT for a negative page size or a token that no page can have had.

    Examples
    --------
    >>> take_page("abc", "abc", page_size=2, page_token="", default=10, maximum=10)
    ('ab', 'b')
    >>> take_page("abc", "abc", page_size=2, page_token="b", default=10, maximum=10)
    ('c', '')
    """
    if page_size < 0:
        raise invalid_field("FIELD_INVALID", "page_size", str(page_size), f"0 to {maximum}")
    size = min(page_size or default, maximum)
    start = 0
    if page_token:
        start = bisect.bisect_right(keys, page_token)
        if start == 0 or keys[start - 1] != page_token:
            raise invalid_field("FIELD_INVALID", "page_token", page_token, "the next_page_token of an earlier answer")
    page = entries[start : start + size]
    end = start + len(page)
    return page, keys[end - 1] if end < len(entries) else ""
