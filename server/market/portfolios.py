"""Portfolios that are kept by name."""

from __future__ import annotations

import base64
import binascii
import json
import math
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from riskwave.compute.errors import InputError, NotFiniteError, ShapeMismatchError
from riskwave.server.market.errors import PortfolioNotFoundError, VersionConflictError
from riskwave.server.market.tables import portfolios
from riskwave.server.market.validation import check_symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from riskwave.server.market.database import Database

NAME_LENGTH_MAX: Final = 64
HOLDINGS_MAX: Final = 10_000
PAGE_SIZE: Final = 100
PAGE_SIZE_MAX: Final = 1000
#: As an etag, asks that no portfolio of that name exists.
NEW: Final = "new"


@dataclass(frozen=True, slots=True)
class StoredPortfolio:
    """A portfolio as it is stored.

    Parameters
    ----------
    name
        Its name.
    symbols, weights
        In the order and with the numbers that the caller gave; fractions, negative is short.
    etag
        Changes with every change.
    update_ns
        When it was stored, in nanoseconds UTC.
    """

    name: str
    symbols: tuple[str, ...]
    weights: tuple[float, ...]
    etag: str
    update_ns: int


class PortfolioStore:
    """Portfolios by name. Safe to use from many threads.

    Examples
    --------
    >>> from riskwave.config.settings import StoreSettings
    >>> from riskwave.server.market.database import Database
    >>> database = Database(StoreSettings(url="sqlite://"))
    >>> database.upgrade()
    >>> store = PortfolioStore(database)
    >>> oil = store.put("oil", ["WTI", "BRENT"], [0.6, 0.4])
    >>> store.get("oil") == oil
    True
    >>> [portfolio.name for portfolio in store.list()[0]]
    ['oil']
    >>> store.delete("oil", etag=oil.etag)
    >>> database.close()
    """

    def __init__(self, database: Database, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.database = database
        self._clock_ns = clock_ns

    def put(
        self,
        name: str,
        symbols: Sequence[str],
        weights: Sequence[float],
        *,
        etag: str = "",
        path: str = "portfolio.",
    ) -> StoredPortfolio:
        """Store a portfolio, new or changed.

        Parameters
        ----------
        name
            1 to 64 letters, digits, spaces, hyphens, underscores or full stops.
        symbols, weights
            At least one, each symbol once; the weights are finite and do not sum to zero. They are kept as given.
        etag
            The version that the caller has seen; ``new`` asks that there is none; empty stores anyway.
        path
            What stands before the fields' names in errors.

        Raises
        ------
        InputError
            The name or the holdings cannot be.
        VersionConflictError
            The stored version is another; nothing was changed.
        """
        check_name(f"{path}name", name)
        check_holdings(f"{path}holdings", symbols, weights)
        holdings = json.dumps(list(zip(symbols, map(float, weights), strict=True)), ensure_ascii=False)
        values = {"holdings": holdings, "etag": secrets.token_hex(8), "update_ns": self._clock_ns()}
        with self.database.writing() as connection:
            if etag == NEW:
                stored = _insert_missing(connection, name, values)
            elif etag:
                same = (portfolios.c.name == name, portfolios.c.etag == etag)
                stored = connection.execute(update(portfolios).where(*same).values(**values)).rowcount == 1
            else:
                stored = _insert_missing(connection, name, values) or (
                    connection.execute(update(portfolios).where(portfolios.c.name == name).values(**values)).rowcount
                    == 1
                )
            if not stored:
                raise VersionConflictError(name, etag, _etag(connection, name))
            return _portfolio(_row(connection, name))

    def get(self, name: str, *, field: str = "name") -> StoredPortfolio:
        """Return a portfolio; PortfolioNotFoundError, with near names, when there is none."""
        with self.database.reading() as connection:
            return _portfolio(_row(connection, name, field))

    def list(self, page_size: int = 0, page_token: str = "") -> tuple[list[StoredPortfolio], str]:
        """Return portfolios by name, and the token of the next page, which is empty at the end.

        Parameters
        ----------
        page_size
            0 means 100; more than 1000 is taken as 1000.
        page_token
            From the page before; empty means the first page.

        Raises
        ------
        InputError
            The page size is negative, or the token none of ours.
        """
        if page_size < 0:
            raise InputError("page_size", page_size, f"from 0 to {PAGE_SIZE_MAX}")
        size = min(page_size or PAGE_SIZE, PAGE_SIZE_MAX)
        query = select(portfolios).order_by(portfolios.c.name).limit(size + 1)
        if page_token:
            query = query.where(portfolios.c.name > _name_of_token(page_token))
        with self.database.reading() as connection:
            found = [_portfolio(row) for row in connection.execute(query)]
        token = base64.urlsafe_b64encode(found[size - 1].name.encode()).decode() if len(found) > size else ""
        return found[:size], token

    def delete(self, name: str, *, etag: str = "") -> None:
        """Forget a portfolio.

        Raises
        ------
        PortfolioNotFoundError
            There is none of that name.
        VersionConflictError
            An etag is given and is not the stored one; nothing was changed.
        """
        with self.database.writing() as connection:
            same = [portfolios.c.name == name, *([portfolios.c.etag == etag] if etag else [])]
            if connection.execute(delete(portfolios).where(*same)).rowcount == 0:
                raise VersionConflictError(name, etag, _row(connection, name).etag)


def check_name(field: str, name: str) -> None:
    """Refuse a name that a portfolio cannot have."""
    fine = 0 < len(name) <= NAME_LENGTH_MAX and all(letter.isalnum() or letter in " -_." for letter in name)
    if not fine or name != name.strip():
        allowed = f"1 to {NAME_LENGTH_MAX} letters, digits, inner spaces, hyphens, underscores or full stops"
        raise InputError(field, name or "empty", allowed)


def check_holdings(field: str, symbols: Sequence[str], weights: Sequence[float]) -> None:
    """Refuse weights that no portfolio has."""
    if not 0 < len(symbols) <= HOLDINGS_MAX:
        raise InputError(f"{field}.symbols", f"{len(symbols)} symbols", f"1 to {HOLDINGS_MAX}")
    if len(weights) != len(symbols):
        raise ShapeMismatchError(f"{field}.weights", f"{len(weights)} weights", f"{len(symbols)}, one for each symbol")
    seen: set[str] = set()
    for position, (symbol, weight) in enumerate(zip(symbols, weights, strict=True)):
        check_symbol(f"{field}.symbols[{position}]", symbol)
        if symbol in seen:
            raise InputError(f"{field}.symbols[{position}]", symbol, "a symbol that is not in the portfolio already")
        seen.add(symbol)
        if not math.isfinite(weight):
            raise NotFiniteError(f"{field}.weights[{position}]", weight, "a finite number")
    total, gross = math.fsum(weights), math.fsum(abs(weight) for weight in weights)
    if abs(total) <= 1e-12 * gross or gross == 0:
        raise InputError(
            f"{field}.weights", f"a sum of {total:g}", "not zero, because weights are divided by their sum"
        )


def _insert_missing(connection: Connection, name: str, values: dict[str, Any]) -> bool:
    """Store a new portfolio; False when there is one of that name."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(portfolios).values(name=name, **values).on_conflict_do_nothing()
    return connection.execute(statement.returning(portfolios.c.name)).first() is not None


def _etag(connection: Connection, name: str) -> str | None:
    etag: str | None = connection.execute(select(portfolios.c.etag).where(portfolios.c.name == name)).scalar()
    return etag


def _row(connection: Connection, name: str, field: str = "name") -> Row[Any]:
    row = connection.execute(select(portfolios).where(portfolios.c.name == name)).one_or_none()
    if row is None:
        known = connection.execute(select(portfolios.c.name)).scalars().all()
        raise PortfolioNotFoundError(field, name, known)
    return row


def _portfolio(row: Row[Any]) -> StoredPortfolio:
    holdings = json.loads(row.holdings)
    return StoredPortfolio(
        name=row.name,
        symbols=tuple(symbol for symbol, _ in holdings),
        weights=tuple(weight for _, weight in holdings),
        etag=row.etag,
        update_ns=row.update_ns,
    )


def _name_of_token(token: str) -> str:
    try:
        name = base64.b64decode(token, altchars=b"-_", validate=True).decode()
        check_name("page_token", name)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InputError("page_token", token, "the next_page_token of the answer before, or empty") from None
    return name
