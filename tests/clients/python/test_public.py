"""The public surface: what it is, that it is light, that it explains itself."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import riskwave as rw

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "clients/python"
HEAVY = ("grpc", "numpy", "pandas", "numba", "google.protobuf", "typer", "rich")
SUB_APIS = ("indicators", "prices", "portfolios", "risk", "simulation", "jobs", "server")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_loads_nothing_heavy() -> None:
    assert run(f"import sys, riskwave; print([name for name in {HEAVY!r} if name in sys.modules])").strip() == "[]"


def test_importing_takes_less_than_50_ms() -> None:
    code = "import time; begin = time.perf_counter(); import riskwave; print(time.perf_counter() - begin)"
    assert min(float(run(code)) for _ in range(3)) < 0.05


def test_using_a_client_does_not_load_pandas() -> None:
    code = "import sys, riskwave; riskwave.connect('localhost:1').close(); print('pandas' in sys.modules)"
    assert run(code).strip() == "False"


def test_every_public_name_loads_and_is_documented() -> None:
    for name in rw.__all__:
        value = getattr(rw, name)
        assert name == "__version__" or inspect.getdoc(value), name
    assert rw.__all__ == sorted(rw.__all__)
    assert dir(rw) == rw.__all__


def test_type_checkers_see_the_names_that_are_loaded() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (alias.name, node.module) for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == {(name, f"riskwave.{module}") for name, module in rw._HOME_OF.items()}
    assert {name for name, _ in seen} | {"__version__"} == set(rw.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = rw.nonsense


def public_calls(client: object) -> dict[str, object]:
    found = {}
    for api in SUB_APIS:
        group = getattr(client, api)
        found |= {f"{api}.{name}": getattr(group, name) for name in dir(group) if not name.startswith("_")}
    return found


def test_both_clients_offer_the_designed_surface() -> None:
    with rw.connect("localhost:1") as blocking:
        names = set(public_calls(blocking))
        assert names == set(public_calls(rw.connect_async("localhost:1")))
    assert names == {
        *(f"indicators.{name}" for name in ("list", "compute", "compute_many", "open", "restore")),
        *(f"prices.{name}" for name in ("get", "put", "assets", "sources", "watch")),
        *(f"portfolios.{name}" for name in ("put", "get", "list", "delete", "watch")),
        *(f"risk.{name}" for name in ("analyze", "rolling", "covariance", "stress", "backtest", "optimize")),
        *(f"simulation.{name}" for name in ("run", "stream", "estimate", "price", "stream_price", "models")),
        *(f"jobs.{name}" for name in ("submit", "get", "list", "watch", "result", "cancel", "delete")),
        *(f"server.{name}" for name in ("info", "statistics", "health")),
    }


def test_calls_carry_documentation_and_a_signature_without_self() -> None:
    with rw.connect("localhost:1") as client:
        for name, call in public_calls(client).items():
            assert inspect.getdoc(call), name
            assert "self" not in inspect.signature(call).parameters, name  # type: ignore[arg-type]
        analyze = inspect.signature(client.risk.analyze)
        assert {"weights", "portfolio", "returns", "start", "periods_per_year"} <= set(analyze.parameters)
        assert str(analyze.return_annotation) == "PortfolioReport"
        assert "riskwave call Risk.analyze" in repr(client.risk.analyze)


def test_the_address_comes_from_the_argument_the_environment_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKWAVE_ADDRESS", "elsewhere:1")
    assert rw.connect_async().address == "elsewhere:1"
    assert rw.connect_async("here:2").address == "here:2"
    monkeypatch.delenv("RISKWAVE_ADDRESS")
    assert rw.connect_async().address == "localhost:50051"


def test_headers_are_not_shown() -> None:
    settings = rw.connect_async("here:2", metadata={"authorization": "Bearer secret"})._front._settings
    assert "secret" not in repr(settings)
    assert ("authorization", "Bearer secret") in settings.headers("id")


def test_a_folder_of_the_same_name_is_not_taken_for_the_package(tmp_path: Path) -> None:
    """Who works in the folder above a clone called riskwave has the package all the same."""
    (tmp_path / "riskwave").mkdir()
    code = "import riskwave; print(riskwave.connect.__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (run.stdout, run.stderr) == ("connect\n", "")
