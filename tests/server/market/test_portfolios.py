import threading

import pytest

from riskwave.compute.errors import InputError, NotFiniteError, ShapeMismatchError
from riskwave.server.market.errors import PortfolioNotFoundError, VersionConflictError
from riskwave.server.market.portfolios import PortfolioStore


def test_order_and_numbers_are_kept_as_given(portfolios: PortfolioStore) -> None:
    symbols, weights = ["WTI", "BRENT", "GOLD", "Ö/1"], [0.1, 1 / 3, -0.7, 3e-17]
    portfolios.put("oil & more".replace("&", "-"), symbols, weights)
    found = portfolios.get("oil - more")
    assert list(found.symbols) == symbols
    assert [weight.hex() for weight in found.weights] == [weight.hex() for weight in weights]


def test_storing_again_replaces_and_changes_the_etag(portfolios: PortfolioStore) -> None:
    first = portfolios.put("oil", ["WTI"], [1.0])
    second = portfolios.put("oil", ["BRENT"], [1])
    assert first.etag != second.etag
    assert second.update_ns >= first.update_ns
    assert portfolios.get("oil") == second


def test_etag_guards_what_the_caller_has_seen(portfolios: PortfolioStore) -> None:
    first = portfolios.put("oil", ["WTI"], [1.0], etag="new")
    with pytest.raises(VersionConflictError, match="there is one already"):
        portfolios.put("oil", ["WTI"], [2.0], etag="new")
    second = portfolios.put("oil", ["WTI"], [2.0], etag=first.etag)
    with pytest.raises(VersionConflictError, match="changed meanwhile"):
        portfolios.put("oil", ["WTI"], [3.0], etag=first.etag)
    with pytest.raises(VersionConflictError, match="none of that name"):
        portfolios.put("gas", ["WTI"], [3.0], etag=first.etag)
    with pytest.raises(VersionConflictError):
        portfolios.delete("oil", etag=first.etag)
    assert portfolios.get("oil") == second
    portfolios.delete("oil", etag=second.etag)
    with pytest.raises(PortfolioNotFoundError):
        portfolios.get("oil")


def test_unknown_names_list_near_ones(portfolios: PortfolioStore) -> None:
    portfolios.put("oil and gas", ["WTI"], [1.0])
    with pytest.raises(PortfolioNotFoundError, match="did you mean oil and gas") as caught:
        portfolios.get("oil and gass", field="data.portfolio_name")
    assert caught.value.field == "data.portfolio_name"
    assert caught.value.reason == "NOT_FOUND"
    with pytest.raises(PortfolioNotFoundError):
        portfolios.delete("nothing")


def test_pages_have_every_portfolio_once_in_order(portfolios: PortfolioStore) -> None:
    names = ["a", "B", "ä", "a.b", "a b", "Z", "10", "9"]
    for name in names:
        portfolios.put(name, ["WTI"], [1.0])
    found, token = [], ""
    while True:
        page, token = portfolios.list(3, token)
        found += [portfolio.name for portfolio in page]
        if not token:
            break
        assert len(page) == 3
    assert found == sorted(names)
    assert portfolios.list()[1] == ""
    assert portfolios.list(len(names))[1] == ""


@pytest.mark.parametrize("token", ["x", "!!!!", "////", "AAAA", "ü"])
def test_tokens_that_are_none_of_ours(portfolios: PortfolioStore, token: str) -> None:
    with pytest.raises(InputError, match="page_token"):
        portfolios.list(1, token)


def test_a_negative_page_size_is_refused(portfolios: PortfolioStore) -> None:
    with pytest.raises(InputError, match="page_size"):
        portfolios.list(-1)


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a/b", "a\nb", "x" * 65, "a%", "\0"])
def test_names_that_cannot_be(portfolios: PortfolioStore, name: str) -> None:
    with pytest.raises(InputError, match=r"portfolio\.name"):
        portfolios.put(name, ["WTI"], [1.0])


@pytest.mark.parametrize(
    ("symbols", "weights", "kind", "field"),
    [
        ([], [], InputError, "symbols"),
        (["A"], [], ShapeMismatchError, "weights"),
        (["A", "A"], [1, 2], InputError, "symbols[1]"),
        (["A", ""], [1, 2], InputError, "symbols[1]"),
        (["A", "B"], [1, float("nan")], NotFiniteError, "weights[1]"),
        (["A", "B"], [1, float("inf")], NotFiniteError, "weights[1]"),
        (["A", "B"], [1, -1], InputError, "weights"),
        (["A", "B", "C"], [0.1, 0.2, -0.3], InputError, "weights"),
        (["A"], [0], InputError, "weights"),
    ],
)
def test_holdings_that_cannot_be(portfolios: PortfolioStore, symbols, weights, kind, field) -> None:
    with pytest.raises(kind) as caught:
        portfolios.put("p", symbols, weights)
    assert caught.value.field == f"portfolio.holdings.{field}"
    assert portfolios.list() == ([], "")


def test_only_one_of_many_wins_a_version(portfolios: PortfolioStore) -> None:
    seen = portfolios.put("p", ["A"], [1.0]).etag
    won: list[float] = []

    def work(weight: float) -> None:
        try:
            portfolios.put("p", ["A"], [weight], etag=seen)
            won.append(weight)
        except VersionConflictError:
            pass

    threads = [threading.Thread(target=work, args=(float(n),)) for n in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert portfolios.get("p").weights == (won[0],)
