"""`client.jobs`: work that outlives a call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

from riskwave._calls import Api, F, Plan, Subscription, ask, gather, method, pages, stream
from riskwave._derivative import DerivativeOptions, derivative_request
from riskwave._errors import RiskwaveError, Status, make_error
from riskwave._indicator_results import IndicatorResults, decode_results
from riskwave._indicators import BarOptions, IndicatorCall, indicators_request
from riskwave._inputs import duration, enum_name, enum_value, integer
from riskwave._methods import CANCEL_JOB, CREATE_JOB, DELETE_JOB, GET_JOB, GET_JOB_RESULT, LIST_JOBS, WATCH_JOB
from riskwave._model_results import DerivativePrice, decode_derivative
from riskwave._results import Result, Rows, optional_timestamp
from riskwave._risk import BacktestOptions, backtest_request
from riskwave._risk_results import Backtest, decode_backtest
from riskwave._simulation import SimulationOptions, simulation_spec
from riskwave._simulation_results import (
    DistributionParts,
    Simulation,
    SimulationProgress,
    decode_progress,
    decode_simulation,
)
from riskwave._status_codes import CODE_NAMES
from riskwave.v1 import job_service_pb2 as pb
from riskwave.v1 import meta_pb2

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from google.rpc import status_pb2

JobResult = Simulation | DerivativePrice | IndicatorResults | Backtest
"""What a job can find."""


@dataclass(frozen=True, slots=True, eq=False)
class JobSpec:
    """What a job does. Made by one of the class methods, with the arguments of the call that it stands for.

    Examples
    --------
    >>> JobSpec.simulation(mean=0.0005, volatility=0.01, paths=10_000_000, seed=7)
    <JobSpec simulation>
    """

    message: pb.JobSpec = field(repr=False)

    @classmethod
    def simulation(cls, **options: Unpack[SimulationOptions]) -> JobSpec:
        """Return the work of `simulation.run`."""
        return cls(pb.JobSpec(simulation=simulation_spec(**options)))

    @classmethod
    def derivative(cls, *, model: str, payoff: str, **options: Unpack[DerivativeOptions]) -> JobSpec:
        """Return the work of `simulation.price`."""
        return cls(pb.JobSpec(derivative=derivative_request(model, payoff, **options)))

    @classmethod
    def indicators(cls, calls: Sequence[IndicatorCall], **bars: Unpack[BarOptions]) -> JobSpec:
        """Return the work of `indicators.compute_many`."""
        return cls(pb.JobSpec(indicators=indicators_request(calls, **bars)))

    @classmethod
    def backtest(cls, **options: Unpack[BacktestOptions]) -> JobSpec:
        """Return the work of `risk.backtest`."""
        return cls(pb.JobSpec(backtest=backtest_request(**options)))

    @property
    def work(self) -> str:
        """simulation, derivative, indicators or backtest."""
        return self.message.WhichOneof("work") or ""

    def to_dict(self) -> dict[str, Any]:
        """Return the request's fields."""
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(self.message, preserving_proto_field_name=True)

    def __repr__(self) -> str:
        return f"<JobSpec {self.work}>"

    def __str__(self) -> str:
        return self.work


@dataclass(frozen=True, slots=True, eq=False)
class Job(Result):
    """A job.

    Attributes
    ----------
    name
        jobs/ and an id.
    spec
        What it does.
    state
        pending, running, cancelling, succeeded, failed or cancelled.
    create_time, start_time, end_time, expire_time
        When it was accepted, began, ended, and will be forgotten. None before.
    progress
        How far it has come.
    error
        Why it failed or was cancelled. None otherwise.
    attempt_count
        How often its work was begun.
    correlation_id
        Of the call that made it.
    etag
        Changes with every change of the job.
    partial
        True when the result covers a part of the work.
    """

    name: str
    spec: JobSpec
    state: str
    create_time: dt.datetime | None
    start_time: dt.datetime | None
    end_time: dt.datetime | None
    expire_time: dt.datetime | None
    progress: SimulationProgress
    error: RiskwaveError | None
    attempt_count: int
    correlation_id: str
    etag: str
    partial: bool

    @property
    def ended(self) -> bool:
        """True when nothing more will happen."""
        return self.state in {"succeeded", "failed", "cancelled"}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, numbers and texts."""
        plain = Result.to_dict(self)
        return {**plain, "error": None if self.error is None else str(self.error)}


@dataclass(frozen=True, slots=True, eq=False)
class JobEvent:
    """An event of a job: its number from 1 without gaps, the job as of then, and the estimate so far (None: none)."""

    sequence: int
    job: Job
    estimate: Simulation | None


@dataclass(frozen=True, slots=True, eq=False)
class CancelReport(Result):
    """What a request to cancel did.

    Attributes
    ----------
    outcome
        cancelled, cancelling or already_ended.
    chunks_cancelled, chunks_draining
        Pieces that will not run, and that are being finished.
    job
        The job.
    """

    outcome: str
    chunks_cancelled: int
    chunks_draining: int
    job: Job


class JobsApi(Api[F]):
    """Work that outlives a call. An accepted job is never lost."""

    @method
    def submit(
        self,
        spec: JobSpec,
        *,
        request_id: str | None = None,
        time_to_live_s: float | None = None,
        timeout_s: float | None = None,
    ) -> Plan[Job]:
        """Hand work over.

        Parameters
        ----------
        spec
            The work, such as ``JobSpec.simulation(...)``.
        request_id
            A UUID, so that a repeated call makes no second job. None makes one.
        time_to_live_s
            Seconds that the job is kept after its end. None means 7 days.
        timeout_s
            Seconds to wait for the answer.
        """
        request = pb.CreateJobRequest(
            spec=spec.message,
            request_id=request_id or str(uuid.uuid4()),  # which is what makes the call safe to repeat
            time_to_live=duration(time_to_live_s),
        )
        answer = yield from ask(CREATE_JOB, request, timeout_s)
        return decode_job(answer.job)

    @method
    def get(self, name: str, *, timeout_s: float | None = None) -> Plan[Job]:
        """Return a job. Raises `NotFoundError` for an unknown name."""
        answer = yield from ask(GET_JOB, pb.GetJobRequest(name=name), timeout_s)
        return decode_job(answer.job)

    @method
    def list(self, *, state: str | None = None, timeout_s: float | None = None) -> Plan[Rows[Job]]:
        """List jobs, the newest first; only those in a state, when one is given."""
        request = pb.ListJobsRequest(state=enum_value(pb.JobState, state, "state"))
        found = yield from pages(LIST_JOBS, request, timeout_s, lambda answer: answer.jobs)
        return Rows(decode_job(one) for one in found)

    @stream
    def watch(self, name: str, *, after_sequence: int = 0, timeout_s: float | None = None) -> Subscription[JobEvent]:
        """Read a job's events until it has ended, from the first one or after `after_sequence`."""
        request = pb.WatchJobRequest(
            name=name, after_sequence=integer(pb.WatchJobRequest, "after_sequence", after_sequence, "after_sequence")
        )
        return Subscription(WATCH_JOB, request, _decode_event, timeout_s)

    @method
    def result(self, name: str, *, timeout_s: float | None = None) -> Plan[JobResult]:
        """Return what a job has found. Raises `ConflictError` while it runs."""
        pieces = yield from gather(GET_JOB_RESULT, pb.GetJobResultRequest(name=name), timeout_s)
        return decode_job_result(pieces)

    @method
    def cancel(self, name: str, *, timeout_s: float | None = None) -> Plan[CancelReport]:
        """Ask a job to stop; what it has found so far stays."""
        answer = yield from ask(CANCEL_JOB, pb.CancelJobRequest(name=name), timeout_s)
        outcome = enum_name(pb.CancelOutcome, answer.outcome)
        return CancelReport(outcome, answer.chunks_cancelled, answer.chunks_draining, decode_job(answer.job))

    @method
    def delete(self, name: str, *, timeout_s: float | None = None) -> Plan[None]:
        """Forget a job that has ended. Raises `ConflictError` while it runs."""
        yield from ask(DELETE_JOB, pb.DeleteJobRequest(name=name), timeout_s)


def decode_job(message: pb.Job) -> Job:
    """Return a job of its message."""
    return Job(
        name=message.name,
        spec=JobSpec(message.spec),
        state=enum_name(pb.JobState, message.state),
        create_time=optional_timestamp(message, "create_time"),
        start_time=optional_timestamp(message, "start_time"),
        end_time=optional_timestamp(message, "end_time"),
        expire_time=optional_timestamp(message, "expire_time"),
        progress=decode_progress(message.progress),
        error=_decode_error(message.error) if message.HasField("error") else None,
        attempt_count=message.attempt_count,
        correlation_id=message.correlation_id,
        etag=message.etag,
        partial=message.partial,
    )


def _decode_error(message: status_pb2.Status) -> RiskwaveError:
    code = CODE_NAMES[message.code] if 0 < message.code < len(CODE_NAMES) else "UNKNOWN"
    return make_error(Status(message=message.message, code=code))


def _decode_event(message: pb.WatchJobResponse) -> JobEvent:
    estimate = decode_simulation(message.estimate, meta_pb2.ResultMeta()) if message.HasField("estimate") else None
    return JobEvent(message.sequence, decode_job(message.job), estimate)


def decode_job_result(pieces: Sequence[pb.GetJobResultResponse]) -> JobResult:
    """Put the pieces of a result together."""
    parts = DistributionParts()
    result: JobResult | None = None
    for piece in pieces:
        kind = piece.WhichOneof("piece")
        if kind == "distribution_chunk":
            parts.add(piece.distribution_chunk)
        elif kind == "simulation":
            result = decode_simulation(piece.simulation.result, piece.simulation.meta)
        elif kind == "derivative":
            result = decode_derivative(piece.derivative)
        elif kind == "indicators":
            result = decode_results(piece.indicators)
        elif kind == "backtest":
            result = decode_backtest(piece.backtest)
    assert result is not None, "a stream that ends without an error has sent the result"
    return parts.join(result) if isinstance(result, Simulation) else result
