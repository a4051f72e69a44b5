"""Finds the OAuth server of a tool server, as the MCP specification has it: by what the tool server
tells of itself (RFC 9728), and by what the OAuth server does (RFC 8414, OpenID Connect)."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_noop as _noop

from streaming.tools.oauth import OAuthServer, SignInFailed

if TYPE_CHECKING:
    import httpx2
    from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

# OAuth servers that a tool server may name, ways to know a client, and characters of the scopes
# that are asked for.
MOST_SERVERS: Final = 10
MOST_METHODS: Final = 10
MOST_SCOPE: Final = 2000


async def discover(
    http: "httpx2.AsyncClient", *, url: str, issuer: str, trusted: tuple[str, ...]
) -> OAuthServer:
    """The OAuth server of a tool server: the one that staff have named, or the first of those that
    it names itself."""
    from mcp.client.auth.utils import extract_scope_from_www_auth, get_client_metadata_scopes
    from mcp.shared.auth import DEFAULT_GRANT_TYPES
    from mcp.shared.auth_utils import resource_url_from_server_url

    from streaming.tools.oauth_http import look_up

    challenge = await _challenge(http, url)
    protected = await _protected_resource(http, url, challenge)
    chosen: str | None = issuer or None
    resource = resource_url_from_server_url(url)
    if protected is not None:
        resource = str(protected.resource)
        chosen = _chosen([str(address) for address in protected.authorization_servers], issuer)
    metadata = await _metadata(http, url, chosen)
    if "S256" not in (metadata.code_challenge_methods_supported or ()):
        raise SignInFailed(_noop("The OAuth server of this tool server does not support PKCE."))
    await look_up(str(metadata.authorization_endpoint), trusted)
    scope = get_client_metadata_scopes(
        extract_scope_from_www_auth(challenge), protected, metadata, list(DEFAULT_GRANT_TYPES)
    )
    methods = metadata.token_endpoint_auth_methods_supported or ["client_secret_basic"]
    return OAuthServer(
        metadata, resource, scope and scope[:MOST_SCOPE], trusted, tuple(methods[:MOST_METHODS])
    )


async def _challenge(http: "httpx2.AsyncClient", url: str) -> "httpx2.Response":
    """The answer of a tool server to somebody it does not know."""
    headers = {"Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with http.stream("POST", url, json=body, headers=headers) as response:
        return response


async def _protected_resource(
    http: "httpx2.AsyncClient", url: str, challenge: "httpx2.Response"
) -> "ProtectedResourceMetadata | None":
    from mcp.client.auth import utils
    from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url

    named = utils.extract_resource_metadata_from_www_auth(challenge)
    for address in utils.build_protected_resource_metadata_discovery_urls(named, url):
        response = await http.send(utils.create_oauth_metadata_request(address))
        if response.status_code >= 500:
            raise SignInFailed(
                _noop("The tool server does not name its OAuth server at the moment.")
            )
        found = await utils.handle_protected_resource_response(response)
        if found is None:
            continue
        own = resource_url_from_server_url(url)
        if not check_resource_allowed(own, str(found.resource)):
            raise SignInFailed(_noop("The tool server names the OAuth server of another resource."))
        return found
    return None


def _chosen(named: list[str], issuer: str) -> str:
    from mcp.client.auth.utils import issuers_match

    fitting = [name for name in named[:MOST_SERVERS] if not issuer or issuers_match(name, issuer)]
    if not fitting:
        raise SignInFailed(_noop("The tool server names another OAuth server than staff did."))
    return fitting[0]


async def _metadata(http: "httpx2.AsyncClient", url: str, issuer: str | None) -> "OAuthMetadata":
    from mcp.client.auth import utils

    from streaming.tools.oauth_http import origin

    for address in utils.build_oauth_authorization_server_metadata_discovery_urls(issuer, url):
        response = await http.send(utils.create_oauth_metadata_request(address))
        go_on, found = await utils.handle_auth_metadata_response(response)
        if found is not None:
            told = str(found.issuer)
            # Without a name it is the tool server itself, as in the first edition of the protocol.
            same = utils.issuers_match(told, issuer) if issuer else origin(told) == origin(url)
            if not same:
                raise SignInFailed(_noop("The OAuth server identifies itself as another."))
            return found
        if not go_on:
            break
    raise SignInFailed(_noop("The tool server does not name an OAuth server."))
