"""A tool server that wants people to sign in, made with the official SDK, as a process:
`python -m tests.scripted.protected_mcp_server PORT ISSUER`.

Beside it are tool servers that lead astray, each at an address of its own: `/astray/KIND`.
"""

import gzip
import sys
from typing import Any

import httpx
import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import AnyHttpUrl
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tests.harness import WAIT_S

PORT, ISSUER = int(sys.argv[1]), sys.argv[2]
HERE = f"http://127.0.0.1:{PORT}"
RESOURCE = f"{HERE}/mcp"
# What is known at the OAuth server of `tests/clients/oauth-server.mjs`.
KNOWN_AS = ("tool-server", "tool-server-secret")
# What came to the other origin.
came: list[dict[str, str]] = []


class Introspection:
    """Asks the OAuth server what a token is worth (RFC 7662)."""

    async def verify_token(self, token: str) -> AccessToken | None:
        async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as http:
            url = f"{ISSUER}/token/introspection"
            told = (await http.post(url, data={"token": token}, auth=KNOWN_AS)).json()
        if not told.get("active"):
            return None
        return AccessToken(
            token=token,
            client_id=told["client_id"],
            scopes=told["scope"].split(),
            expires_at=told["exp"],
            resource=told["aud"],
            subject=told["sub"],
        )


server = MCPServer(
    "protected",
    token_verifier=Introspection(),
    auth=AuthSettings(
        issuer_url=AnyHttpUrl(ISSUER),
        resource_server_url=AnyHttpUrl(RESOURCE),
        required_scopes=["tools"],
        validate_token_resource=True,
    ),
)


@server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def who_am_i() -> str:
    """Tell who has signed in."""
    token = get_access_token()
    return f"You are {token.subject if token else None}."


@server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def erase() -> str:
    """Do what needs another scope."""
    return "Erased."


@server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def never() -> str:
    """Do what nobody may, whatever they have asked for."""
    raise NotImplementedError  # the guard refuses


# The scope that a call needs beside the one that all need.
NEEDS = {"erase": "erase", "never": "tools"}


def guarded(app: Any) -> Any:
    """The application, for calls whose token has the scope of the tool."""

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        name = headers.get(b"mcp-name", b"").decode()
        needed = NEEDS.get(name)
        if needed is not None:
            shown = headers[b"authorization"].decode().removeprefix("Bearer ")
            token = await Introspection().verify_token(shown)
            if token and (name == "never" or needed not in token.scopes):
                challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
                response = Response(status_code=403, headers={"WWW-Authenticate": challenge})
                await response(scope, receive, send)
                return
        await app(scope, receive, send)

    return guard


@server.custom_route("/astray/{kind}", methods=["POST"])
async def astray(request: Request) -> Response:
    kind = request.path_params["kind"]
    if kind == "redirect":
        # The same machine, but another origin.
        return RedirectResponse(f"http://localhost:{PORT}/elsewhere", 307)
    named = f'Bearer resource_metadata="{HERE}/astray/{kind}/metadata"'
    return Response(status_code=401, headers={"WWW-Authenticate": named})


@server.custom_route("/astray/{kind}/metadata", methods=["GET"])
async def metadata(request: Request) -> Response:
    kind = request.path_params["kind"]
    if kind == "large":
        return Response(b" " * 300_000 + b"{}", media_type="application/json")
    if kind == "zipped":
        return Response(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    named = {
        "private": "https://10.0.0.1",
        "by-name": "https://localhost",
        "plain": ISSUER,
        "another": f"{HERE}/another",
        "document": f"{HERE}/document",
    }[kind]
    told: dict[str, Any] = {
        "resource": f"{HERE}/astray/{kind}",
        "authorization_servers": [named],
    }
    return JSONResponse(told)


@server.custom_route("/.well-known/oauth-authorization-server/another", methods=["GET"])
async def another(request: Request) -> Response:
    """The metadata of an OAuth server that says it is a different one."""
    ends = {f"{name}_endpoint": f"{HERE}/{name}" for name in ("authorization", "token")}
    return JSONResponse({"issuer": ISSUER, "code_challenge_methods_supported": ["S256"], **ends})


@server.custom_route("/.well-known/oauth-authorization-server/document", methods=["GET"])
async def document(request: Request) -> Response:
    """The metadata of an OAuth server that reads the documents of clients."""
    ends = {f"{name}_endpoint": f"{HERE}/{name}" for name in ("authorization", "token")}
    told = {
        "issuer": f"{HERE}/document",
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": True,
    }
    return JSONResponse({**told, **ends})


@server.custom_route("/elsewhere", methods=["GET", "POST"])
async def elsewhere(request: Request) -> Response:
    came.append(dict(request.headers))
    return Response(status_code=404)


@server.custom_route("/came", methods=["GET"])
async def what_came(request: Request) -> Response:
    return JSONResponse(came)


if __name__ == "__main__":
    app = guarded(server.streamable_http_app(host="127.0.0.1"))
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
