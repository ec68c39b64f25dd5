import ast
import shlex

from riskwave.dashboard.snippets import analyze_snippets, simulate_snippets

WEIGHTS = {"WTI": 1 / 3, "BRENT": 2 / 3}


def keywords(code: str) -> dict[str, object]:
    """Arguments of the call in the snippet's body."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and node.keywords]
    return {str(item.arg): ast.literal_eval(item.value) for item in calls[0].keywords}


def test_the_weights_lose_no_bit() -> None:
    command, code = analyze_snippets(WEIGHTS, address="localhost:50051", start="2020-01-01", end=None)
    assert keywords(code) == {"weights": WEIGHTS, "start": "2020-01-01"}
    words = shlex.split(command)
    assert words[:3] == ["riskwave", "risk", "analyze"]
    pairs = dict(pair.split("=") for pair in words[words.index("--weights") + 1].split(","))
    assert {name: float(value) for name, value in pairs.items()} == WEIGHTS
    assert "--end" not in words


def test_a_simulation_is_written_as_it_was_asked() -> None:
    spec = {"model": "normal", "paths": 1000, "horizon": 252, "seed": 7, "mean": 0.0005, "volatility": 0.01}
    command, code = simulate_snippets(spec, address="localhost:50051")
    assert command == (
        "riskwave simulate run --model normal --paths 1000 --horizon 252 --seed 7 --mean 0.0005 --volatility 0.01 "
        "--output json"
    )
    assert keywords(code) == spec


def test_another_server_is_named() -> None:
    command, code = analyze_snippets(WEIGHTS, address="risk.example:443")
    assert "--address risk.example:443" in command
    assert "rw.connect('risk.example:443')" in code


def test_strange_names_are_quoted() -> None:
    command, _code = analyze_snippets({"A B;rm": 1.0}, address="localhost:50051")
    assert shlex.split(command)[4] == "A B;rm=1.0"
