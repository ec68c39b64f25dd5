from pathlib import Path

import pytest

from riskwave.config import ConfigError, Settings, load, load_settings
from riskwave.config import loading as loading_module
from riskwave.config.layers import setting_names
from riskwave.config.loading import allowed
from riskwave.config.settings import ServerSettings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a configuration folder of the test's own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(loading_module, "config_directory", lambda: tmp_path / "config")
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def origins(**arguments) -> dict[str, str]:
    return {name: str(origin) for name, origin in load(**arguments).provenance.origins.items()}


class TestStrength:
    def test_each_layer_wins_over_those_before_it(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.yaml", "store:\n  pool_size: 2\n")
        production, environ = {"profile": "production"}, {"RISKWAVE_STORE__POOL_SIZE": "3"}
        flags = production | {"store.pool_size": 4}
        sizes = [
            load_settings(environ={}).store.pool_size,
            load_settings(flags=production, environ={}).store.pool_size,
            load_settings(file, flags=production, environ={}).store.pool_size,
            load_settings(file, flags=production, environ=environ).store.pool_size,
            load_settings(file, flags=flags, environ=environ).store.pool_size,
        ]
        assert sizes == [5, 20, 2, 3, 4]

    def test_every_value_says_where_it_came_from(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.yaml", "# ours\nprofile: production\n\nserver:\n  host: ::1\n  port: 1234\n")
        found = origins(file=file, environ={"RISKWAVE_SERVER__PORT": "99"}, flags={"dask.workers": 1})
        assert set(found) == set(setting_names())
        assert found["profile"] == f"{file}:2"
        assert found["server.host"] == f"{file}:5"
        assert found["server.port"] == "RISKWAVE_SERVER__PORT"
        assert found["dask.workers"] == "flag"
        assert found["store.pool_size"] == "profile production"
        assert found["store.batch_rows"] == "default"

    def test_profile_comes_from_the_strongest_layer(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.yaml", "profile: production\n")
        assert load_settings(file, environ={}).logging.format == "json"
        assert load_settings(file, environ={"RISKWAVE_PROFILE": "development"}).logging.format == "console"
        assert load_settings(file, environ={}, flags={"profile": "test"}).store.url.get_secret_value() == "sqlite://"

    def test_a_flag_that_was_not_given_changes_nothing(self) -> None:
        assert load_settings(flags={"server.port": None}, environ={}).server.port == 50051

    def test_an_empty_value_means_none(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.yaml", "logging:\n  directory:\n")
        assert load_settings(file, environ={}).logging.directory is None
        assert load_settings(environ={"RISKWAVE_LOGGING__DIRECTORY": ""}).logging.directory is None
        assert load_settings(flags={"logging.directory": ""}, environ={}).logging.directory is None

    def test_settings_made_directly_have_their_profile_too(self) -> None:
        settings = Settings(profile="test", server=ServerSettings(grace_period_s=2), dask={"workers": 3})
        assert (settings.server.grace_period_s, settings.server.port) == (2, 0)
        assert (settings.dask.workers, settings.dask.mode) == (3, "off")
        assert Settings(profile="test", dask={"mode": "embedded"}).dask.mode == "embedded"

    def test_settings_do_not_read_the_environment_by_themselves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RISKWAVE_SERVER__PORT", "99")
        assert Settings().server.port == 50051
        assert load_settings().server.port == 99


class TestFile:
    def test_working_directory_is_searched_before_the_configuration_folder(self, nowhere: Path) -> None:
        assert load(environ={}).provenance.file is None
        user = write(nowhere / "config/riskwave.yaml", "server:\n  port: 1\n")
        assert load(environ={}).provenance.file == user
        here = write(nowhere / "work/riskwave.yaml", "dask:\n  workers: 1\n")
        loaded = load(environ={})
        assert loaded.provenance.file == here
        assert loaded.settings.server.port == 50051  # files are not merged

    def test_named_file_wins_and_must_exist(self, nowhere: Path) -> None:
        write(nowhere / "work/riskwave.yaml", "server:\n  port: 1\n")
        named = write(nowhere / "b.yaml", "server:\n  port: 2\n")
        third = write(nowhere / "c.yaml", "server:\n  port: 3\n")
        assert load_settings(environ={"RISKWAVE_CONFIG": str(named)}).server.port == 2
        assert load_settings(third, environ={"RISKWAVE_CONFIG": str(named)}).server.port == 3
        with pytest.raises(ConfigError, match=r"nothing\.yaml cannot be read: No such file"):
            load(nowhere / "nothing.yaml", environ={})

    def test_the_test_profile_reads_no_file_by_itself(self, nowhere: Path) -> None:
        write(nowhere / "work/riskwave.yaml", "server:\n  port: 1\n")
        assert load_settings(flags={"profile": "test"}, environ={}).server.port == 0

    @pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "server:\n"])
    def test_empty_files_are_fine(self, nowhere: Path, text: str) -> None:
        assert load_settings(write(nowhere / "a.yaml", text), environ={}).server.port == 50051

    @pytest.mark.parametrize(
        ("text", "line", "what"),
        [
            ("server:\n  port: [1\n", 3, "malformed YAML"),
            ("server:\n\tport: 1\n", 2, "malformed YAML"),
            ("a: b: c\n", 1, "malformed YAML"),
            ("server:\n  port: 1\n---\nserver: {}\n", 3, "malformed YAML"),
            ("ok: 1\nx: \x01\n", 2, "malformed YAML"),
            ("- server\n", 1, "mapping"),
            ("just text\n", 1, "mapping"),
            ("server:\n  port: 1\n  host: a\n  port: 2\n", 4, "line 2 has it already"),
            ("server: {}\ndask: {}\nserver: {}\n", 3, "line 1 has it already"),
            ("\nserver: 5\n", 2, "it is a section"),
            ("server:\n  port: !!python/object:os.system 1\n", 2, "malformed YAML"),
        ],
    )
    def test_a_malformed_file_names_file_and_line(self, nowhere: Path, text: str, line: int, what: str) -> None:
        file = write(nowhere / "a.yaml", text)
        with pytest.raises(ConfigError) as caught:
            load(file, environ={})
        assert f"{file}:{line}" in str(caught.value)
        assert what in str(caught.value)

    def test_not_utf8(self, nowhere: Path) -> None:
        (nowhere / "a.yaml").write_bytes(b"server:\n  host: \xff\n")
        with pytest.raises(ConfigError, match=r"a\.yaml:2 is not UTF-8"):
            load(nowhere / "a.yaml", environ={})

    def test_a_folder_is_no_file(self, nowhere: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load(nowhere, environ={})

    def test_far_too_large(self, nowhere: Path) -> None:
        with pytest.raises(ConfigError, match="larger than"):
            load(write(nowhere / "a.yaml", "#" * (2 << 20)), environ={})

    def test_unknown_names_are_all_listed_with_near_ones(self, nowhere: Path) -> None:
        file = write(nowhere / "a.yaml", "server:\n  prot: 1\nservre:\n  port: 1\n")
        with pytest.raises(ConfigError) as caught:
            load(file, environ={})
        first, second = (str(problem) for problem in caught.value.problems)
        assert first.startswith(f"server.prot ({file}:2) is no setting; did you mean server.port")
        assert second.startswith(f"servre ({file}:3) is no setting; did you mean server")


class TestValues:
    def test_all_bad_values_are_told_at_once_with_their_places(self, nowhere: Path) -> None:
        file = write(nowhere / "a.yaml", "server:\n  port: 70000\nlogging:\n  level: loud\n")
        with pytest.raises(ConfigError) as caught:
            load(file, environ={"RISKWAVE_DASK__WORKERS": "many"}, flags={"server.grace_period_s": -1})
        assert {str(problem) for problem in caught.value.problems} == {
            f"server.port ({file}:2) was 70000; it must be a whole number from 0 to 65535",
            f"logging.level ({file}:4) was loud; it must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
            "dask.workers (RISKWAVE_DASK__WORKERS) was many; it must be a whole number from 1 to 1024 or empty",
            "server.grace_period_s (flag) was -1; it must be a number from 0 to 3600",
        }

    @pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
    def test_times_are_finite(self, value: str) -> None:
        with pytest.raises(ConfigError, match="grace_period_s"):
            load(environ={"RISKWAVE_SERVER__GRACE_PERIOD_S": value})

    def test_every_setting_says_what_it_may_be_and_what_it_means(self) -> None:
        for name in setting_names():
            assert allowed(name)
            section, _, inner = name.rpartition(".")
            holder = Settings.model_fields[section].annotation if section else Settings
            description = holder.model_fields[inner].description
            assert description
            assert description.endswith(".")

    def test_lists_come_with_commas(self) -> None:
        settings = load_settings(environ={"RISKWAVE_MARKET__SOURCE_ORDER": "fmp, user ,*"})
        assert settings.market.source_order == ("fmp", "user", "*")

    @pytest.mark.parametrize("order", ["", ","])
    def test_an_empty_list_of_sources_is_refused(self, order: str) -> None:
        with pytest.raises(ConfigError, match=r"market\.source_order"):
            load(environ={"RISKWAVE_MARKET__SOURCE_ORDER": order})

    def test_a_source_named_twice_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="names user more than once"):
            load(flags={"market.source_order": "user,*,user"}, environ={})

    def test_settings_cannot_be_changed(self) -> None:
        settings = load_settings(environ={})
        with pytest.raises(ValueError, match="frozen"):
            settings.server.port = 1


class TestEnvironment:
    def test_unknown_variables_of_ours_are_refused(self) -> None:
        with pytest.raises(ConfigError, match=r"RISKWAVE_SERVER__PROT.* did you mean server\.port"):
            load(environ={"RISKWAVE_SERVER__PROT": "1"})
        with pytest.raises(ConfigError, match="RISKWAVE_SERVER__TLS__KEY"):
            load(environ={"RISKWAVE_SERVER__TLS__KEY": "1"})

    def test_what_kubernetes_sets_for_a_service_is_left_alone(self) -> None:
        loaded = load(
            environ={
                "RISKWAVE_SERVER_PORT": "tcp://10.0.0.1:50051",
                "RISKWAVE_SERVER_SERVICE_HOST": "10.0.0.1",
                "RISKWAVE_SERVER": "x",
                "RISKWAVE_PORT": "tcp://10.0.0.1:1",
                "SERVER__PORT": "1",
            }
        )
        assert loaded.settings.server.port == 50051
        assert loaded.provenance.notes == ()

    def test_one_underscore_too_few_is_noted(self) -> None:
        (note,) = load(environ={"RISKWAVE_STORE_URL": "x"}).provenance.notes
        assert note == "RISKWAVE_STORE_URL is not read; for store.url set RISKWAVE_STORE__URL"


class TestRefusals:
    @pytest.mark.parametrize(
        ("flags", "name"),
        [
            ({"profile": "production", "server.error_detail": True}, "server.error_detail"),
            ({"profile": "production", "dashboard.debug": True}, "dashboard.debug"),
            ({"server.host": "0.0.0.0"}, "server.host"),
            ({"server.host": "prices.example"}, "server.host"),
            ({"dashboard.host": "::"}, "dashboard.host"),
            ({"dask.mode": "address"}, "dask.address"),
            ({"server.default_deadline_s": 5000}, "server.default_deadline_s"),
        ],
    )
    def test_values_that_do_not_go_together(self, flags: dict[str, object], name: str) -> None:
        with pytest.raises(ConfigError) as caught:
            load(flags=flags, environ={})
        assert [problem.name for problem in caught.value.problems] == [name]

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
    def test_loopback_is_fine_everywhere(self, host: str) -> None:
        assert load_settings(flags={"server.host": host, "profile": "production"}, environ={}).server.host == host

    def test_remote_without_encryption_has_to_be_said(self) -> None:
        flags = {"server.host": "0.0.0.0", "server.allow_plaintext_remote": "true"}
        assert load_settings(flags=flags, environ={}).server.host == "0.0.0.0"

    def test_production(self) -> None:
        settings = load_settings(flags={"profile": "production"}, environ={})
        assert settings.logging.format == "json"
        assert not settings.server.reflection
        assert not settings.server.error_detail
        assert not settings.dashboard.debug
        assert settings.store.pool_size == 20

    @pytest.mark.parametrize("address", ["10.0.0.5:8786", "http://h:1", "tcp://h", "tcp://a b:1"])
    def test_addresses_of_a_cluster_that_cannot_be(self, address: str) -> None:
        with pytest.raises(ConfigError, match=r"dask\.address"):
            load(flags={"dask.mode": "address", "dask.address": address}, environ={})


@pytest.mark.parametrize(
    ("flags", "address"),
    [
        ({}, "127.0.0.1:50051"),
        ({"server.host": "::1", "server.port": 7}, "[::1]:7"),
        ({"server.host": "0.0.0.0", "server.allow_plaintext_remote": True}, "127.0.0.1:50051"),
        ({"dashboard.server_address": "far:1"}, "far:1"),
    ],
)
def test_address_for_clients_on_this_machine(flags: dict[str, object], address: str) -> None:
    assert load_settings(flags=flags, environ={}).server_address == address
