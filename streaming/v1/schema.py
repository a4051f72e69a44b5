"""`/v1` in the description of the API: plain views, which drf-spectacular does not see."""

from pathlib import Path
from typing import Any

import yaml

DESCRIBED = Path(__file__).with_name("openapi.yaml")

SECURITY: list[dict[str, list[str]]] = [{"apiKey": []}, {"session": []}]
ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "In seconds."}}

REFUSALS = {
    "401": "The key is missing, unknown, expired or revoked, or nobody is signed in.",
    "403": "The key lacks the scope or may not use the model, or the session its CSRF token.",
    "502": "The provider failed.",
    "503": "The provider, or something else that the server needs, is down or busy.",
}
NO_MODEL = {"404": "There is no such model."}
REFUSALS_OF_POST = {
    "400": "The request is wrong; `param` says where.",
    "413": "The body is too large.",
    "429": "A limit is reached, or a budget spent.",
    "504": "The provider took too long.",
}


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Tell OpenAPI of these addresses (a hook of drf-spectacular)."""
    described = yaml.safe_load(DESCRIBED.read_text())
    for path, item in described["paths"].items():
        for method, operation in item.items():
            operation["tags"] = ["v1"]
            if operation.setdefault("security", SECURITY):
                refusals = REFUSALS | (REFUSALS_OF_POST if method == "post" else {})
                if method == "post" or "{" in path:
                    refusals = refusals | NO_MODEL
                for status, sentence in refusals.items():
                    operation["responses"][status] = _refusal(status, sentence)
        result["paths"][path] = item
    result["components"]["schemas"].update(described["schemas"])
    return result


def _refusal(status: str, sentence: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": sentence, "content": ERROR}
    return {**answer, "headers": RETRY} if status in ("429", "503") else answer
