"""The workers of a fetch: they share its tasks, and every task is done or has failed, exactly once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from etl.errors import FailureKind, GiveUp, Refused, RequestError
from etl.realtimekit.failure_messages import make_api_error, make_token_error
from etl.realtimekit.http.refusals import REFUSALS
from etl.realtimekit.http.responses import NO_ROUTE_CODE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.http.session import ApiSession

_T = TypeVar("_T")

# After so many tasks in a row without an answer, each with all its attempts, the others are not tried.
UNANSWERED_LIMIT = 50
_UNANSWERED = frozenset(
    {
        FailureKind.CONNECTION,
        FailureKind.TIMEOUT,
        FailureKind.SERVER_ERROR,
        FailureKind.RATE_LIMITED,
        FailureKind.MALFORMED,
    }
)


class Workers:
    """The workers of one fetch. They count the tasks in a row that the API did not answer."""

    def __init__(self, session: ApiSession) -> None:
        self.session = session
        self._unanswered = 0
        self._is_list = False

    async def run(
        self,
        tasks: Iterable[_T],
        *,
        fetch: Callable[[_T, RealtimeKit], Awaitable[None]],
        fail: Callable[[_T, RequestError, int], None],
        is_list: bool = False,
    ) -> None:
        """Fetch every task, or call `fail` with its error and the number of its requests.

        A refused token, or too many tasks in a row without an answer, end the fetch early. The tasks that are not
        done by then fail with the reason of that. Lists fail each by itself: each stands for an app.
        """
        self._is_list = is_list
        waiting = deque(tasks)
        if self.session.early_end is None:
            workers = min(self.session.concurrency, len(waiting))
            await self.session.run(self._work(waiting, fetch, fail) for _ in range(workers))
        if self.session.early_end is not None:
            for task in waiting:
                fail(task, self.session.early_end, 0)

    async def _work(
        self,
        waiting: deque[_T],
        fetch: Callable[[_T, RealtimeKit], Awaitable[None]],
        fail: Callable[[_T, RequestError, int], None],
    ) -> None:
        """Take one task after the other."""
        async with self.session.client() as client:
            while waiting and self.session.early_end is None:
                task = waiting.popleft()
                try:
                    await fetch(task, client)
                except RequestError as error:
                    fail(task, error, client.attempts)
                    self._note_failure(error)
                except BaseException:  # cancelled, or a defect: the task is not done
                    waiting.appendleft(task)
                    raise
                else:
                    self._unanswered = 0
                self.session.report_progress()

    def _note_failure(self, error: RequestError) -> None:
        """End the fetch early if the others would fail as well."""
        self._unanswered = self._unanswered + 1 if not self._is_list and self._is_unanswered(error) else 0
        if isinstance(error, Refused):
            message = f"not asked: the token was refused ({error.message})"
            self.session.end(GiveUp(FailureKind.NOT_ASKED, message), make_token_error(error))
        elif self._unanswered >= UNANSWERED_LIMIT:
            is_named = error.kind is FailureKind.CONNECTION  # its message says that there was no answer
            last = error.message if is_named else f"{error.kind} ({error.message})"
            row = f"{UNANSWERED_LIMIT} requests in a row failed, the last with {last}"
            message = f"not asked: {UNANSWERED_LIMIT} failures in a row before it, the last with {error.kind}"
            self.session.end(GiveUp(FailureKind.NOT_ASKED, message), make_api_error(error, row))

    def _is_unanswered(self, error: RequestError) -> bool:
        """Return True if an error says that the API does not answer, and nothing about the task."""
        if error.kind in REFUSALS:
            return self.session.refusals.is_confirmed
        return error.kind in _UNANSWERED or error.api_code == NO_ROUTE_CODE
