"""A REST client, with an API key or as the page does it."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from tests.harness import WAIT_S
from tests.harness.fold import TOLD

CSRF = "a" * 32
Json = dict[str, Any]

# The fields of a message that the contract names.
MESSAGE = {*TOLD, "completed_at"}


class Rest:
    """Calls the server. The methods that have a name return the JSON of a call that has to
    succeed; `get`, `post`, `patch` and `delete` return the response, whatever it is."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        session: str | None = None,
        offer: Callable[[str], None] = lambda model: None,
    ) -> None:
        """`offer` is told every model before it is asked for."""
        self._offer = offer
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        cookies = {}
        if session:
            cookies = {"sessionid": session, "csrftoken": CSRF}
            headers["X-CSRFToken"] = CSRF
        self.http = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            cookies=cookies,
            timeout=WAIT_S,
            trust_env=False,
            verify=False,
            limits=httpx.Limits(max_connections=None),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    async def get(self, path: str, **params: Any) -> httpx.Response:
        # Without `params` the path's own query stays.
        return await self.http.get(path, params=params or None)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.post(path, json=body, **options)

    async def patch(self, path: str, body: Any = None) -> httpx.Response:
        return await self.http.patch(path, json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(path)

    # --- Calls that have to succeed ---------------------------------------------------------

    async def new_conversation(self, **fields: Any) -> str:
        return str(ok(await self.post("/api/conversations/", fields), 201)["id"])

    async def conversation(self, chat: str) -> Json:
        return ok(await self.get(f"/api/conversations/{chat}/"))

    async def messages(self, chat: str, branch: str = "head", limit: int = 1000) -> list[Json]:
        """All messages of a branch, over all pages."""
        path: str | None = f"/api/conversations/{chat}/messages/?branch={branch}&limit={limit}"
        found: list[Json] = []
        while path:
            page = ok(await self.get(path))
            found += page["results"]
            path = page["next"]
        return found

    async def message(self, message_id: str) -> Json:
        return ok(await self.get(f"/api/messages/{message_id}/"))

    async def generate(
        self, chat: str, content: str | None = "Hello", *, model: str | None = "normal", **body: Any
    ) -> httpx.Response:
        """The call itself. `content=None` for a regeneration; `model` goes into `parameters`, and
        `model=None` leaves it out."""
        body = {"client_id": str(uuid4()), **({"content": content} if content else {}), **body}
        if model:
            self._offer(model)
            body["parameters"] = {"model": model, **body.get("parameters", {})}
        return await self.post(f"/api/conversations/{chat}/generate/", body)

    async def upload(self, data: bytes, name: str = "file") -> httpx.Response:
        """The call itself."""
        return await self.http.post("/api/files/", files={"file": (name, data)})

    async def file(self, data: bytes, name: str = "file") -> str:
        """The id of a new file that is ready."""
        uploaded = ok(await self.upload(data, name), 201)
        assert uploaded["status"] == "ready", uploaded
        return str(uploaded["id"])

    async def stop(self, chat: str, message_id: str) -> Json:
        return ok(await self.post(f"/api/conversations/{chat}/stop/", {"id": message_id}))


def ok(response: httpx.Response, status: int = 200) -> Json:
    """The JSON of an answer with the expected status."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    found = response.json()
    assert isinstance(found, dict)
    return found


def refused(response: httpx.Response, status: int, code: str, *fields: str) -> Json:
    """The `error` of an answer that refuses, in the one shape of the product, and naming
    `fields` if there are any."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    assert response.headers["content-type"].startswith("application/json")
    body = response.json()
    error = body["error"]
    assert error["code"] == code, error
    assert_sentence(error["message"])
    assert set(error) <= {"code", "message", "fields"}
    for name in fields:
        assert name in error["fields"], error
    assert_clean(response.text)
    return dict(error)


# What never reaches a client: addresses, keys, pages, and where our code failed.
_LEAKS = ("http://", "https://", "<html", "<h1", "Traceback", 'File "', "sk-secret", "10.0.0.1")


def assert_clean(text: str) -> None:
    for leak in _LEAKS:
        assert leak not in text, f"{leak!r} in {text[:500]}"


def assert_sentence(text: str) -> None:
    """Something that a person can read."""
    assert len(text) > 8, text
    assert " " in text, text
    assert text.endswith((".", "?", "!")) or ":" in text, text
