import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskwave.config import ConfigError, load_settings
from riskwave.config import logging as logging_module
from riskwave.config.logging import configure_logging, get_logger, log_context, vendor_logger


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Give the process's logging back as it was."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), {name: logging.getLogger(name).level for name in logging_module.QUIET})
    yield
    logging_module._release()
    logging.captureWarnings(False)
    root.setLevel(before[0])
    assert root.handlers == before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def lay(directory: Path | None, **flags: object) -> io.StringIO:
    console = io.StringIO()
    values = {"profile": "test", **{f"logging.{name}": value for name, value in flags.items()}}
    values["logging.directory"] = str(directory) if directory else ""
    configure_logging(load_settings(flags=values, environ={}), stream=console)
    return console


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestPlaces:
    def test_core_and_vendor_lines_go_to_files_of_their_own_and_both_to_the_console(self, tmp_path: Path) -> None:
        console = lay(tmp_path)
        get_logger("riskwave.server.app").info("listening", port=50051)
        vendor_logger("fmp").info("asked", status=200)
        assert [(line["event"], line["port"]) for line in lines(tmp_path / "server.log")] == [("listening", 50051)]
        assert [(line["event"], line["logger"]) for line in lines(tmp_path / "vendors.log")] == [
            ("asked", "riskwave.vendors.fmp")
        ]
        assert "listening" in console.getvalue()
        assert "asked" in console.getvalue()

    def test_a_long_value_is_whole_in_the_file_and_cut_on_the_console(self, tmp_path: Path) -> None:
        console = lay(tmp_path)
        vendor_logger("fmp").warning("vendor did not deliver", answer="x" * 5_000 + "end")
        (line,) = lines(tmp_path / "vendors.log")
        assert line["answer"] == "x" * 5_000 + "end"
        assert "xxx..." in console.getvalue()
        assert len(console.getvalue()) < 1_000

    def test_files_turn_over_at_their_size_and_keep_so_many(self, tmp_path: Path) -> None:
        lay(tmp_path, file_bytes=2048, file_count=3)
        log = get_logger("riskwave.test")
        for number in range(100):
            log.info("a line of some length", number=number)
            vendor_logger("fmp").info("another", number=number)
        for name in ("server", "vendors"):
            files = sorted(path.name for path in tmp_path.glob(f"{name}.log*"))
            assert files == [f"{name}.log", f"{name}.log.1", f"{name}.log.2", f"{name}.log.3"]
            assert all((tmp_path / file).stat().st_size <= 2048 for file in files)
            assert lines(tmp_path / f"{name}.log")[-1]["number"] == 99

    def test_default_size_and_count(self) -> None:
        section = load_settings(environ={}).logging
        assert (section.file_bytes, section.file_count) == (15 * 1024 * 1024, 10)

    def test_laying_again_replaces_and_doubles_nothing(self, tmp_path: Path) -> None:
        first = lay(tmp_path)
        second = lay(tmp_path)
        get_logger("riskwave.test").info("once")
        vendor_logger("fmp").info("asked once")
        assert first.getvalue() == ""
        assert second.getvalue().count("once") == 2
        assert [line["event"] for line in lines(tmp_path / "server.log")] == ["once"]
        assert sorted(path.name for path in tmp_path.glob("*.log")) == ["server.log", "vendors.log"]

    def test_a_second_process_writes_beside_the_first(self, tmp_path: Path) -> None:
        lay(tmp_path)
        script = (
            "import sys; from riskwave.config import load_settings; from riskwave.config.logging import *;"
            "s = load_settings(flags={'profile': 'test', 'logging.directory': sys.argv[1]}, environ={});"
            "print(*configure_logging(s), sep='\\n'); get_logger('x').info('from the second')"
        )
        done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
        for path in map(Path, done.stdout.split()):
            assert path.stem.rpartition("-")[2].isdigit()
        assert lines(Path(done.stdout.split()[0]))[0]["event"] == "from the second"
        assert lines(tmp_path / "server.log") == []
        assert not list(tmp_path.glob("vendors*.log")), "neither of the two has said a word about vendors"

    def test_a_named_folder_that_cannot_be_written_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match=r"logging\.directory .*cannot be written: Not a directory"):
            lay(tmp_path / "file" / "logs")

    def test_the_default_folder_that_cannot_be_written_costs_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
        console = io.StringIO()
        assert configure_logging(load_settings(environ={}), stream=console) == ()
        assert "log files are not written" in console.getvalue()
        assert "cannot be written" in console.getvalue()

    def test_no_folder_means_no_files(self) -> None:
        settings = load_settings(flags={"profile": "test"}, environ={})
        assert configure_logging(settings, stream=io.StringIO()) == ()


class TestLines:
    def test_a_line_says_when_where_and_who(self, tmp_path: Path) -> None:
        lay(tmp_path)
        worker = threading.Thread(target=lambda: get_logger("riskwave.a").warning("w"), name="worker-7")
        worker.start()
        worker.join()
        (line,) = lines(tmp_path / "server.log")
        assert line["level"] == "warning"
        assert line["logger"] == "riskwave.a"
        assert line["component"] == "server"
        assert line["thread_name"] == "worker-7"
        assert line["module"] == "test_logging"
        assert isinstance(line["process"], int)
        stamp = time.strptime(str(line["timestamp"])[:19], "%Y-%m-%dT%H:%M:%S")
        assert abs(time.mktime(stamp) - time.mktime(time.gmtime())) < 60
        assert str(line["timestamp"]).endswith("Z")

    def test_lines_of_libraries_have_the_same_form(self, tmp_path: Path) -> None:
        console = lay(tmp_path, format="json")
        with log_context(correlation_id="c-1"):
            logging.getLogger("grpc._server").warning("peer %s left", "ipv4:1")
        (line,) = lines(tmp_path / "server.log")
        assert (line["event"], line["logger"], line["correlation_id"]) == ("peer ipv4:1 left", "grpc._server", "c-1")
        assert line["module"] == "test_logging"
        assert json.loads(console.getvalue()) == line

    def test_a_line_comes_without_the_colours_of_a_terminal(self, tmp_path: Path) -> None:
        console = lay(tmp_path, format="json")
        logging.getLogger("uvicorn.error").info("stopped", extra={"color_message": "\x1b[36mstopped\x1b[0m"})
        (line,) = lines(tmp_path / "server.log")
        assert line["event"] == "stopped"
        assert "color_message" not in line
        assert "36m" not in console.getvalue()

    def test_python_warnings_are_lines(self, tmp_path: Path) -> None:
        lay(tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        assert "DeprecationWarning: old" in str(lines(tmp_path / "server.log")[0]["event"])

    def test_quiet_libraries_are_heard_from_warnings_on(self, tmp_path: Path) -> None:
        lay(tmp_path)
        logging.getLogger("httpx").info("HTTP Request: GET ...")
        logging.getLogger("distributed.scheduler").info("Register worker")
        logging.getLogger("distributed.scheduler").error("lost")
        assert [line["event"] for line in lines(tmp_path / "server.log")] == ["lost"]

    def test_level_of_the_settings(self, tmp_path: Path) -> None:
        lay(tmp_path, level="WARNING")
        log = get_logger("riskwave.a")
        log.info("no")
        log.warning("yes")
        assert [line["event"] for line in lines(tmp_path / "server.log")] == ["yes"]

    def test_an_exception_has_its_traceback(self, tmp_path: Path) -> None:
        console = lay(tmp_path)
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            get_logger("riskwave.a").exception("failed")
        (line,) = lines(tmp_path / "server.log")
        assert "ZeroDivisionError: division by zero" in str(line["exception"])
        assert "ZeroDivisionError: division by zero" in console.getvalue()

    def test_what_json_does_not_know_is_written_as_text(self, tmp_path: Path) -> None:
        lay(tmp_path)
        get_logger("riskwave.a").info("x", where=Path("/a"), what={1})
        assert lines(tmp_path / "server.log")[0]["where"] == "/a"


class TestContext:
    async def test_correlation_id_stays_with_its_task(self, tmp_path: Path) -> None:
        lay(tmp_path)
        log = get_logger("riskwave.a")

        async def call(name: str) -> None:
            with log_context(correlation_id=name):
                await asyncio.sleep(0.01)
                log.info("in task")
                await asyncio.to_thread(log.info, "in thread")
            log.info("after")

        await asyncio.gather(call("a"), call("b"))
        seen = sorted((str(line["event"]), str(line.get("correlation_id"))) for line in lines(tmp_path / "server.log"))
        assert seen == [
            ("after", "None"), ("after", "None"),
            ("in task", "a"), ("in task", "b"),
            ("in thread", "a"), ("in thread", "b"),
        ]  # fmt: skip


class TestSecrets:
    SECRET = "k3yk3yk3y"

    def test_keys_leave_no_trace_in_any_line(self, tmp_path: Path) -> None:
        console = lay(tmp_path)
        url = f"https://vendor/query?function=WTI&apikey={self.SECRET}&datatype=json"
        log = vendor_logger("alpha_vantage")
        log.info("asked", url=url, api_key=self.SECRET, Authorization=self.SECRET)
        log.info("asking %s", url)
        logging.getLogger("httpx").warning("HTTP Request: GET %s", url)
        try:
            int(url)
        except ValueError:
            log.exception("failed")
        get_logger("riskwave.store").error("no answer", url=f"postgresql://desk:{self.SECRET}@db/prices")
        text = console.getvalue() + "".join(path.read_text() for path in tmp_path.glob("*.log"))
        assert self.SECRET not in text
        assert text.count("apikey=***&datatype=json") >= 6

    def test_a_caller_cannot_forge_a_line(self, tmp_path: Path) -> None:
        console = lay(tmp_path)
        forged = 'x\n2026-01-01T00:00:00Z [info] forged\r\x1b[31m\u2028{"event": "forged"}'
        get_logger("riskwave.a").info("call", symbol=forged)
        get_logger("riskwave.a").info(forged)
        assert len(lines(tmp_path / "server.log")) == 2
        assert len(console.getvalue().splitlines()) == 2
        assert "\x1b" not in console.getvalue()
