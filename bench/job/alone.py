"""What the project's own job costs in other shapes: more connections, TLS, long lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from bench.job.contenders import by_list
from bench.measure import ContenderFailed

if TYPE_CHECKING:
    from bench.job.contenders import Contender
    from bench.job.job import Done, Job

MORE_CONNECTIONS = 64
MEETINGS_BY_LIST = 1_000_000
MEETINGS_EACH = 100_000


@dataclass(frozen=True, kw_only=True)
class Costs:
    """CPU a meeting in milliseconds, at more connections and over TLS; peak memory in MB, with the jobs measured."""

    meetings: int
    cpu_ms_more: float
    cpu_ms_secure: float
    secure: Done
    most_secure_connections: int
    meetings_by_list: int
    by_list: Done
    meetings_each: int
    each: Done

    @property
    def by_list_mb(self) -> float:
        """Peak memory of the long list, read as one list of live sessions."""
        return self.by_list.sample.peak_bytes / 1e6

    @property
    def each_mb(self) -> float:
        """Peak memory of the list that is asked for meeting by meeting."""
        return self.each.sample.peak_bytes / 1e6


def measure_costs(ours: Contender, job: Job, *, rounds: int, shrink: int) -> Costs:
    """Measure the project's job in other shapes; `shrink` divides the long lists."""
    more = repeat(ours, replace(job, concurrency=MORE_CONNECTIONS), rounds, f"{MORE_CONNECTIONS} connections")
    secure = [require_reuse(done, job) for done in repeat(ours, replace(job, is_secure=True), rounds, "https")]
    by_list_job = replace(job, meetings=MEETINGS_BY_LIST // shrink)
    each_job = replace(job, meetings=MEETINGS_EACH // shrink)
    return Costs(
        meetings=job.meetings,
        cpu_ms_more=cpu_ms(more, job),
        cpu_ms_secure=cpu_ms(secure, job),
        secure=max(secure, key=lambda done: done.connections),
        most_secure_connections=job.concurrency,
        meetings_by_list=by_list_job.meetings,
        by_list=repeat(by_list(ours), by_list_job, 1, "one list")[0],
        meetings_each=each_job.meetings,
        each=repeat(ours, each_job, 1, "a request each")[0],
    )


def repeat(contender: Contender, job: Job, rounds: int, shape: str) -> list[Done]:
    """Do the job some times, and say what it took."""
    done = []
    for _ in range(rounds):
        done.append(job.run(contender))
        sample = done[-1].sample
        print(
            f"{contender.label}, meetings: {job.meetings:,}, {shape}: {sample.wall_seconds:.2f} s, "
            f"{sample.cpu_seconds:.2f} s of CPU, {sample.peak_bytes / 1e6:.0f} MB, "
            f"{done[-1].requests:,} requests, {done[-1].connections} connections",
            flush=True,
        )
    return done


def require_reuse(done: Done, job: Job) -> Done:
    """Fail if the job opened more connections than it may have requests under way: then it did not keep them."""
    if done.connections > job.concurrency:
        raise ContenderFailed(f"{done.connections} connections for {job.concurrency} requests under way: not reused")
    return done


def cpu_ms(done: list[Done], job: Job) -> float:
    """Milliseconds of CPU a meeting, the median."""
    return median(one.sample.cpu_seconds for one in done) / job.meetings * 1000
