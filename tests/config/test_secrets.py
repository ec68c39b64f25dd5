import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskwave.config import ApiKeys, ConfigError, load
from riskwave.config import loading as loading_module
from riskwave.config.commands import app
from riskwave.config.layers import setting_names
from riskwave.config.show import hide_password, rows

PASSWORD = "hunter2hunter2"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading_module, "config_directory", lambda: tmp_path / "config")
    for name in ("RISKWAVE_CONFIG", "RISKWAVE_PROFILE"):
        monkeypatch.delenv(name, raising=False)


class TestUrls:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            (f"postgresql://desk:{PASSWORD}@db:5432/p", "postgresql://desk:***@db:5432/p"),
            (f"postgresql+psycopg://desk:{PASSWORD}@/p?host=/tmp", "postgresql+psycopg://desk:***@/p?host=/tmp"),
            (f"redis://:{PASSWORD}@host:6379/0", "redis://:***@host:6379/0"),
            (f"postgresql://desk:{PASSWORD}@x@db/p", "postgresql://desk:***@db/p"),
            (f"postgresql://desk:{PASSWORD}:x@db/p", "postgresql://desk:***@db/p"),
            (f"postgresql://h/p?user=a&password={PASSWORD}&x=1", "postgresql://h/p?user=a&password=***&x=1"),
            (f"https://v/query?function=WTI&apikey={PASSWORD}", "https://v/query?function=WTI&apikey=***"),
            ("sqlite:////var/lib/riskwave.sqlite3", "sqlite:////var/lib/riskwave.sqlite3"),
            ("postgresql://desk@db/p", "postgresql://desk@db/p"),
        ],
    )
    def test_passwords_are_hidden_and_nothing_else(self, url: str, shown: str) -> None:
        assert hide_password(url) == shown

    def test_passwords_appear_nowhere(self, tmp_path: Path) -> None:
        file = tmp_path / "a.yaml"
        file.write_text(f"store:\n  url: postgresql://desk:{PASSWORD}@db/p\n")
        loaded = load(file, environ={})
        for text in (repr(loaded), str(loaded.settings), loaded.settings.model_dump_json(), repr(rows(loaded))):
            assert PASSWORD not in text
        assert loaded.settings.store.url.get_secret_value().count(PASSWORD) == 1

    def test_a_bad_secret_is_not_repeated(self) -> None:
        with pytest.raises(ConfigError) as caught:
            load(flags={"store.url": [PASSWORD]}, environ={})
        assert PASSWORD not in str(caught.value)
        assert "store.url (flag) was (hidden)" in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


class TestShow:
    def run(self, *arguments: str, **environ: str):
        return CliRunner().invoke(app, [*arguments], env=environ)

    def test_every_setting_with_its_origin(self) -> None:
        result = self.run("show", "--output", "json", "--profile", "production", RISKWAVE_SERVER__PORT="99")
        assert result.exit_code == 0
        shown = {row["setting"]: row for row in json.loads(result.stdout)}
        assert list(shown) == list(setting_names())
        assert shown["server.port"] == {"setting": "server.port", "value": "99", "origin": "RISKWAVE_SERVER__PORT"}
        assert shown["store.pool_size"]["origin"] == "profile production"
        assert shown["profile"]["origin"] == "flag"

    @pytest.mark.parametrize("output", ["table", "json", "csv"])
    def test_secrets_are_hidden_in_every_form(self, output: str) -> None:
        url = f"postgresql://desk:{PASSWORD}@db/prices"
        result = self.run("show", "--output", output, "--descriptions", RISKWAVE_STORE__URL=url)
        assert result.exit_code == 0
        assert PASSWORD not in result.output
        assert "postgresql://desk:***@db/prices" in result.output
        assert "Database: sqlite:///file" in result.output

    def test_no_value_is_cut_off(self) -> None:
        result = self.run("show", RISKWAVE_DASHBOARD__SERVER_ADDRESS="h" * 150 + ":1")
        assert "h" * 150 + ":1" in result.stdout

    def test_what_is_wrong_goes_to_stderr_with_its_own_exit_code(self) -> None:
        result = self.run("show", RISKWAVE_SERVER__PORT="99999")
        assert result.exit_code == 78
        assert result.stdout == ""
        assert "server.port (RISKWAVE_SERVER__PORT) was 99999" in result.stderr

    def test_notes_go_to_stderr(self) -> None:
        result = self.run("show", "--output", "json", RISKWAVE_STORE_URL="x")
        assert "RISKWAVE_STORE__URL" in result.stderr
        json.loads(result.stdout)

    def test_path_shows_what_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "riskwave.yaml").write_text("server:\n  port: 5\n")
        result = self.run("path", "--output", "json")
        lines = {row["what"]: row for row in json.loads(result.stdout)}
        assert lines["settings in use"]["path"] == str(tmp_path / "riskwave.yaml")
        assert lines["settings, place 1"]["state"] == "found"
        assert lines["vendors' keys"]["path"].endswith("api_keys.yaml")


class TestApiKeys:
    def write(self, path: Path, text: str) -> Path:
        path.write_text(text)
        return path

    def test_a_missing_file_is_fine_until_a_vendor_is_asked(self, tmp_path: Path) -> None:
        keys = ApiKeys(tmp_path / "api_keys.yaml", environ={})
        assert keys.configured == ()
        assert keys.get("fmp") is None
        with pytest.raises(ConfigError) as caught:
            keys.require("fmp")
        assert re.search(r"api_keys\.yaml does not exist; write `fmp: <key>` into .*/api_keys\.yaml", str(caught.value))
        assert "RISKWAVE_API_KEY_FMP" in str(caught.value)

    def test_keys_are_read_and_the_environment_wins(self, tmp_path: Path) -> None:
        file = self.write(tmp_path / "k.yaml", f"fmp: {PASSWORD}\nalpha_vantage: 00123\napi_ninjas:\n")
        keys = ApiKeys(file, environ={"RISKWAVE_API_KEY_API_NINJAS": "abc ", "RISKWAVE_API_KEY_FMP": "", "OTHER": "x"})
        assert keys.configured == ("alpha_vantage", "api_ninjas", "fmp")
        assert keys.require("fmp").get_secret_value() == PASSWORD
        assert keys.require("alpha_vantage").get_secret_value() == "00123"
        assert keys.require("api_ninjas").get_secret_value() == "abc"
        assert PASSWORD not in repr(keys) + str(keys.require("fmp"))
        with pytest.raises(ConfigError, match="has none"):
            keys.require("commodity_price_api")

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("fmp: a\nfmp: b\n", 2),
            ("fmp: [a\n", 2),
            (f"a: b\nfmp: [{PASSWORD}]\n", 2),
            (f"a: b\nfmp: {PASSWORD} {PASSWORD}\n", 2),
            ("fmp: true\n", 1),
            ("- fmp\n", 1),
            ("fmp\n", 1),
        ],
    )
    def test_a_malformed_file_names_file_and_line_and_no_key(self, tmp_path: Path, text: str, line: int) -> None:
        file = self.write(tmp_path / "k.yaml", text)
        with pytest.raises(ConfigError) as caught:
            ApiKeys(file, environ={})
        assert f"{file}:{line}" in str(caught.value)
        assert PASSWORD not in str(caught.value)

    def test_settings_name_the_file(self, tmp_path: Path) -> None:
        file = self.write(tmp_path / "k.yaml", "fmp: x\n")
        settings = load(flags={"market.api_keys_file": str(file)}, environ={}).settings
        assert ApiKeys.from_settings(settings, environ={}).configured == ("fmp",)

    def test_the_example_is_right_and_has_no_keys(self) -> None:
        example = Path(__file__).parents[2] / "config/api_keys.example.yaml"
        assert ApiKeys(example, environ={}).configured == ()
        for vendor in ("alpha_vantage", "fmp", "commodity_price_api", "api_ninjas"):
            assert f"\n{vendor}:" in example.read_text()
