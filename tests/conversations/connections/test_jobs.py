"""Who does which work on models, and how much of it there may be."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.connections import jobs
from conversations.connections.models import ModelJob


def make(*models: str) -> list[ModelJob]:
    return [jobs.create(connection="ollama", model=name, kind="pull") for name in models]


def test_a_job_is_done_by_one_process_and_only_a_few_at_a_time(db: None):
    """The oldest first; one whose process died by another."""
    first, second, third = make("a", "b", "c")
    one, other = uuid4(), uuid4()
    assert jobs.claim(worker=one) == first
    assert jobs.claim(worker=other) == second
    assert jobs.claim(worker=other) is None
    ModelJob.objects.filter(pk=first.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(worker=other) == first
    assert not jobs.renew(job=first, worker=one, done_bytes=1, total_bytes=2)
    assert jobs.renew(job=first, worker=other, done_bytes=1, total_bytes=2)
    jobs.finish(job=first, worker=one)
    first.refresh_from_db()
    assert (first.state, first.done_bytes) == ("running", 1)
    jobs.release(worker=other)
    assert jobs.claim(worker=one) == first
    assert jobs.claim(worker=one) == second
    jobs.cancel(job_id=third.pk)
    jobs.finish(job=first, worker=one, error=jobs.JobError("internal", "It failed."))
    assert jobs.claim(worker=one) is None


def test_what_waits_and_what_is_kept_is_bounded(db: None):
    """The newest are kept."""
    for job in make(*(f"m{number}" for number in range(jobs.MOST_OPEN))):
        with pytest.raises(jobs.TooManyJobs):
            make("one-more")
        jobs.cancel(job_id=job.pk)
        make(f"{job.model}-again")
    ModelJob.objects.update(state="done")
    for number in range(jobs.MOST_KEPT):
        job = ModelJob(connection="ollama", model=f"n{number}", kind="pull", state="done")
        job.save()
    make("last")
    assert ModelJob.objects.count() == jobs.MOST_KEPT + 1
    assert not ModelJob.objects.filter(model__startswith="m").exists()
