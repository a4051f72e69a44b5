"""LiteLLM's proxy, with a model server behind it."""

import http.client
import json
from typing import Any

from tests.harness.ports import free_port
from tests.harness.services import Service
from tests.real.running import tool_of

KEY = "sk-4f1c0a7e93b852d6407fae19c38b6d52"


class LiteLLMProxy(Service):
    """The one model that it lists, `small`, is that of an OpenAI-compatible server at `url`."""

    name = "litellm"
    start_s = 400.0  # it imports for minutes on a busy machine

    def __init__(self, url: str) -> None:
        super().__init__()
        self.port = free_port()
        behind = {"model": "openai/behind", "api_base": url, "api_key": "none"}
        settings: dict[str, Any] = {
            "model_list": [{"model_name": "small", "litellm_params": behind}],
            "litellm_settings": {"telemetry": False},
            "general_settings": {"master_key": KEY},
        }
        (self.directory / "config.yaml").write_text(json.dumps(settings))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def command(self) -> list[str]:
        # Else it fetches a list of prices first.
        command = ["env", "LITELLM_LOCAL_MODEL_COST_MAP=True", str(tool_of("newest", "litellm"))]
        return [
            *command,
            "--config",
            "config.yaml",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health/liveliness")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
