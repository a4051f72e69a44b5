"""Tool servers, the calls that models ask for, and what people have allowed for good."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.ids import new_id
from conversations.secrets import SecretField
from conversations.threads.models import Conversation, Message


def everybody() -> str:
    """The audience of a server that all may use."""
    return "all"


class ToolServer(models.Model):
    """A server that speaks MCP. Staff add it.

    `secret` is encrypted. With `oauth` people sign in themselves, at the OAuth server `issuer` or
    the one that the server names; `client_id` and `secret` are those of the client that staff have
    registered there, empty where each sign-in registers itself. `enabled_tools` are the names of
    the tools that may be used, `None` for all. `audience` is `"all"`, `"staff"` or a list of
    people's ids. `tools` is the server's list as it was read at `tools_at`; `health` says what the
    last try found.
    """

    class Auth(models.TextChoices):
        NONE = "none"
        BEARER = "bearer"
        HEADER = "header"
        OAUTH = "oauth"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=40, unique=True)
    url = models.CharField(max_length=2000)
    auth = models.CharField(max_length=6, choices=Auth.choices, default=Auth.NONE)
    header = models.CharField(max_length=100, blank=True, default="")
    secret = SecretField(blank=True, default="")
    issuer = models.CharField(max_length=2000, blank=True, default="", db_default="")
    client_id = models.CharField(max_length=500, blank=True, default="", db_default="")
    trusted = models.BooleanField(default=False)
    enabled_tools = models.JSONField(null=True, blank=True)
    audience = models.JSONField(default=everybody, blank=True)
    tools = models.JSONField(default=list, blank=True)
    tools_at = models.DateTimeField(null=True, blank=True)
    health = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def signs_in(self) -> bool:
        """Whether people sign in themselves."""
        return self.auth == self.Auth.OAUTH


class ToolSignIn(models.Model):
    """A person's sign-in to a tool server: begun with a `state_hash`, there once it has `tokens`.

    The texts that are encrypted are JSON: `pending` is what the way back from the OAuth server is
    checked with, `tokens` what it gave, `client` our registration there. `oauth` names the OAuth
    server and its addresses. `version` counts the tokens; since `renewing_at` a process gets new
    ones. An ended one is revoked at the OAuth server (tried last at `renewing_at`), then deleted.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="tool_sign_ins"
    )
    server = models.ForeignKey(
        ToolServer, on_delete=models.SET_NULL, null=True, related_name="sign_ins"
    )
    state_hash = models.CharField(max_length=64, blank=True, default="")
    pending = SecretField(blank=True, default="")
    began_at = models.DateTimeField(null=True, blank=True)
    client = SecretField(blank=True, default="")
    tokens = SecretField(blank=True, default="")
    oauth = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    renewing_at = models.DateTimeField(null=True, blank=True)
    signed_in_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "server"],
                condition=Q(ended_at__isnull=True),
                name="one_sign_in_to_a_tool_server",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ended_at"], condition=Q(ended_at__isnull=False), name="ended_tool_sign_ins"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class State(models.TextChoices):
    """The state of a call. The last five are final."""

    ASKED = "asked"
    NEEDS_SIGN_IN = "needs_sign_in"
    ALLOWED = "allowed"
    RUNNING = "running"
    DENIED = "denied"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


UNDECIDED = (State.ASKED, State.NEEDS_SIGN_IN)
UNDER_WAY = (State.ALLOWED, State.RUNNING)


class ToolCall(models.Model):
    """A call that a reply asked for. Its state only goes forward, but for one that runs and needs a
    new sign-in.

    `provider_id` and `offered` are the id and the name by which the model knows it, `extra_content`
    is JSON that the provider wants back with it. `arguments` is the JSON text of an object. `input`
    is what its server has asked a person for (`inputs`), and what was answered. `size`
    is what it takes of its owner's storage. `decision` is the client_id of the decision, `writer`
    the process that runs it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="calls")
    position = models.PositiveSmallIntegerField()
    provider_id = models.CharField(max_length=255, blank=True, default="")
    offered = models.CharField(max_length=255)
    extra_content = models.TextField(blank=True, default="")
    server = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=255)
    arguments = models.TextField(default="{}")
    input = models.TextField(blank=True, default="", db_default="")
    read_only = models.BooleanField(default=False)
    open_world = models.BooleanField(default=True)
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=13, choices=State.choices)
    result = models.TextField(blank=True, default="")
    truncated = models.BooleanField(default=False)
    files = models.JSONField(default=list, blank=True)
    found = models.JSONField(default=list, blank=True)
    took_s = models.FloatField(null=True, blank=True)
    size = models.PositiveIntegerField(default=0)
    decision = models.UUIDField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    writer = models.UUIDField(null=True, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["message", "position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="calls_in_order"),
        ]
        indexes = [
            models.Index(
                fields=["started_at"], condition=Q(state="running"), name="running_tool_calls"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ToolRule(models.Model):
    """A tool that a person has allowed for good, everywhere or in one conversation. It counts for
    the tool as it was described then: `fingerprint`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tool_rules"
    )
    server = models.CharField(max_length=40)
    tool = models.CharField(max_length=255)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "server", "tool"],
                condition=Q(conversation__isnull=True),
                name="one_rule_for_a_tool",
            ),
            models.UniqueConstraint(
                fields=["user", "server", "tool", "conversation"],
                condition=Q(conversation__isnull=False),
                name="one_rule_in_a_conversation",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
