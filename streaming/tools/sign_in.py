"""Signs people in to tool servers, and gives their calls the tokens.

Nothing waits in memory while a person is at an OAuth server: the way back may lead to another
process. Tokens are stored before they are used.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from channels.db import database_sync_to_async
from django.utils.translation import gettext_noop as _noop

from conversations.people.models import User
from conversations.secrets import SecretUnreadable, decrypt
from conversations.tools import servers, sign_ins
from conversations.tools.built_in import ToolFailed
from conversations.tools.models import ToolServer
from conversations.tools.sign_ins import Begun, NeedsSignIn, SignIn
from streaming.errors import STORE_FAILURES
from streaming.tools import oauth, oauth_discovery, sdk
from streaming.tools.oauth import OAuthServer, SignInFailed, TokensRefused

logger = logging.getLogger(__name__)

Found = TypeVar("Found")

# Looks for the tokens that another process gets, in seconds; and how long it is waited for them.
LOOK: Final = 0.1
PATIENCE_S: Final = oauth.WAY_S
# Waits between tries to store tokens while the database refuses, in seconds.
STORE_RETRIES: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
# The loop itself keeps no task alive.
_renewals: set[asyncio.Task[None]] = set()


class CredentialsRefused(ToolFailed):
    """A tool server refuses what it was shown."""


class ScopeRefused(ToolFailed):
    """A tool server wants a token with these `scopes` for a request."""

    def __init__(
        self, template: str, *, scopes: Sequence[str], code: str = "", **values: object
    ) -> None:
        super().__init__(template, code=code, **values)
        self.scopes = scopes


# --- Signing in -------------------------------------------------------------------------------


async def begin(
    user: User, server: ToolServer, *, session: str, redirect_uri: str, document: str
) -> str:
    """The address at which a person signs in for a tool server. `session` names the session in
    which the answer is taken, `document` the address of our client metadata, if it has one that an
    OAuth server can read. Raises `SignInFailed`."""
    await sdk.imported()
    from streaming.tools.oauth_http import client

    trusted = trusted_origins(server)
    async with oauth.told(server.name), client(trusted) as http:
        found = await oauth_discovery.discover(
            http, url=server.url, issuer=server.issuer, trusted=trusted
        )
        before: SignIn | None = await database_sync_to_async(sign_ins.find)(
            user=user, server=server
        )
        if before is not None:
            found = found.with_more(before.oauth.get("more", ()))
        known = _client(server, found, before, redirect_uri, document)
        known = known or await oauth.register(http, found, redirect_uri=redirect_uri)
    state, (verifier, challenge) = secrets.token_urlsafe(32), oauth.pkce()
    await database_sync_to_async(sign_ins.begin)(
        user=user,
        server=server,
        state=state,
        session=session,
        verifier=verifier,
        client=known,
        oauth=found.as_json(),
    )
    return oauth.authorization_address(found, known, state=state, challenge=challenge)


def _client(
    server: ToolServer,
    found: OAuthServer,
    before: SignIn | None,
    redirect_uri: str,
    document: str,
) -> Mapping[str, Any] | None:
    """The client that staff have registered, that of our document, or that of an earlier sign-in of
    the person."""
    if server.client_id:
        try:
            secret = decrypt(server.secret)
        except SecretUnreadable:
            raise servers.secret_unreadable(SignInFailed, server) from None
        return oauth.given_client(
            found, client_id=server.client_id, secret=secret, redirect_uri=redirect_uri
        )
    if document and found.metadata.client_id_metadata_document_supported:
        return oauth.given_client(found, client_id=document, secret="", redirect_uri=redirect_uri)
    if before is not None and oauth.may_use(before.client, found, redirect_uri):
        return before.client
    return None


def trusted_origins(server: ToolServer) -> tuple[str, ...]:
    """The origins that staff have named, and that may be private. Raises `SignInFailed`."""
    from streaming.tools.oauth_http import AddressRefused, origin

    try:
        return tuple(origin(url) for url in (server.url, server.issuer) if url)
    except AddressRefused:
        template = _noop("The address of the tool server %(name)s is no HTTP address.")
        raise SignInFailed(template, name=server.name) from None


async def finish(user: User, answer: Mapping[str, str], *, session: str) -> ToolServer:
    """Sign in with what came back from an OAuth server. Returns the tool server.

    Raises:
        WrongAnswer: it belongs to no sign-in of this session.
        SignInFailed: the OAuth server refused, or is another one.
    """
    await sdk.imported()
    from streaming.tools.oauth_http import client

    begun: Begun = await database_sync_to_async(sign_ins.take)(
        user=user, state=answer.get("state", ""), session=session
    )
    sign_in = begun.sign_in
    assert sign_in.server is not None  # noqa: S101 - else it is not taken
    server = OAuthServer.of(sign_in.oauth)
    code = oauth.check_answer(server, answer)
    try:
        async with oauth.told(sign_in.server.name), client(server.trusted) as http:
            tokens = await oauth.exchange(
                http, server, sign_in.client, code=code, verifier=begun.verifier
            )
    except TokensRefused as error:
        raise SignInFailed(oauth.NOT_LET_IN, why=error) from None
    if not await _keep(sign_in, {**tokens, "scope": server.scope or ""}):
        raise SignInFailed(_noop("You have signed in elsewhere meanwhile, or ended this sign-in."))
    return sign_in.server


async def _keep(sign_in: SignIn, tokens: Mapping[str, Any]) -> bool:
    """Store tokens, also where the database refuses for a while: nobody gets them again."""
    for wait in (*STORE_RETRIES, None):
        try:
            kept: bool = await database_sync_to_async(sign_ins.keep)(sign_in=sign_in, tokens=tokens)
        except STORE_FAILURES:
            if wait is None:
                raise
            await asyncio.sleep(wait)
        else:
            return kept
    raise AssertionError


# --- Using it ---------------------------------------------------------------------------------


async def asked(
    server: ToolServer,
    user: User,
    ask: Callable[[Mapping[str, str]], Awaitable[Found]],
) -> Found:
    """What `ask` returns with the headers by which a server knows the person, or us. Where it
    refuses a token it is asked once more with a new one; where it wants one of more scopes, the
    person's next sign-in asks for them.

    Raises:
        NeedsSignIn: the person has to sign in first.
        ToolFailed: there is no answer.
    """
    if not server.signs_in:
        return await ask(await database_sync_to_async(servers.headers)(server))
    sign_in = await current(user, server)
    try:
        try:
            return await ask(_headers(sign_in))
        except CredentialsRefused:
            sign_in = await current(user, server, refused=sign_in.version)
        return await ask(_headers(sign_in))
    except CredentialsRefused:
        await database_sync_to_async(sign_ins.forget)(sign_in=sign_in)
        raise NeedsSignIn(server.name) from None
    except ScopeRefused as refusal:
        widen = database_sync_to_async(sign_ins.widen)
        if await widen(sign_in=sign_in, scopes=refusal.scopes):
            raise NeedsSignIn(server.name) from None
        template = _noop("The tool server %(name)s does not let you do this with your sign-in.")
        raise ToolFailed(template, name=server.name) from None


def _headers(sign_in: SignIn) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign_in.tokens['access_token']}"}


async def current(user: User, server: ToolServer, *, refused: int | None = None) -> SignIn:
    """The sign-in of a person with tokens that are good, as far as is known: later ones than
    those of the version that was `refused`. One of all processes gets new ones.

    Raises:
        NeedsSignIn: there are none, or they cannot be renewed.
        SignInFailed: the OAuth server does not answer.
    """
    waited_for: int | None = None
    waits_until = time.monotonic() + PATIENCE_S
    while time.monotonic() < waits_until:
        found: SignIn | None = await database_sync_to_async(sign_ins.find)(user=user, server=server)
        if found is None or not found.tokens:
            raise NeedsSignIn(server.name)
        is_new = waited_for is not None and found.version > waited_for
        if found.version != refused and (found.is_fresh or is_new):
            return found
        waited_for = found.version
        if await database_sync_to_async(sign_ins.begin_renewal)(sign_in=found):
            await _shielded(_renew(found, server.name))
        else:
            await asyncio.sleep(LOOK)
    template = _noop("The tool server %(name)s has an OAuth server that does not answer.")
    raise SignInFailed(template, name=server.name)


async def _shielded(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work that goes on when the call is stopped: what an OAuth server gives has to be
    stored."""
    task = asyncio.create_task(work)
    _renewals.add(task)
    task.add_done_callback(_renewals.discard)
    await asyncio.shield(task)


async def _renew(sign_in: SignIn, name: str) -> None:
    await sdk.imported()
    from streaming.tools.oauth_http import client

    try:
        server, token = OAuthServer.of(sign_in.oauth), sign_in.tokens.get("refresh_token")
        if token is None:
            raise TokensRefused
        async with oauth.told(name), client(server.trusted) as http:
            tokens = await oauth.renew(http, server, sign_in.client, refresh_token=token)
    except TokensRefused:
        await database_sync_to_async(sign_ins.forget)(sign_in=sign_in)
    except BaseException:
        await database_sync_to_async(sign_ins.give_up_renewal)(sign_in=sign_in)
        raise
    else:
        await _keep(sign_in, {**tokens, "scope": sign_in.scope})


# --- Ending -----------------------------------------------------------------------------------


async def revoke_ended() -> None:
    """Revoke the sign-ins that are over at their OAuth servers, and delete them."""
    for sign_in in await database_sync_to_async(sign_ins.ended)():
        try:
            await _revoke(sign_in)
        except SignInFailed as error:
            logger.info("a sign-in was not revoked yet: %s", error)
        else:
            await database_sync_to_async(sign_ins.delete)(sign_in=sign_in)


async def _revoke(sign_in: SignIn) -> None:
    await sdk.imported()
    from streaming.tools.oauth_http import client

    if not sign_in.client or not sign_in.oauth:
        return
    server = OAuthServer.of(sign_in.oauth)
    async with oauth.told("of an ended sign-in"), client(server.trusted) as http:
        await oauth.revoke(http, server, sign_in.client, sign_in.tokens)
