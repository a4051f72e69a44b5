"""`/v1` in the description of the API: plain views, which drf-spectacular does not see."""

from pathlib import Path
from typing import Any

import yaml

from conversations import schema

DESCRIBED = Path(__file__).with_name("openapi.yaml")


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Tell OpenAPI of these addresses (a hook of drf-spectacular)."""
    described = yaml.safe_load(DESCRIBED.read_text())
    for path, item in described["paths"].items():
        for method, operation in item.items():
            operation["tags"] = ["v1"]
            if operation.setdefault("security", [{"apiKey": []}, {"session": []}]):
                statuses = ["401", "403", "502", "503"]
                if method == "post":
                    statuses += ["400", "413", "429", "504"]
                if method == "post" or "{" in path:
                    statuses.append("404")
                schema.refuse(operation, statuses, "OpenAIError")
        result["paths"][path] = item
    result["components"]["schemas"].update(described["schemas"])
    return result
