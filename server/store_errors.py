"""What callers are told of the store's exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from riskwave.server.errors import CallError, FieldViolation, backend_unavailable, refused_input
from riskwave.server.market.errors import (
    PortfolioNotFoundError,
    RowsRejectedError,
    StoreUnavailableError,
    StoreVersionError,
    UnknownSymbolError,
    VersionConflictError,
)
from riskwave.server.market.fetch_tiers import AllSourcesFailedError

if TYPE_CHECKING:
    from riskwave.compute.errors import InputError
    from riskwave.server.errors import Translator


def add_store_rules(translator: Translator) -> None:
    """Teach `translator` the store's exceptions."""
    translator.add(UnknownSymbolError, _not_found)
    translator.add(PortfolioNotFoundError, _not_found)
    translator.add(RowsRejectedError, _rows_rejected)
    translator.add(VersionConflictError, _conflict)
    # The error itself names the database's address without its password; callers learn that much and no more.
    translator.add(StoreUnavailableError, lambda _error: backend_unavailable("the price store cannot be reached"))
    translator.add(StoreVersionError, _newer_store)
    translator.add(AllSourcesFailedError, _no_source)


def _not_found(error: InputError) -> CallError:
    return refused_input(error, code=grpc.StatusCode.NOT_FOUND)


def _rows_rejected(error: RowsRejectedError) -> CallError:
    violations = tuple(
        FieldViolation(f"series.{row.column}", f"{row.symbol} row {row.row}: was {row.value}; {row.reason}")
        for row in error.rows
    )
    return CallError(
        grpc.StatusCode.INVALID_ARGUMENT,
        error.reason,
        f"{len(error.rows)} rows cannot be stored, and nothing was; the first: {error.rows[0]}",
        error_type="validation",
        violations=violations,
        metadata={"row_count": str(len(error.rows))},
    )


def _conflict(error: VersionConflictError) -> CallError:
    return CallError(
        grpc.StatusCode.ABORTED,
        error.reason,
        str(error),
        error_type="conflict",
        metadata={"name": error.name, "etag": error.etag, "stored_etag": error.stored or ""},
    )


def _newer_store(error: StoreVersionError) -> CallError:
    return CallError(grpc.StatusCode.FAILED_PRECONDITION, error.reason, str(error), error_type="config")


def _no_source(error: AllSourcesFailedError) -> CallError:
    outcomes = {f"{one.symbol}.{one.source}": f"{one.status}: {one.detail}" for one in error.outcomes}
    return CallError(
        grpc.StatusCode.UNAVAILABLE, "SOURCE_UNAVAILABLE", str(error), error_type="upstream", metadata=outcomes
    )
