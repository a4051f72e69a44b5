"""Work on the models that servers keep: pulls, deletions, and taking models out of memory.

Jobs are rows. Whichever process sees one first does it, a few at a time; its progress is in the
row, so that a page may be loaded again and a process may end: another goes on with the pull.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing, suppress
from contextvars import Context
from typing import Any, TypeVar
from uuid import uuid4

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.connections import jobs
from conversations.connections.jobs import JobError
from conversations.connections.models import ModelJob
from providers.base import ModelStore
from providers.errors import ModelNotFound, ProviderError, ProviderUnavailable
from providers.types import Progress
from streaming.background import BackgroundLoop
from streaming.connections import Connections
from streaming.db_threads import db_threads
from streaming.routing import Router

T = TypeVar("T")

logger = logging.getLogger(__name__)

# How often a process looks for jobs that nobody does, and how often progress is stored.
LOOK_S = 10.0
STORE_S = 1.0


class ModelJobs:
    """Does the jobs that this process has claimed."""

    def __init__(self, router: Router, connections: Connections) -> None:
        self._router, self._connections = router, connections
        self._worker = uuid4()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = BackgroundLoop(
            "model jobs",
            self._look,
            pause=lambda: LOOK_S,
            outage=(DatabaseError,),
            retry=LOOK_S,
        )

    def start(self) -> None:
        """Look for jobs from now on. Needs a running event loop."""
        self._looking.start()
        self._looking.wake()

    def wake(self) -> None:
        """Look at once: there is a new job."""
        self._looking.wake()

    async def aclose(self) -> None:
        """End, and leave unfinished jobs to another process."""
        await self._looking.stop()
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
            with suppress(DatabaseError):  # then their leases end
                await _stored(jobs.release, worker=self._worker)

    async def _look(self) -> None:
        while (job := await _stored(jobs.claim, worker=self._worker)) is not None:
            # A context of its own, since it outlives what has woken us.
            task = asyncio.get_running_loop().create_task(
                self._do(job), name=f"model job {job.pk}", context=Context()
            )
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a model job failed", exc_info=error)
        self._looking.wake()

    async def _do(self, job: ModelJob) -> None:
        progress = [Progress(job.done_bytes, job.total_bytes)]
        work = asyncio.create_task(self._work(job, progress), name=f"work of {job.pk}")
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=STORE_S)
                if not await self._keep(job, progress[0]):
                    return
        finally:
            work.cancel()
            await asyncio.wait({work})
        error = work.exception()
        if error is not None and not isinstance(error, ProviderError):
            unknown = JobError("internal", "It failed.")
            await _stored(jobs.finish, job=job, worker=self._worker, error=unknown)
            raise error
        if job.kind != ModelJob.Kind.UNLOAD:
            await self._connections.models_changed(job.connection)
        failed = JobError(error.reason, error.message) if error else None
        await _stored(jobs.finish, job=job, worker=self._worker, error=failed)

    async def _keep(self, job: ModelJob, progress: Progress) -> bool:
        """Store the progress. `False`: the job is not ours any more."""
        try:
            ours: bool = await _stored(
                jobs.renew,
                job=job,
                worker=self._worker,
                done_bytes=progress.done_bytes,
                total_bytes=progress.total_bytes,
            )
        except DatabaseError:
            return True  # as far as is known
        return ours

    async def _work(self, job: ModelJob, progress: list[Progress]) -> None:
        """Do it; `progress` holds how far it is. Raises `ProviderError`."""
        store = self._store(job.connection)
        match job.kind:
            case ModelJob.Kind.PULL:
                async with aclosing(store.pull(job.model)) as steps:
                    async for step in steps:
                        progress[0] = step
            case ModelJob.Kind.DELETE:
                await store.delete(job.model)
            case ModelJob.Kind.UNLOAD:
                await store.unload(job.model)

    def _store(self, connection: str) -> ModelStore:
        provider = self._router.providers.get(connection)
        if provider is None:
            raise ProviderUnavailable("The connection was deleted.", reason="connection_deleted")
        if provider.store is None:
            raise ModelNotFound(
                f"The models of {provider.label} cannot be managed here.",
                reason="models_not_managed",
            )
        return provider.store


async def _stored(function: Callable[..., T], **arguments: Any) -> T:
    """Call a function of `jobs` in a database thread."""
    async with db_threads.borrow():
        returned: T = await database_sync_to_async(function)(**arguments)
        return returned
