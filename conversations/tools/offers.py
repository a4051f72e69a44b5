"""The tools that a model is offered in a conversation."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from conversations.people.models import User
from conversations.tools import built_in
from conversations.tools.built_in import BUILT_IN
from conversations.tools.models import ToolServer
from conversations.tools.schemas import schema_fault

# A name that every model's server takes.
MOST_NAME: Final = 64
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")
MOST_OFFERED: Final = 128


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool by the `name` by which the model calls it. `open_world` tools bring what strangers
    wrote. Of a server that is not trusted, what it says of its tools is not believed."""

    name: str
    server: str
    tool: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    read_only: bool = False
    open_world: bool = True
    signs_in: bool = False

    @property
    def fingerprint(self) -> str:
        """Tells a tool from one that was changed later."""
        parts = [self.server, self.tool, self.description, self.schema]
        return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def fault_in(self, arguments: Mapping[str, Any]) -> str:
        """Return what is wrong with the arguments, a sentence, or nothing."""
        return schema_fault(self.schema, arguments)


def offered(*, user: User, names: Iterable[str]) -> tuple[Offer, ...]:
    """Return the tools that the names of a conversation's settings mean, as far as the user may use
    them: `server`, `server/tool`, or the name of a built-in one."""
    wanted = list(names)
    offers = [offer for offer in _built_in() if _is_named(offer, wanted)]
    servers = {name.partition("/")[0] for name in wanted}
    for server in servers_for(user=user, names=servers):
        offers += [offer for offer in of_server(server) if _is_named(offer, wanted)]
    return _unique(offers[:MOST_OFFERED])


def one(*, user: User, server: str, tool: str) -> Offer | None:
    """Return one tool that the user may use, as it is now."""
    return next((o for o in offered(user=user, names=[f"{server}/{tool}"]) if o.tool == tool), None)


def servers_for(*, user: User, names: Iterable[str] | None = None) -> list[ToolServer]:
    """Return the servers, of these names, that the user may use."""
    rows = ToolServer.objects.all()
    if names is not None:
        if not (wanted := set(names) - {BUILT_IN, *built_in.TOOLS}):
            return []
        rows = rows.filter(name__in=wanted)
    return [row for row in rows if may_use(user, row)]


def may_use(user: User, server: ToolServer) -> bool:
    """Tell whether a server is for the user."""
    if server.audience == "all" or (server.audience == "staff" and user.is_staff):
        return True
    return isinstance(server.audience, list) and str(user.pk) in server.audience


def of_server(server: ToolServer) -> list[Offer]:
    """Return the tools of a server, as its last list has them."""
    enabled = server.enabled_tools
    return [
        Offer(
            name=_name(server.name, entry["name"]),
            server=server.name,
            tool=entry["name"],
            description=entry.get("description", ""),
            schema=entry.get("schema") or {},
            read_only=server.trusted and entry.get("read_only") is True,
            open_world=not server.trusted or entry.get("open_world") is not False,
            signs_in=server.signs_in,
        )
        for entry in server.tools
        if enabled is None or entry["name"] in enabled
    ]


def _built_in() -> list[Offer]:
    return [
        Offer(tool.name, BUILT_IN, tool.name, tool.description, tool.schema, True, False)
        for tool in built_in.TOOLS.values()
    ]


def _is_named(offer: Offer, wanted: Sequence[str]) -> bool:
    names = {offer.server, f"{offer.server}/{offer.tool}"}
    if offer.server == BUILT_IN:
        names.add(offer.tool)
    return not names.isdisjoint(wanted)


def _name(server: str, tool: str) -> str:
    """`server__tool` in letters that all take; a long one is cut, and told apart by a digest."""
    whole = f"{server}__{tool}"
    name = _NOT_IN_NAMES.sub("_", whole)
    if name == whole and len(name) <= MOST_NAME:
        return name
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{name[: MOST_NAME - 9]}_{digest}"


def _unique(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    return tuple({offer.name: offer for offer in offers}.values())
