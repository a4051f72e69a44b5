"""How servers start that are not the usual one."""

import re

from tests.harness.server import ChatServer

# With the embedded model: nothing is configured, and nothing answers where an Ollama would be.
ALONE = {
    "LOCAL_MODEL": "auto",
    "CHAT_DEFAULT_PROVIDER": "",
    "CHAT_DEFAULT_MODEL": "",
    "USE_OPENAI": "",
    "OPENAI_API_KEY": "",
    "OPENAI_BASE_URL": "",
    "INFERENCE_SERVICE_URL": "",
    "INFERENCE_SERVICE_API_KEY": "",
    "OLLAMA_BASE_URL": "http://127.0.0.1:9",
}


def printed_link(server: ChatServer) -> str:
    """The one-time link that a server without accounts prints."""
    found = re.search(r"http://\S+/setup/\S+", server.log)
    assert found, server.log
    return found.group()
