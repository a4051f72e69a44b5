"""Accounts and their API keys."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from conversations.ids import new_id


class Allowance(models.Model):
    """Limits and budgets. Empty means the default: the setting for an account, no limit of its
    own for a key. 0 means no limit."""

    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    concurrent_requests = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_day = models.PositiveBigIntegerField(null=True, blank=True)
    tokens_per_month = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True


LIMITS = tuple(field.name for field in Allowance._meta.local_fields)
# The languages of the pages, by Django's codes.
LANGUAGES = ("en", "de", "fr", "es", "ja", "zh-hans", "ar")
THEMES = ("system", "light", "dark")
# Columns of `User` that each turn changes.
COUNTS = frozenset({"storage_bytes"})


class User(AbstractUser, Allowance):
    """An account: Django's, with a UUID as id. Changing `session_version` ends all sessions.

    `instructions` go to the model with every prompt of the user's chats. Without a `language` the
    browser decides. `default_model` answers in chats for which no model was chosen.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session_version = models.PositiveIntegerField(default=0, editable=False)
    # Since the last sign-in, which shows them.
    failed_signins = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_failed_signin = models.DateTimeField(null=True, blank=True, editable=False)
    # Asked for by a stranger (`SIGN_UP=open`), and not yet approved.
    awaits_approval = models.BooleanField(default=False, db_default=False, editable=False)
    instructions = models.TextField(blank=True, default="", db_default="", editable=False)
    language = models.CharField(
        max_length=16, blank=True, default="", db_default="", editable=False
    )
    # Whether the prompts that everybody begins with were made.
    has_starters = models.BooleanField(default=False, db_default=False, editable=False)
    theme = models.CharField(max_length=6, default="system", db_default="system", editable=False)
    default_model = models.CharField(
        max_length=255, blank=True, default="", db_default="", editable=False
    )
    # What the texts of this person take (`threads/storage.py`).
    storage_bytes = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    def __str__(self) -> str:
        return self.username

    @property
    def may_administer(self) -> bool:
        """Whether the admin pages have something for this account."""
        return self.is_staff and (self.is_superuser or bool(self.get_all_permissions()))

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        salt = "conversations.User.session_auth_hash"
        value = f"{self.session_version} {self.password}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


def all_scopes() -> list[str]:
    """Return the scopes of a key that names none."""
    return list(ApiKey.Scope.values)


class ApiKey(Allowance):
    """The credential of a program.

    Only the SHA-256 of the secret is stored. The secret is 256 random bits, so a slow hash would
    add no protection and would cost time on every request. `scopes` and `allowed_models` bound
    what the key may do; no models means all that its user may choose.
    """

    class Scope(models.TextChoices):
        CHAT = "chat"
        MODELS = "models"
        READ = "read"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=all_scopes)
    allowed_models = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        """Refuse in the admin what the API refuses."""
        if not isinstance(self.scopes, list) or not set(self.scopes) <= set(self.Scope.values):
            known = ", ".join(f'"{scope}"' for scope in self.Scope.values)
            raise ValidationError({"scopes": f"Must be a list of {known}."})
        models_named = self.allowed_models
        if not isinstance(models_named, list) or not all(isinstance(m, str) for m in models_named):
            raise ValidationError(
                {"allowed_models": 'Must be a list of model names, for example ["llama3.2"].'}
            )


class Invitation(models.Model):
    """A link that makes one account. Only the SHA-256 of its secret is stored. `name` says for whom
    it is, for those who invite."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=150, blank=True, default="")
    is_staff = models.BooleanField(default=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return str(self.id)
