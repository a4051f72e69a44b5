"""Model servers that staff have added, which model answers by default, and work on models."""

from django.db import models
from django.utils import timezone

from conversations.ids import new_id
from conversations.secrets import SecretField


class Connection(models.Model):
    """A model server and how to reach it. Its `name` never changes: conversations, keys and usage
    refer to it. `headers` are encrypted, as JSON, since they may hold a key. Empty times and places
    are the usual ones; an empty `models_filter` lets every model be used."""

    class Kind(models.TextChoices):
        OLLAMA = "ollama"
        OPENAI = "openai"
        INFERENCE = "inference"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    base_url = models.CharField(max_length=500)
    api_key = SecretField(blank=True, default="")
    headers = SecretField(blank=True, default="")
    query = models.JSONField(default=dict)
    ca = models.TextField(blank=True, default="")
    first_byte_timeout_s = models.FloatField(null=True)
    gap_timeout_s = models.FloatField(null=True)
    places = models.PositiveIntegerField(null=True)
    models_filter = models.JSONField(default=list)
    model_labels = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name


class ModelDefaults(models.Model):
    """The one row that says what staff chose: the connection that answers by default, its model,
    and who answers instead, in order. What the environment says wins."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    provider = models.CharField(max_length=40, blank=True, default="")
    model = models.CharField(max_length=200, blank=True, default="")
    fallbacks = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class ModelJob(models.Model):
    """Work on a model at a server that keeps models: it outlives the request that asked for it, and
    the process that does it. `worker` does it while its lease lasts (`lease_until`)."""

    class Kind(models.TextChoices):
        PULL = "pull"
        DELETE = "delete"
        UNLOAD = "unload"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    done_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    worker = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["state"], name="model_job_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.model}"
