"""Every setting, with its type, range, default and meaning; units stand last in the names.

Sections are one level deep, so ``store.url`` in a file is ``RISKWAVE_STORE__URL`` in the environment. To add a setting,
add a field with a description: the file, the environment, the flags and ``riskwave config show`` follow.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, cast

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from riskwave.config.profiles import PROFILE_DEFAULTS

APPLICATION = "riskwave"
MIB = 1024 * 1024

ProfileName = Literal["development", "production", "test"]
Port = Annotated[int, Field(ge=0, le=65535)]


def _split(value: object) -> object:
    """Take ``a, b`` from an environment variable or flag for a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _default_store_url() -> SecretStr:
    path = platformdirs.user_data_path(APPLICATION, appauthor=False) / "riskwave.sqlite3"
    return SecretStr(f"sqlite:///{path}")


def _default_budget_file() -> Path:
    return platformdirs.user_data_path(APPLICATION, appauthor=False) / "budget.sqlite3"


def _default_log_directory() -> Path:
    return platformdirs.user_log_path(APPLICATION, appauthor=False)


class Section(BaseModel):
    """A group of settings: unknown names are refused, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServerSettings(Section):
    """The gRPC server."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address that it listens on.")
    port: Port = Field(default=50051, description="Port that it listens on; 0 takes a free one.")
    allow_plaintext_remote: bool = Field(
        default=False,
        description="Listens where other machines reach it, unencrypted. Only behind a proxy that encrypts.",
    )
    grace_period_s: float = Field(
        default=10.0, ge=0, le=3600, description="Time that running calls have to finish when it stops."
    )
    max_message_bytes: int = Field(
        default=16 * MIB,
        ge=64 * 1024,
        le=1024 * MIB,
        description="Largest message, both ways; larger ones are refused.",
    )
    default_deadline_s: float = Field(default=60.0, gt=0, le=86400, description="Deadline of a call that names none.")
    deadline_max_s: float = Field(
        default=3600.0, gt=0, le=86400, description="Longest deadline; longer ones are cut to it."
    )
    compute_threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Threads for computation; none means one for each core that it may use.",
    )
    reflection: bool = Field(default=True, description="Lets grpcurl and its friends list the contract.")
    error_detail: bool = Field(
        default=True,
        description="Sends the traceback of a defect to the caller. Only for development.",
    )

    @property
    def compute_thread_count(self) -> int:
        """`compute_threads`, or the number of cores that the process may use."""
        if self.compute_threads is not None:
            return self.compute_threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1


class DaskSettings(Section):
    """Where large simulations run."""

    mode: Literal["embedded", "address", "off"] = Field(
        default="embedded",
        description="embedded starts worker processes, address uses a running cluster, off uses threads only.",
    )
    address: str | None = Field(
        default=None,
        pattern=r"^(tcp|tls)://\S+:\d+$",
        description="Scheduler of a running cluster, such as tcp://10.0.0.5:8786.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Worker processes of the embedded cluster; none means one for each core.",
    )
    threshold_path_steps: int = Field(
        default=100_000_000,
        ge=0,
        description="Simulations of at least this many paths times steps go to the cluster.",
    )
    threshold_indicator_values: int = Field(
        default=200_000_000,
        ge=0,
        description="Reduced indicators of at least this many values (bars x symbols x windows) go to the cluster.",
    )
    start_timeout_s: float = Field(
        default=30.0, gt=0, le=600, description="Time that the cluster has to start or to answer."
    )


class StoreSettings(Section):
    """Where prices and portfolios are kept."""

    url: SecretStr = Field(
        default_factory=_default_store_url,
        description="Database: sqlite:///file, sqlite:// for memory only, or postgresql://user:password@host/database.",
    )
    pool_size: int = Field(default=5, ge=1, le=1000, description="Connections that are kept open.")
    pool_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="Time that a call waits for a free connection."
    )
    busy_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="Time that a writer waits for another one (SQLite)."
    )
    batch_rows: int = Field(default=1000, ge=1, le=100_000, description="Rows that are written with one statement.")
    load_samples: bool = Field(default=True, description="Puts the packaged sample prices into the store at the start.")


class CacheSettings(Section):
    """Where prices that were read lately are kept, so that the store reads them once."""

    memory_bytes: int = Field(
        default=256 * MIB, ge=0, le=1 << 40, description="Memory for them; 0 keeps none in this process."
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis that several servers share: redis://:password@host:6379/0; none means memory only.",
    )
    redis_connections: int = Field(default=50, ge=1, le=10_000, description="Most connections to Redis.")
    redis_timeout_s: float = Field(
        default=0.2, gt=0, le=0.2, description="Time that an answer waits for Redis; after that it goes on without."
    )
    daily_s: float = Field(
        default=1800.0, gt=0, le=604_800, description="Time for which daily and longer bars are kept."
    )
    intraday_s: float = Field(
        default=300.0, gt=0, le=604_800, description="Time for which bars within the day are kept."
    )


class DashboardSettings(Section):
    """The web page."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address that it listens on.")
    port: Port = Field(default=8050, description="Port that it listens on; 0 takes a free one.")
    allow_plaintext_remote: bool = Field(
        default=False,
        description="Listens where other machines reach it, unencrypted. Only behind a proxy that encrypts.",
    )
    server_address: str | None = Field(
        default=None, description="host:port of the gRPC server; none means the server of the same settings."
    )
    timeout_s: float = Field(default=30.0, gt=0, le=3600, description="Time that the page waits for an answer.")
    debug: bool = Field(default=False, description="Dash's own tools in the page. Only for development.")


class LoggingSettings(Section):
    """Log lines: console, a rotating file for each process, and one for calls to vendors."""

    directory: Path | None = Field(
        default_factory=_default_log_directory, description="Folder of the log files; none means the console only."
    )
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", description="Lines below it are left out."
    )
    format: Literal["console", "json"] = Field(
        default="console", description="Lines for people, or one JSON object a line."
    )
    file_bytes: int = Field(default=15 * MIB, ge=1024, le=1 << 40, description="Size at which a new file is begun.")
    file_count: int = Field(default=10, ge=1, le=1000, description="Older files that are kept.")


class MarketSettings(Section):
    """Where prices come from."""

    api_keys_file: Path | None = Field(
        default=None,
        description="YAML file with the vendors' keys; none means api_keys.yaml in the user's configuration folder.",
    )
    source_order: Names = Field(
        default=("user", "*", "alpha_vantage", "fmp", "commodity_price_api", "api_ninjas", "sample"),
        min_length=1,
        description="Whose prices are used when a request names no source, best first; * is all others.",
    )
    limits: Names = Field(
        default=(),
        description="A vendor's limits instead of those of its free plan, such as fmp=300/minute; it may have several.",
    )
    base_urls: Names = Field(
        default=(),
        description="Where a vendor is asked instead, such as fmp=https://gateway.example; http only on this machine.",
    )
    equities: Names = Field(
        default=(), description="Ticker symbols of shares that vendors may be asked for, such as AAPL."
    )
    folder: Path | None = Field(
        default=None, description="Folder of CSV and Parquet files, one a symbol, that is the source named file."
    )
    budget_file: Path | None = Field(
        default_factory=_default_budget_file,
        description="Where calls to vendors are counted, for all processes together; none counts in each process.",
    )
    fresh_daily_s: float = Field(
        default=1800.0, ge=0, le=604_800, description="Time for which a vendor is not asked for newer daily bars."
    )
    fresh_intraday_s: float = Field(
        default=300.0,
        ge=0,
        le=604_800,
        description="Time for which a vendor is not asked for newer bars within the day.",
    )
    live_poll_s: float = Field(
        default=1.0, gt=0, le=3600, description="How often the store is looked at for new prices that somebody watches."
    )
    heartbeat_s: float = Field(
        default=15.0, gt=0, le=3600, description="Time without news after which watchers hear that the server is there."
    )


class LimitSettings(Section):
    """What one request may ask for, and how much at once."""

    simulation_paths: int | None = Field(
        default=None, ge=2, description="Most paths of a simulation; none, or more than the kernels take, means theirs."
    )
    simulation_horizon_days: int | None = Field(
        default=None,
        ge=1,
        description="Longest horizon of a simulation; none, or more than the kernels take, means theirs.",
    )
    simulation_assets: int = Field(default=500, ge=1, le=10_000, description="Most assets of a simulation.")
    simulation_memory_bytes: int = Field(
        default=2048 * MIB, ge=128 * MIB, le=1 << 40, description="Most memory that one simulation takes, as estimated."
    )
    import_rows: int = Field(default=5_000_000, ge=1, le=100_000_000, description="Most rows of one import of prices.")
    streams: int = Field(default=128, ge=1, le=100_000, description="Streams of indicators that are open at once.")
    stream_symbols: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Most columns of a stream of an indicator."
    )
    stream_state_bytes: int = Field(
        default=64 * MIB, ge=1024 * 1024, le=1 << 40, description="Most memory that a stream of an indicator takes."
    )
    stream_idle_s: float = Field(
        default=3600.0, gt=0, le=604_800, description="Time after which a stream without a message is ended."
    )
    concurrent_calls: int = Field(
        default=256, ge=1, le=100_000, description="Calls that are worked on or waiting at once."
    )
    watchers: int = Field(
        default=1000, ge=1, le=100_000, description="Calls at once that watch or stream as long as the caller likes."
    )


class Settings(BaseSettings):
    """All settings. `riskwave.config.load_settings` makes them from file, environment and flags.

    Constructed directly it takes what it is given over the profile's defaults, and looks nowhere else.

    Examples
    --------
    >>> settings = Settings(profile="test", server=ServerSettings(grace_period_s=1))
    >>> settings.server.grace_period_s, settings.server.port, settings.dask.mode
    (1.0, 0, 'off')
    """

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="RISKWAVE_",
        env_nested_delimiter="__",
    )

    profile: ProfileName = Field(default="development", description="Which set of defaults is used.")
    server: ServerSettings = Field(default_factory=ServerSettings)
    dask: DaskSettings = Field(default_factory=DaskSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    dashboard: DashboardSettings = Field(default_factory=DashboardSettings)
    logging: LoggingSettings = Field(default_factory=LoggingSettings)
    market: MarketSettings = Field(default_factory=MarketSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)

    @model_validator(mode="before")
    @classmethod
    def _apply_profile(cls, values: object) -> object:
        """Put the profile's defaults below what is given."""
        if not isinstance(values, dict):
            return values
        merged = dict(cast("dict[str, object]", values))
        for name, value in PROFILE_DEFAULTS.get(str(merged.get("profile", "development")), {}).items():
            section, _, inner = name.partition(".")
            given = merged.get(section, {})
            if isinstance(given, Section):
                given = {field: getattr(given, field) for field in given.model_fields_set}
            if isinstance(given, dict):
                merged[section] = {inner: value, **given}
        return merged

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the arguments only: `load_settings` merges the layers and remembers where each value came from."""
        _ = settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def server_address(self) -> str:
        """Where clients on this machine find the server: ``dashboard.server_address``, or host and port of its own."""
        if self.dashboard.server_address is not None:
            return self.dashboard.server_address
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.server.host, self.server.host)  # noqa: S104 (compared, not bound)
        return f"[{host}]:{self.server.port}" if ":" in host else f"{host}:{self.server.port}"
