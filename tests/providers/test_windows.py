"""How large a window is: where servers tell it, and what their refusals teach."""

from contextlib import aclosing
from typing import Any

import pytest

from providers import errors
from providers.inference import InferenceProvider
from providers.openai import OpenAIProvider
from providers.refusals import read_response, refusal_error
from tests.providers.connect import openai_at
from tests.providers.replies import REPLY_TEXT, ask
from tests.scripted.ollama import ScriptedOllama, entry
from tests.scripted.openai import ScriptedOpenAI

LLAMA = {
    "error": {
        "code": 400,
        "message": "request (910 tokens) exceeds the available context size (512 tokens), "
        "try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 910,
        "n_ctx": 512,
    }
}


def told(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": 400}}


TOO_LONG: list[tuple[str, Any, int | None, int | None]] = [
    ("llama-server", LLAMA, 512, 910),
    (
        "OpenAI",
        told(
            "This model's maximum context length is 4,096 tokens. However, your messages resulted "
            "in 9,001 tokens. Please reduce the length of the messages."
        ),
        4096,
        9001,
    ),
    (
        "OpenAI, with a reply",
        told(
            "This model's maximum context length is 4096 tokens. However, you requested 5000 "
            "tokens (4000 in the messages, 1000 in the completion)."
        ),
        4096,
        4000,
    ),
    (
        "OpenAI, newer",
        told(
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
            "300123 tokens."
        ),
        272000,
        300123,
    ),
    (
        "vLLM",
        told(
            "This model's maximum context length is 2048 tokens. However, you requested 2500 "
            "tokens in the messages, Please reduce the length of the messages."
        ),
        2048,
        2500,
    ),
    (
        "vLLM, reply too large",
        told(
            "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum "
            "context length is 4096 tokens and your request has 100 input tokens (9000 > 4096 - "
            "100)."
        ),
        4096,
        100,
    ),
    (
        "vLLM, newer",
        told(
            "You passed 3001 input tokens and requested 100 output tokens. However, the model's "
            "context length is only 2048 tokens, resulting in a maximum input length of 1948."
        ),
        2048,
        3001,
    ),
    (
        "vLLM, by the engine",
        told("The decoder prompt (length 3000) is longer than the maximum model length of 2048."),
        2048,
        3000,
    ),
    (
        "OpenRouter",
        told(
            "This endpoint's maximum context length is 32768 tokens. However, you requested about "
            "40000 tokens (39000 of text input, 1000 in the output)."
        ),
        32768,
        39000,
    ),
    (
        "LM Studio",
        {
            "error": "Trying to keep the first 5000 tokens when context the overflows. However, "
            "the model is loaded with context length of only 4096 tokens, which is not enough."
        },
        4096,
        5000,
    ),
    ("Ollama, older", {"error": "the input length exceeds the context length"}, None, None),
    (
        "SGLang",
        told("The input (5000 tokens) is longer than the model's context length (4096 tokens)."),
        4096,
        5000,
    ),
    (
        "Anthropic",
        told("prompt is too long: 210000 tokens > 200000 maximum"),
        200000,
        210000,
    ),
    (
        "Gemini",
        [
            told(
                "The input token count (1200000) exceeds the maximum number of tokens allowed "
                "(1048576)."
            )
        ],
        1048576,
        1200000,
    ),
    (
        "Mistral",
        {
            "object": "error",
            "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with "
            "32768 maximum context length",
        },
        32768,
        40000,
    ),
    (
        "LiteLLM",
        told(
            "litellm.BadRequestError: OpenAIException - Error code: 400 - {'error': {'code': 400, "
            "'message': 'request (910 tokens) exceeds the available context size (512 tokens)'}}"
        ),
        512,
        910,
    ),
]


@pytest.mark.parametrize(
    ("body", "window", "prompt"), [case[1:] for case in TOO_LONG], ids=[c[0] for c in TOO_LONG]
)
async def test_a_refusal_names_the_numbers_and_teaches_the_window(
    compatible: OpenAIProvider | InferenceProvider,
    openai_server: ScriptedOpenAI,
    body: Any,
    window: int | None,
    prompt: int | None,
) -> None:
    """In the words of each server; the window is believed until the list says another."""
    openai_server.models = [{"id": "refused", "context_length": 8192}]
    await compatible.list_models()
    assert await compatible.window("refused") == 8192
    openai_server.refusal = (400, body)
    error = (await ask(compatible, "refused")).error
    assert isinstance(error, errors.ContextTooLong)
    assert (error.window, error.prompt_tokens) == (window, prompt)
    await compatible.list_models()
    assert await compatible.window("refused") == (window or 8192)
    openai_server.models = [{"id": "refused", "context_length": 6000}]
    await compatible.list_models()
    assert await compatible.window("refused") == 6000


def test_ollama_passes_on_the_refusal_of_its_engine() -> None:
    inner = (
        b'{"error":"{\\"error\\":{\\"code\\":400,\\"message\\":\\"request (910 tokens) exceeds the '
        b'available context size (512 tokens)\\",\\"n_prompt_tokens\\":910,\\"n_ctx\\":512}}"}'
    )
    error = refusal_error(read_response(400, {}, inner), "Ollama", "m")
    assert isinstance(error, errors.ContextTooLong)
    assert (error.window, error.prompt_tokens) == (512, 910)


PROPS = {
    "default_generation_settings": {"n_ctx": 1024},
    "total_slots": 2,
    "modalities": {"vision": True, "audio": False},
    "chat_template_caps": {"supports_tools": True, "supports_system_role": False},
}


async def test_llama_server_is_asked_for_its_properties(
    openai: OpenAIProvider, openai_server: ScriptedOpenAI
) -> None:
    """It lists what the model was made for; a request has less."""
    name = "/srv/models/x-Q4.gguf"
    listed = {"id": name, "owned_by": "llamacpp", "meta": {"n_ctx_train": 8192}}
    openai_server.models = [listed]
    openai_server.answers["/props"] = PROPS
    openai_server.keys = {"sk-secret-1"}
    [model] = await openai.list_models()
    assert (model.label, model.context_length, model.window) == ("x-Q4", 8192, 1024)
    assert (model.slots, model.system_role) == (2, False)
    assert model.capabilities == ("completion", "vision", "tools")
    assert await openai.window(name) == 1024
    assert openai.replies_at_once(name) == 2


@pytest.mark.parametrize(
    ("told", "before_reply", "knows"),
    [
        ("none", "{{ '<|assistant|><think>' }}", True),
        ("none", "{{ '<|assistant|><think></think>' }}", False),
        ("none", "{{ '<|assistant|>' }}", False),
        ("auto", "{{ '<|assistant|><think>' }}", False),
    ],
)
async def test_a_template_that_opens_a_thought_is_known_before_the_first_reply(
    openai: OpenAIProvider,
    openai_server: ScriptedOpenAI,
    told: str,
    before_reply: str,
    knows: bool,
) -> None:
    """Where the server leaves the closing tag in the text."""
    openai_server.models = [{"id": "closes_alone", "owned_by": "llamacpp"}]
    template = f"{{{{ '<think>' }}}}{{% if add_generation_prompt %}}{before_reply}{{% endif %}}"
    generation = {"n_ctx": 1024, "params": {"reasoning_format": told}}
    openai_server.answers["/props"] = {
        "default_generation_settings": generation,
        "chat_template": template,
    }
    await openai.list_models()
    reply = await ask(openai, "closes_alone")
    assert (reply.reasoning.strip() == "Let me think.") is knows
    assert (reply.content == REPLY_TEXT) is knows
    assert reply.finish.thought_characters == (0 if knows else len("Let me think.\n"))


async def test_what_does_not_answer_has_nothing_to_add(
    openai: OpenAIProvider, openai_server: ScriptedOpenAI
) -> None:
    openai_server.models = [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx": 512}}]
    [model] = await openai.list_models()
    assert (model.window, model.slots) == (512, None)


async def test_lm_studio_is_asked_for_what_is_loaded(
    openai: OpenAIProvider, openai_server: ScriptedOpenAI
) -> None:
    openai_server.models = [{"id": m, "owned_by": "organization_owner"} for m in ("a", "b", "e")]
    openai_server.answers["/api/v0/models"] = {
        "data": [
            {"id": "a", "type": "vlm", "max_context_length": 8192, "loaded_context_length": 4096},
            {"id": "b", "type": "llm", "max_context_length": 8192, "capabilities": ["tool_use"]},
            {"id": "e", "type": "embeddings", "max_context_length": 512},
        ]
    }
    models = {model.name: model for model in await openai.list_models()}
    assert (models["a"].window, models["a"].capabilities) == (4096, ("completion", "vision"))
    assert (models["b"].window, models["b"].capabilities) == (None, ("completion", "tools"))
    assert not models["e"].chats
    assert await openai.window("a") == 4096


async def test_ollama_is_asked_behind_its_v1() -> None:
    async with ScriptedOllama(entry("m:latest", capabilities=("completion", "tools"))) as server:
        server.loaded["m:latest"] = 2048
        async with aclosing(openai_at(f"{server.url}/v1")) as provider:
            [model] = await provider.list_models()
            assert (model.window, model.context_length) == (2048, 8192)
            assert model.capabilities == ("completion", "tools")
            assert await provider.window("m:latest") == 2048


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("/srv/models/x-Q4.gguf", "x-Q4"),
        ("models/x-Q4-00001-of-00003.gguf", "x-Q4"),
        ("C:\\models\\x.GGUF", "x"),
        ("./x", "x"),
        ("/models/llama/", "llama"),
        ("meta-llama/Llama-3", "meta-llama/Llama-3"),
        ("x-Q4.gguf", "x-Q4"),
        ("gpt-5", "gpt-5"),
    ],
)
async def test_a_path_is_shown_as_its_file(
    openai: OpenAIProvider, openai_server: ScriptedOpenAI, name: str, label: str
) -> None:
    openai_server.models = [name]
    [model] = await openai.list_models()
    assert (model.name, model.label) == (name, label)
