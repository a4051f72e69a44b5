"""Every read and write of the work on models. Sync, keyword-only, one transaction each.

A process claims a job and renews its lease. When it dies, the lease ends, and another process (or
the same one, started again) goes on with the job.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.connections.models import ModelJob
from conversations.errors import Conflict, NotFound

JobState = ModelJob.State
OPEN = (JobState.WAITING, JobState.RUNNING)
# Jobs that may wait or run, that run at the same time, and that are kept after their end.
MOST_OPEN = 20
MOST_RUNNING = 2
MOST_KEPT = 100
LEASE = timedelta(seconds=20)


class TooManyJobs(Conflict):
    code = "too_many_jobs"
    message = f"{MOST_OPEN} jobs are waiting. Try again when some have ended."


class ModelBusy(Conflict):
    code = "model_busy"
    message = "Another job for this model is not finished yet."


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a code, and an English sentence."""

    code: str
    message: str


def jobs() -> QuerySet[ModelJob]:
    """Return all jobs, newest first."""
    return ModelJob.objects.all()


def create(*, connection: str, model: str, kind: str) -> ModelJob:
    """Add a job; the same job that is open already is returned instead. Raises `ModelBusy`,
    `TooManyJobs`."""
    with transaction.atomic():
        open_jobs = ModelJob.objects.select_for_update().filter(state__in=OPEN)
        for job in open_jobs.filter(connection=connection, model=model):
            if job.kind == kind:
                return job
            raise ModelBusy(_("Another job for this model is not finished yet."))
        if open_jobs.count() >= MOST_OPEN:
            raise TooManyJobs(
                _("%(most)s jobs are waiting. Try again when some have ended.")
                % {"most": MOST_OPEN}
            )
        kept = ModelJob.objects.exclude(state__in=OPEN).values_list("pk", flat=True)
        ModelJob.objects.filter(pk__in=[*kept[MOST_KEPT:]]).delete()
        return ModelJob.objects.create(connection=connection, model=model, kind=kind)


def cancel(*, job_id: UUID) -> None:
    """End a job. What has come of a model stays at its server. Raises `NotFound`."""
    rows = ModelJob.objects.filter(id=job_id)
    if (
        not rows.filter(state__in=OPEN).update(state=JobState.CANCELLED, updated_at=timezone.now())
        and not rows.exists()
    ):
        raise NotFound("Job not found.")


def claim(*, worker: UUID) -> ModelJob | None:
    """Return the oldest job that nobody does, for `worker` to do; `None` where there is none, or
    enough are done already."""
    now = timezone.now()
    abandoned = Q(state=JobState.RUNNING, lease_until__lt=now)
    running = ModelJob.objects.filter(state=JobState.RUNNING, lease_until__gte=now)
    free = ModelJob.objects.filter(Q(state=JobState.WAITING) | abandoned)
    for job in free.order_by("created_at", "id")[:MOST_OPEN]:
        if running.count() >= MOST_RUNNING:
            return None
        # By its lease: another process may claim it at the same time.
        claimed = ModelJob.objects.filter(
            pk=job.pk, state=job.state, lease_until=job.lease_until
        ).update(state=JobState.RUNNING, worker=worker, lease_until=now + LEASE, updated_at=now)
        if claimed:
            job.refresh_from_db()
            return job
    return None


def renew(*, job: ModelJob, worker: UUID, done_bytes: int, total_bytes: int) -> bool:
    """Tell the progress of a job and keep it. `False`: it was cancelled, or is another's."""
    now = timezone.now()
    return bool(
        ModelJob.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=worker).update(
            done_bytes=done_bytes,
            total_bytes=total_bytes,
            lease_until=now + LEASE,
            updated_at=now,
        )
    )


def finish(*, job: ModelJob, worker: UUID, error: JobError | None = None) -> None:
    """End a job: failed where there is an error."""
    ModelJob.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=worker).update(
        state=JobState.FAILED if error else JobState.DONE,
        error=error.message if error else "",
        error_code=error.code if error else "",
        worker=None,
        lease_until=None,
        updated_at=timezone.now(),
    )


def release(*, worker: UUID) -> None:
    """Give back the jobs of a process that ends."""
    ModelJob.objects.filter(state=JobState.RUNNING, worker=worker).update(
        state=JobState.WAITING, worker=None, lease_until=None
    )
