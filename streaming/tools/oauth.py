"""What is said to OAuth servers, with the parts of the official SDK: registration, codes, tokens,
revocation. Knows no database.

The SDK's own flow waits in memory while a person signs in; ours is cut there. Its parts are
imported by the first use.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_noop as _noop

from conversations.tools.built_in import ToolFailed

if TYPE_CHECKING:
    import httpx2
    from mcp.shared.auth import OAuthMetadata, OAuthToken

logger = logging.getLogger(__name__)

# Characters of a token.
MOST_TOKEN: Final = 16_000
# Seconds for which a registration has to be good yet; and those that are believed of a token.
LEFT_S: Final = 86_400
LONGEST_S: Final = 10 * 365 * 86_400
# Seconds for a whole way: from an address to a registration, or from a code to tokens.
WAY_S: Final = 20.0
# Refusals of a refresh token that no later try undoes.
FINAL_STATUS: Final = (400, 401)
CLIENT_NAME: Final = "Chat Playground"
ACCEPT: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# What is kept of the metadata of an OAuth server.
_KEPT: Final = {
    *("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint"),
    *("revocation_endpoint", "authorization_response_iss_parameter_supported"),
}
NOT_LET_IN: Final = _noop("The OAuth server did not let you in (%(why)s).")
AWAY: Final = _noop("The OAuth server of this tool server is not available at the moment.")


class SignInFailed(ToolFailed):
    """A sign-in came to nothing. `str()` is a sentence for people."""


class TokensRefused(Exception):
    """An OAuth server does not take a code or a refresh token (any more). `str()` is its code."""


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """An OAuth server as a tool server's sign-ins use it. `trusted` are the origins that may be
    private, `methods` the ways of telling it a client's secret, `more` the scopes that calls were
    found to need beside those that the tool server names first."""

    metadata: "OAuthMetadata"
    resource: str
    scope: str | None
    trusted: tuple[str, ...]
    methods: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    def with_more(self, scopes: Sequence[str]) -> "OAuthServer":
        """The same, asked for these scopes, too."""
        every = dict.fromkeys([*(self.scope or "").split(), *scopes])
        return replace(self, scope=" ".join(every) or None, more=tuple(scopes))

    def as_json(self) -> dict[str, Any]:
        metadata = self.metadata.model_dump(mode="json", include=_KEPT, exclude_none=True)
        return {
            "metadata": metadata,
            "resource": self.resource,
            "scope": self.scope,
            "trusted": list(self.trusted),
            "more": list(self.more),
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "OAuthServer":
        from mcp.shared.auth import OAuthMetadata

        return cls(
            OAuthMetadata.model_validate(stored["metadata"]),
            stored["resource"],
            stored["scope"],
            tuple(stored["trusted"]),
            more=tuple(stored.get("more", ())),
        )


@asynccontextmanager
async def told(name: str) -> AsyncIterator[None]:
    """Raises `SignInFailed` for whatever fails inside, in our own words, since a stranger's may
    hold anything. `TokensRefused` passes."""
    import httpx2

    from streaming.tools.oauth_http import AddressRefused

    try:
        async with asyncio.timeout(WAY_S):
            yield
        return
    except (SignInFailed, TokensRefused):
        raise
    except AddressRefused as error:
        template = error.template
    except (TimeoutError, httpx2.TimeoutException):
        template = _noop("The tool server %(name)s, or its OAuth server, does not answer in time.")
    except httpx2.ConnectError:
        template = _noop("The tool server %(name)s, or its OAuth server, cannot be reached.")
    except Exception as error:  # noqa: BLE001 - a strange server may make the SDK raise anything
        logger.info("signing in to %s: %s", name, type(error).__name__)
        template = _noop(
            "The tool server %(name)s has an OAuth server that does not follow the protocol."
        )
    raise SignInFailed(template, name=name) from None


# --- Registering ------------------------------------------------------------------------------


async def register(
    http: "httpx2.AsyncClient", server: OAuthServer, *, redirect_uri: str
) -> dict[str, Any]:
    """A registration of this server at the OAuth server, to be kept encrypted."""
    from mcp.client.auth import utils
    from mcp.client.auth.oauth2 import check_registration_usable
    from mcp.shared.auth import OAuthClientMetadata

    from streaming.tools.oauth_http import answer_of

    if server.metadata.registration_endpoint is None:
        raise SignInFailed(
            _noop("The OAuth server does not accept registrations. Staff have to enter a client.")
        )
    wanted = OAuthClientMetadata.model_validate(
        {
            "client_name": CLIENT_NAME,
            "redirect_uris": [redirect_uri],
            "application_type": "web" if redirect_uri.startswith("https:") else "native",
            "token_endpoint_auth_method": _method(server, secret=True),
            "scope": server.scope,
        }
    )
    request = utils.create_client_registration_request(server.metadata, wanted, "")
    response, answer = await answer_of(http, request)
    if response.status_code not in (200, 201):
        template = _noop("The OAuth server refuses a registration (%(why)s).")
        raise SignInFailed(template, why=_code(answer))
    made = await utils.handle_registration_response(response)
    check_registration_usable(made)
    return {
        "issuer": str(server.metadata.issuer),
        "redirect_uri": redirect_uri,
        "client_id": made.client_id,
        "client_secret": made.client_secret or "",
        "token_endpoint_auth_method": made.token_endpoint_auth_method or "client_secret_basic",
        "expires_at": made.client_secret_expires_at or 0,
        "scope": server.scope or "",
        "address": answer.get("registration_client_uri"),
        "access_token": answer.get("registration_access_token"),
    }


def given_client(
    server: OAuthServer, *, client_id: str, secret: str, redirect_uri: str
) -> dict[str, Any]:
    """The client that staff have registered, or that our document describes, in the same shape."""
    return {
        "issuer": str(server.metadata.issuer),
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "client_secret": secret,
        "token_endpoint_auth_method": _method(server, secret=bool(secret)),
    }


def client_document(address: str, *, redirect_uri: str) -> dict[str, Any]:
    """The metadata of a client whose id is the address where they are read."""
    return {
        "client_id": address,
        "client_name": CLIENT_NAME,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "web",
    }


def may_use(client: Mapping[str, Any], server: OAuthServer, redirect_uri: str) -> bool:
    """Tell whether an earlier registration is good for another sign-in."""
    ends = client.get("expires_at") or 0
    return (
        client.get("issuer") == str(server.metadata.issuer)
        and client.get("redirect_uri") == redirect_uri
        and set(server.more) <= set(client.get("scope", "").split())
        and (not ends or ends > time.time() + LEFT_S)
    )


def _method(server: OAuthServer, *, secret: bool) -> str:
    ways = ("client_secret_basic", "client_secret_post") if secret else ()
    return next((way for way in ways if way in server.methods), "none")


# --- The way there and back -------------------------------------------------------------------


def authorization_address(
    server: OAuthServer, client: Mapping[str, Any], *, state: str, challenge: str
) -> str:
    """The address at which a person signs in."""
    import httpx2

    params = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uri"],
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "resource": server.resource,
    }
    if server.scope:
        params["scope"] = server.scope
        # OpenID Connect gives a refresh token only to those who ask the person anew.
        if "offline_access" in server.scope.split():
            params["prompt"] = "consent"
    url = httpx2.URL(str(server.metadata.authorization_endpoint))
    return str(url.copy_merge_params(params))


def pkce() -> tuple[str, str]:
    """A verifier, and the challenge that is made from it."""
    from mcp.client.auth.oauth2 import PKCEParameters

    made = PKCEParameters.generate()
    return made.code_verifier, made.code_challenge


def check_answer(server: OAuthServer, answer: Mapping[str, str]) -> str:
    """The code in what came back. Raises `SignInFailed` where it is of another OAuth server, or a
    refusal."""
    from mcp.client.auth import OAuthFlowError
    from mcp.client.auth.utils import validate_authorization_response_iss

    try:
        validate_authorization_response_iss(answer.get("iss"), server.metadata)
    except OAuthFlowError:
        raise SignInFailed(_noop("The answer comes from another OAuth server.")) from None
    if "error" in answer:
        raise SignInFailed(NOT_LET_IN, why=_code(answer))
    if not answer.get("code"):
        raise SignInFailed(_noop("The OAuth server sent no code."))
    return answer["code"]


async def exchange(
    http: "httpx2.AsyncClient",
    server: OAuthServer,
    client: Mapping[str, Any],
    *,
    code: str,
    verifier: str,
) -> dict[str, Any]:
    """The tokens for a code. Raises `TokensRefused`."""
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client["redirect_uri"],
        "code_verifier": verifier,
    }
    return await _tokens(http, server, client, asked)


async def renew(
    http: "httpx2.AsyncClient",
    server: OAuthServer,
    client: Mapping[str, Any],
    *,
    refresh_token: str,
) -> dict[str, Any]:
    """New tokens. Raises `TokensRefused`."""
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return {"refresh_token": refresh_token} | await _tokens(http, server, client, asked)


async def _tokens(
    http: "httpx2.AsyncClient",
    server: OAuthServer,
    client: Mapping[str, Any],
    asked: dict[str, str],
) -> dict[str, Any]:
    from mcp.shared.auth import OAuthToken

    from streaming.tools.oauth_http import answer_of

    url = str(server.metadata.token_endpoint)
    request = _form(url, client, {**asked, "resource": server.resource})
    response, answer = await answer_of(http, request)
    if response.status_code in FINAL_STATUS:
        raise TokensRefused(_code(answer))
    if response.status_code not in (200, 201):
        raise SignInFailed(AWAY)
    return _kept(OAuthToken.model_validate(answer))


def _kept(token: "OAuthToken") -> dict[str, Any]:
    """What is kept of an answer with tokens. Raises `ValueError` for what cannot be sent."""
    kept: dict[str, Any] = {"access_token": token.access_token}
    if token.refresh_token:
        kept["refresh_token"] = token.refresh_token
    for text in kept.values():
        if len(text) > MOST_TOKEN or not _TOKEN.fullmatch(text):
            raise ValueError("this token cannot be sent")
    if token.expires_in is not None:
        kept["expires_in"] = max(0, min(token.expires_in, LONGEST_S))
    return kept


def _form(url: str, client: Mapping[str, Any], data: dict[str, str]) -> "httpx2.Request":
    """A form, with which the client says who it is as it was registered."""
    import httpx2
    from mcp.client.auth.oauth2 import OAuthContext
    from mcp.shared.auth import OAuthClientInformationFull

    nothing: Any = None  # the parts of a flow that are not needed for this
    context = OAuthContext(url, nothing, nothing, nothing, nothing)
    context.client_info = OAuthClientInformationFull.model_validate(
        {
            name: client.get(name)
            for name in ("client_id", "client_secret", "token_endpoint_auth_method")
        }
    )
    form, headers = context.prepare_token_auth({**data, "client_id": client["client_id"]}, {})
    return httpx2.Request("POST", url, data=form, headers={**ACCEPT, **headers})


# --- Ending -----------------------------------------------------------------------------------


async def revoke(
    http: "httpx2.AsyncClient",
    server: OAuthServer,
    client: Mapping[str, Any],
    tokens: Mapping[str, Any],
) -> None:
    """Take the tokens back, and our registration, where the OAuth server has a way to."""
    import httpx2

    if server.metadata.revocation_endpoint is not None:
        url = str(server.metadata.revocation_endpoint)
        for kind in ("refresh_token", "access_token"):
            if kind in tokens:
                asked = {"token": tokens[kind], "token_type_hint": kind}
                _check(await http.send(_form(url, client, asked)))
    address, token = client.get("address"), client.get("access_token")
    if isinstance(address, str) and isinstance(token, str) and _TOKEN.fullmatch(token):
        headers = {**ACCEPT, "Authorization": f"Bearer {token}"}
        _check(await http.send(httpx2.Request("DELETE", address, headers=headers)))


def _check(response: "httpx2.Response") -> None:
    """Raise where another try may help."""
    if response.status_code >= 500 or response.status_code == 429:
        raise SignInFailed(AWAY)


def _code(answer: Mapping[str, Any]) -> str:
    """The code of a refusal, if it looks like one."""
    code = answer.get("error")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "no reason"
