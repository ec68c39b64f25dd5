"""The command line as users run it: real processes, a real server, the sample prices."""

import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import riskwave as rw

PROGRAM = Path(sys.executable).with_name("riskwave")
PROOF = ["risk", "analyze", "--weights", "WTI=0.5,BRENT=0.3,NATURAL_GAS=0.2", "--start", "2010-01-01"]
CASE_A = ["simulate", "run", "--model", "normal", "--mean", "0.0005", "--volatility", "0.01", "--horizon", "252"]

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(**settings: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RISKWAVE_", "COLUMNS"))}
    return {**clean, **settings}


@pytest.fixture(scope="module")
def riskwave(server_process: Any) -> Run:
    def run(*arguments: str, columns: int = 100) -> subprocess.CompletedProcess[str]:
        variables = environment(RISKWAVE_ADDRESS=server_process.address, COLUMNS=str(columns))
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, env=variables)

    return run


def document(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["schema_version"] == 1
    return found


def test_analyze_equals_an_independent_computation(riskwave: Run, server_process: Any) -> None:
    """Ten figures and more, by NumPy from the stored prices."""
    report = document(riskwave(*PROOF, "--output", "json"))
    with rw.connect(server_process.address) as client:
        prices = client.prices.get(["WTI", "BRENT", "NATURAL_GAS"], start="2010-01-01").to_pandas().dropna()
    levels = prices.to_numpy()
    returns = levels[1:] / levels[:-1] - 1
    weights = np.array([0.5, 0.3, 0.2])
    portfolio = returns @ weights
    wealth = np.concatenate([[1.0], np.cumprod(1 + portfolio)])
    ruin = np.flatnonzero(wealth <= 0)[0]  # WTI at -36.98 took it all, and compounding ends there
    wealth[ruin:] = wealth[ruin]
    covariance = np.cov(returns, rowvar=False)
    volatility = np.sqrt(weights @ covariance @ weights)
    var_95, var_99 = np.quantile(portfolio, [0.05, 0.01])
    expected = {
        "portfolio_return": portfolio.mean() * 252,
        "portfolio_volatility": portfolio.std(ddof=1) * np.sqrt(252),
        "sharpe_ratio": portfolio.mean() / portfolio.std(ddof=1) * np.sqrt(252),
        "var_95": var_95,
        "var_99": var_99,
        "cvar_95": portfolio[portfolio <= var_95].mean(),
        "max_drawdown": (wealth / np.maximum.accumulate(wealth) - 1).min(),
        "diversification_ratio": weights @ np.sqrt(np.diag(covariance)) / volatility,
    }
    for name, value in expected.items():
        assert report[name]["value"] == pytest.approx(value, rel=1e-10), name
    np.testing.assert_allclose(report["correlation_matrix"], np.corrcoef(returns, rowvar=False), rtol=1e-10)
    shares = [one["share"] for one in report["risk_decomposition"]]
    np.testing.assert_allclose(shares, weights * (covariance @ weights) / volatility**2, rtol=1e-9)
    np.testing.assert_allclose(report["returns"], portfolio, rtol=1e-11, atol=1e-15)
    assert report["observation_count"] == len(portfolio)
    assert [time[:10] for time in report["times"]] == [str(day)[:10] for day in prices.index[1:]]


def test_the_digest_is_that_of_a_plain_stub(riskwave: Run, server_process: Any) -> None:
    import grpc

    from riskwave.v1 import risk_service_pb2, risk_service_pb2_grpc

    request = risk_service_pb2.AnalyzePortfolioRequest()
    holdings = request.data.holdings
    holdings.symbols.extend(["WTI", "BRENT", "NATURAL_GAS"])
    holdings.weights.extend([0.5, 0.3, 0.2])
    request.data.start_date = "2010-01-01"
    with grpc.insecure_channel(server_process.address) as channel:
        plain = risk_service_pb2_grpc.RiskServiceStub(channel).AnalyzePortfolio(request, timeout=30)
    found = document(riskwave(*PROOF, "--output", "json"))
    assert found["meta"]["digest"] == plain.meta.digest
    assert re.fullmatch("[0-9a-f]{32}", plain.meta.digest)


def test_simulate_takes_all_that_the_contract_has(riskwave: Run) -> None:
    """Flows, tails, thresholds, ends, paths of the assets, and a precision at which it stops."""
    asked = ["--cash-flow", "10=0.1", "--cash-flow", "20=-0.05", "--tail-probability", "0.1", "--confidence", "0.9"]
    found = document(riskwave(*CASE_A, "--paths", "1000", "--sample-paths", "2", *asked, "--output", "json"))
    assert [tail["probability"] for tail in found["tails"]] == [0.05, 0.01, 0.1]
    assert found["statistics"]["mean_return"]["confidence"] == 0.9
    assert np.shape(found["sample_paths"]) == (2, 253, 1)
    ends = document(
        riskwave(*CASE_A, "--terminal-only", "--return-threshold", "-0.5", "--seed", "1", "--output", "json")
    )
    assert list(ends["summaries"]) == ["returns"]
    assert ends["thresholds"][0]["probability_at_or_below"]["value"] < 0.01
    precise = document(riskwave(*CASE_A, "--paths", "900000", "--target", "mean_return=0.003", "--output", "json"))
    assert (precise["stopped_early"], precise["num_simulations"]) == (True, 8192)
    cost = document(riskwave("simulate", "estimate", *CASE_A[2:], "--paths", "900000", "--output", "json"))
    assert cost["path_step_count"] == 900_000 * 252
    assert "chunk" not in riskwave("simulate", "estimate", *CASE_A[2:]).stderr


def test_sobol_points_and_the_days_of_the_fan(riskwave: Run) -> None:
    given = [*CASE_A[:-1], "21", "--sampling", "sobol", "--paths", "4096", "--seed", "7", "--output", "json"]
    found = document(riskwave(*given, "--fan-day", "21", "--fan-day", "5"))
    assert found["fan"]["days"] == [0, 5, 21]
    assert np.shape(found["fan"]["standard_error"]) == (7, 3)
    mean = found["statistics"]["mean_return"]
    assert abs(mean["value"] - (1.0005**21 - 1)) < 4 * mean["standard_error"] < 2e-4
    assert document(riskwave(*given, "--fan-days", "3"))["fan"]["days"] == [0, 7, 14, 21]
    both = riskwave(*given, "--fan-days", "3", "--fan-day", "5")
    assert (both.returncode, "--fan-days" in both.stderr) == (2, True)


def test_a_price_lies_within_its_errors_of_the_closed_form(riskwave: Run) -> None:
    options = ["--spot", "100", "--maturity", "1", "--rate", "0.05", "--param", "volatility=0.2", "--seed", "1"]
    given = ["simulate", "price", "--payoff-param", "strike=100", *options, "--greeks", "delta"]
    priced = document(riskwave(*given, "--output", "json"))
    # Black and Scholes (1973) for these inputs.
    assert priced["exact_price"] == pytest.approx(10.450583572185565, rel=1e-12)
    assert abs(priced["price"]["value"] - priced["exact_price"]) < 4 * priced["price"]["standard_error"]
    shown = riskwave(*given).stdout
    assert "exact price" in shown
    assert "delta" in shown
    lines = riskwave(*given, "--output", "csv").stdout.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["name", "price", "delta"]


def test_simulate_lies_within_its_errors_of_the_exact_law(riskwave: Run) -> None:
    """Case A: simple returns a day N(0.0005, 0.01), 252 days; moments exact, quantiles by Fourier."""
    found = document(riskwave(*CASE_A, "--paths", "1000000", "--seed", "7", "--output", "json"))
    statistics = found["statistics"]
    exact = {
        "mean_return": 0.13424645,
        "median_return": 0.1201126,
        "std_return": 0.1811001,
        "var_5": -0.1373278,
        "var_1": -0.2258574,
        "cvar_5": -0.1913737,
        "cvar_1": -0.2655759,
        "probability_of_loss": 0.2374145,
    }
    means = {"volatilities": 0.15858705, "max_drawdowns": -0.135636, "sharpe_ratios": 0.796107}
    for name, value in exact.items():
        error = statistics[name]["standard_error"]
        assert error > 0
        assert abs(statistics[name]["value"] - value) < 4 * error, name
    for name, value in means.items():
        mean = found["summaries"][name]["mean"]
        assert abs(mean["value"] - value) < 4 * mean["standard_error"] + 5e-7, name
    assert (found["num_simulations"], found["time_horizon_days"], found["meta"]["seed"]) == (1_000_000, 252, 7)


def test_equal_seeds_give_equal_digests(riskwave: Run) -> None:
    digests = [
        document(riskwave(*CASE_A, "--paths", "20000", "--seed", seed, "--output", "json"))["meta"]["digest"]
        for seed in ("1", "1", "2")
    ]
    assert digests[0] == digests[1] != digests[2]


def test_numbers_keep_all_their_digits(riskwave: Run, server_process: Any) -> None:
    with rw.connect(server_process.address) as client:
        exact = client.simulation.run(mean=0.0005, volatility=0.01, paths=2000, seed=3)
    done = riskwave(*CASE_A, "--paths", "2000", "--seed", "3", "--output", "csv")
    rows = {row["statistic"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert float(rows["mean_return"]["value"]) == exact.statistics.mean_return
    assert rows["min_return"]["standard_error"] == ""
    assert float(rows["mean_sharpe_ratios"]["value"]) == exact.summaries["sharpe_ratios"].mean


def test_paths_as_csv(riskwave: Run) -> None:
    done = riskwave(*CASE_A, "--paths", "50", "--seed", "3", "--distributions", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 50
    assert set(rows[0]) == {"path", "returns", "volatilities", "max_drawdowns", "sharpe_ratios"}


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    "arguments",
    [
        PROOF,
        [*CASE_A, "--paths", "5000", "--seed", "7"],
        ["prices", "get", "WTI,BRENT", "--start", "2020-01-01"],
        ["prices", "assets"],
        ["prices", "sources"],
        ["indicators", "list"],
        ["indicators", "compute", "RSI", "--symbols", "WTI", "--param", "timeperiod=7,14"],
        ["simulate", "models"],
        ["doctor"],
    ],
    ids=lambda value: " ".join(value[:2]),
)
def test_tables_fit_the_terminal(riskwave: Run, columns: int, arguments: list[str]) -> None:
    done = riskwave(*arguments, columns=columns)
    assert done.returncode == 0, done.stderr
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= columns
    assert "…" not in done.stdout, "a number that is cut is wrong"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["simulate", "run", "--mean", "0.1"], 2, "--volatility"),
        (["simulate", "run", "--mean", "0.1", "--volatility", "0.1,0.2"], 2, "several"),
        (["simulate", "run", "--mean", "0.1", "--volatility=-0.1"], 2, "at least 0"),
        ([*CASE_A, "--paths", "1" + "0" * 24], 6, "paths was"),
        ([*CASE_A, "--seed", str(2**64)], 6, "seed was"),
        (["risk", "analyze"], 2, "--weights"),
        (["risk", "analyze", "--weights", "WTI"], 2, "SYMBOL=WEIGHT"),
        (["risk", "anlyze"], 2, "Did you mean"),
        (["nonsense"], 2, "No such command"),
        (["risk", "analyze", "--weights", "WTX=1"], 3, "WTX"),
        (["portfolio", "get", "nobody"], 3, "nobody"),
        (["simulate", "run", "--mean", "0.1", "--volatility", "0.1", "--paths", "0"], 6, "paths"),
        (["simulate", "run", "--mean", "0.1", "--volatility", "0.1", "--cash-flow", "x"], 2, "DAY=AMOUNT"),
        (["simulate", "run", "--mean", "0.1", "--volatility", "0.1", "--cash-flow", "999=1"], 6, "cash_flows"),
        (["simulate", "run", "--mean", "0.1", "--volatility", "0.1", "--model", "norml"], 6, "normal"),
        (["simulate", "price", "--payoff", "europaen", "--param", "volatility=0.2"], 6, "european"),
        (["simulate", "price", "--correlation", "1,0.5", "--spot", "1,2"], 2, "2 rows of 2"),
        (["risk", "analyze", "--weights", "WTI=1", "--start", "2020-02-30"], 6, "2020-02-30"),
        (["indicators", "compute", "RSI", "--symbols", "WTI", "--param", "timeperiod=0"], 6, "timeperiod"),
        (["prices", "get", "WTI", "--address", "127.0.0.1:1"], 4, "riskwave up"),
        (["jobs", "list"], 9, "ListJobs"),
        (["prices", "import", "/nowhere/a.csv"], 2, "No such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_exit_codes(riskwave: Run, arguments: list[str], code: int, text: str) -> None:
    done = riskwave(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_as_json(riskwave: Run) -> None:
    done = riskwave("risk", "analyze", "--weights", "BRNT=1", "--output", "json")
    assert (done.returncode, done.stdout) == (3, "")
    error = json.loads(done.stderr)["error"]
    assert (error["type"], error["reason"]) == ("NotFoundError", "UNKNOWN_SYMBOL")
    assert "BRENT" in error["near_names"]
    assert error["correlation_id"]


def test_a_portfolio_on_the_command_line(riskwave: Run) -> None:
    assert riskwave("portfolio", "put", "cli test", "--weights", "WTI=0.6,BRENT=0.4").returncode == 0
    stored = document(riskwave("portfolio", "get", "cli test", "--output", "json"))
    assert stored["weights"] == {"WTI": 0.6, "BRENT": 0.4}
    analyzed = riskwave("risk", "analyze", "--portfolio", "cli test", "--start", "2015-01-01")
    assert analyzed.returncode == 0, analyzed.stderr
    simulated = riskwave("simulate", "run", "--portfolio", "cli test", "--paths", "2000", "--seed", "1")
    assert "WTI (" in simulated.stdout
    listed = document(riskwave("portfolio", "list", "--output", "json"))
    assert "cli test" in [one["name"] for one in listed["items"]]
    assert "forgotten" in riskwave("portfolio", "delete", "cli test").stderr


def test_prices_as_csv(riskwave: Run) -> None:
    done = riskwave("prices", "get", "WTI", "--start", "2020-04-17", "--end", "2020-04-21", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["time"], float(row["close"])) for row in rows if row["time"] == "2020-04-20"] == [
        ("2020-04-20", -36.98)
    ]


def test_an_import_is_stored_once(riskwave: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("date;CLI_A;CLI_B\n20.04.2020;-36,98;1,5\n21.04.2020;8,91;\n")
    tried = riskwave("prices", "import", str(file), "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "checked, nothing stored" in tried.stderr
    first = riskwave("prices", "import", str(file), "--source", "mine", "--output", "json")
    found = json.loads(first.stdout)
    assert {one["symbol"]: one["inserted"] for one in found["counts"]} == {"CLI_A": 2, "CLI_B": 1}
    assert (found["stored"], found["missing_cells"]) == (True, 1)
    again = riskwave("prices", "import", str(file), "--source", "mine", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(again.stdout)))
    assert [(row["symbol"], row["unchanged"]) for row in rows] == [("CLI_A", "2"), ("CLI_B", "1")]
    got = document(riskwave("prices", "get", "CLI_A", "--source", "mine", "--output", "json"))
    assert got["series"][0]["close"] == [-36.98, 8.91]


def test_a_rejected_row_stores_nothing(riskwave: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("date,CLI_BAD\n2020-01-01,1.5\n2020-01-02,x\n2020-13-02,1\n")
    done = riskwave("prices", "import", str(file), "--output", "json")
    assert done.returncode == 6
    rejected = json.loads(done.stdout)["rejected"]
    assert [(one["line"], one["column"], one["value"]) for one in rejected] == [
        (3, "CLI_BAD", "x"),
        (4, "date", "2020-13-02"),
    ]
    assert all(one["reason"] for one in rejected)
    assert "2 rows rejected, nothing stored" in done.stderr
    assert riskwave("prices", "get", "CLI_BAD").returncode == 3


def test_rolling_risk(riskwave: Run) -> None:
    found = document(riskwave("risk", "rolling", "--weights", "WTI=1", "--window", "60", "--output", "json"))
    volatilities = found["measures"]["portfolio_volatility"]
    assert volatilities[:59] == [None] * 59
    assert len(volatilities) == len(found["times"])


def test_progress_is_shown_on_a_terminal_only_and_not_in_the_data(server_process: Any) -> None:
    parent, child = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *CASE_A, "--paths", "500000", "--seed", "7", "--output", "json"],
        stdout=subprocess.PIPE,
        stderr=child,
        env=environment(RISKWAVE_ADDRESS=server_process.address, TERM="xterm"),
    ) as process:
        os.close(child)
        data, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    shown = b""
    while True:
        try:
            piece = os.read(parent, 65536)
        except OSError:
            break
        shown += piece
    os.close(parent)
    assert b"paths" in shown
    assert json.loads(data)["num_simulations"] == 500_000


def stop_at_the_first_estimate(given: list[str], address: str) -> tuple[bytes, bytes]:
    """Run a command on a terminal, interrupt it once an estimate is shown, and return its data and its messages."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *given],
        stdout=subprocess.PIPE,
        stderr=child,
        env=environment(RISKWAVE_ADDRESS=address, TERM="xterm", COLUMNS="200"),
    ) as process:
        os.close(child)
        shown = b""
        while b"a second" not in shown:
            shown += os.read(parent, 65536)
        process.send_signal(signal.SIGINT)
        data, _ = process.communicate(timeout=60)
    shown += os.read(parent, 65536)
    os.close(parent)
    assert process.returncode == 130
    assert b" left, " in shown
    return data, shown


def test_a_simulation_that_is_stopped_leaves_its_last_estimate(server_process: Any) -> None:
    given = [*CASE_A, "--paths", "200000000", "--output", "json"]
    data, shown = stop_at_the_first_estimate(given, server_process.address)
    found = json.loads(data)
    assert 0 < found["num_simulations"] < 200_000_000
    assert found["statistics"]["mean_return"]["standard_error"] > 0
    assert f"stopped after {found['num_simulations']:,} of 200,000,000 paths" in shown.decode()


PRICE = ["simulate", "price", "--param", "volatility=0.2", "--payoff-param", "strike=100", "--output", "json"]


def test_a_price_shows_how_it_converges_and_has_the_same_bits(riskwave: Run, server_process: Any) -> None:
    given = [*PRICE, "--paths", "20000000", "--seed", "7"]
    parent, child = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *given],
        stdout=subprocess.PIPE,
        stderr=child,
        env=environment(RISKWAVE_ADDRESS=server_process.address, TERM="xterm", COLUMNS="200"),
    ) as process:
        os.close(child)
        shown = b""
        while b"a second" not in shown:  # an estimate has come
            shown += os.read(parent, 65536)
        data, _ = process.communicate(timeout=60)
    os.close(parent)
    assert process.returncode == 0
    assert re.search(r"s left, price [\d.]+ ± [\d.]+", shown.decode(errors="replace"))
    found, whole = json.loads(data), document(riskwave(*given))
    assert found["path_count"] == 20_000_000
    assert (found["price"], found["meta"]["digest"]) == (whole["price"], whole["meta"]["digest"])


def test_a_price_that_is_stopped_leaves_its_last_estimate(server_process: Any) -> None:
    data, shown = stop_at_the_first_estimate([*PRICE, "--paths", "1000000000"], server_process.address)
    found = json.loads(data)
    assert 0 < found["path_count"] < 1_000_000_000
    assert found["price"]["standard_error"] > 0
    assert f"stopped after {found['path_count']:,} of 1,000,000,000 paths" in shown.decode()
    with rw.connect(server_process.address) as client:
        wait_for(lambda: active(client, "/StreamPrice") == 0)


def test_ctrl_c_ends_with_130_and_stops_the_work(server_process: Any) -> None:
    with (
        subprocess.Popen(
            [PROGRAM, *CASE_A, "--paths", "9000000", "--mode", "full"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(RISKWAVE_ADDRESS=server_process.address),
        ) as process,
        rw.connect(server_process.address) as client,
    ):
        wait_for(lambda: active(client) == 1)
        process.send_signal(signal.SIGINT)
        data, _ = process.communicate(timeout=10)
        assert (process.returncode, data) == (130, b"")
        wait_for(lambda: active(client) == 0)


def active(client: rw.Client, rpc: str = "/Simulate") -> int:
    return sum(one.active_count for one in client.server.statistics().methods if one.method.endswith(rpc))


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_doctor(riskwave: Run) -> None:
    found = document(riskwave("doctor", "--output", "json"))
    states = {one["check"]: one["state"] for one in found["checks"]}
    assert found["healthy"]
    assert {"server", "health", "clock", "store", "cluster", "cache directory"} <= set(states)
    assert states["server"] == states["health"] == states["clock"] == "ok"
    assert riskwave("doctor", "--quick").returncode == 0


def test_doctor_without_a_server(riskwave: Run) -> None:
    done = riskwave("doctor", "--address", "127.0.0.1:1")
    assert done.returncode == 4
    assert "riskwave up" in " ".join(done.stdout.split())


def test_help_begins_with_examples_and_comes_at_once() -> None:
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True, env=environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Time of the processor, so that other work on the machine does not count.
        took.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    assert lines[2] == "Examples:"
    assert lines[3].startswith("riskwave ")
    assert all(len(line) <= 80 for line in lines)
    assert min(took) < 0.3


def test_help_loads_neither_grpc_nor_numpy() -> None:
    code = (
        "import sys; sys.argv = ['riskwave', '--help']\n"
        "from riskwave.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        "    print([name for name in ('grpc', 'numpy', 'pandas', 'rich.console') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_gaps_are_listed_and_a_holiday_is_none(riskwave: Run) -> None:
    done = riskwave("prices", "gaps", "WTI", "--start", "2025-01-01", "--end", "2025-12-31", "--output", "csv")
    found = [line.split(",")[:6] for line in done.stdout.splitlines()]
    assert found[0] == ["symbol", "source", "kind", "start", "end", "missing"]
    # Columbus Day and Veterans Day: the New York exchanges are open, and no spot price is assessed.
    assert [row[3] for row in found[1:]] == ["2025-10-13", "2025-11-11"]
    document = json.loads(riskwave("prices", "gaps", "WTI", "--calendar", "24/5", "--output", "json").stdout)
    assert (document["kind"], document["items"][0]["calendar"]) == ("gaps", "24/5")
    assert document["items"][0]["missing_count"] > 300
    table = riskwave("prices", "gaps", "--source", "sample", columns=160).stdout
    assert "36 series" in table
    assert "WTI: longest gaps" in table


def test_who_was_asked_and_why(riskwave: Run) -> None:
    done = riskwave("prices", "get", "WTI", "--source", "auto", "--explain", "--max-points", "50", columns=140)
    assert done.returncode == 0, done.stderr
    for vendor in ("alpha_vantage", "fmp", "commodity_price_api", "api_ninjas"):
        assert f"no key of {vendor} is configured" in done.stdout
    assert "stored prices are given; the newest is" in done.stdout
    assert "points, chosen so that the line looks the same" in done.stdout
    sources = json.loads(riskwave("prices", "sources", "--output", "json").stdout)["items"]
    sample = next(one for one in sources if one["name"] == "sample")
    assert sample["first_time"].startswith("1960-01-01")
    windows = {one["name"]: len(one["budgets"]) for one in sources}
    assert [windows[name] for name in ("alpha_vantage", "fmp", "commodity_price_api", "api_ninjas")] == [3, 1, 2, 2]


def test_covariance_of_log_returns(riskwave: Run) -> None:
    options = ("--start", "2021-01-01", "--end", "2022-12-31", "--output", "csv")
    simple, log = (
        float(
            riskwave("risk", "covariance", "WTI,BRENT", "--return-kind", kind, *options)
            .stdout.splitlines()[1]
            .split(",")[2]
        )
        for kind in ("simple", "log")
    )
    assert 0 < abs(log / simple - 1) < 0.2
    refused = riskwave("risk", "covariance", "WTI", "--return-kind", "lg")
    assert refused.returncode == 6
    assert "it must be one of simple, log" in refused.stderr


def test_every_command_has_help() -> None:
    tree = {
        "indicators": ["list", "compute"],
        "prices": ["sources", "assets", "get", "gaps", "import", "watch"],
        "portfolio": ["put", "get", "list", "delete", "watch"],
        "risk": ["analyze", "rolling", "covariance", "stress", "backtest", "optimize"],
        "simulate": ["run", "estimate", "price", "models"],
        "jobs": ["submit", "list", "get", "watch", "result", "cancel", "delete"],
    }
    from typer.testing import CliRunner

    from riskwave.cli._app import app

    runner = CliRunner()
    for group, commands in tree.items():
        for command in commands:
            result = runner.invoke(app, [group, command, "--help"])
            assert result.exit_code == 0, (group, command, result.output)
            assert "--output" in result.output
            assert "--address" in result.output
    for name in ("up", "serve", "worker", "backup", "config", "doctor"):
        assert runner.invoke(app, [name, "--help"]).exit_code == 0, name


def test_a_command_of_an_extra_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from riskwave.cli import _lazy
    from riskwave.cli._app import app

    monkeypatch.setattr(_lazy, "_entry_points", dict)
    result = CliRunner().invoke(app, ["serve", "--port", "1"])
    assert result.exit_code == 1
    assert "pip install 'riskwave[server]'" in result.output
