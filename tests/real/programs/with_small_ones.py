"""Smolagents, Magentic and Mirascope."""

from magentic import OpenaiChatModel, StreamedStr, prompt, prompt_chain
from mirascope import llm
from smolagents import OpenAIModel
from steps import BASE, KEY, clock, play

HELLO = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]


def magentic(name: str) -> OpenaiChatModel:
    return OpenaiChatModel(name, base_url=BASE, api_key=KEY)


@prompt("Hello", model=magentic("normal"))
def said() -> str: ...


@prompt("Hello", model=magentic("normal"))
def streamed() -> StreamedStr: ...


@prompt_chain("What time is it?", functions=[clock], model=magentic("tool_loop"))
def asked() -> str: ...


def smolagents(name: str) -> OpenAIModel:
    return OpenAIModel(model_id=name, api_base=BASE, api_key=KEY)


def smolagents_stream() -> str:
    return "".join(delta.content or "" for delta in smolagents("normal").generate_stream(HELLO))


def mirascope() -> str:
    llm.register_provider("openai:completions", scope="openai/", base_url=BASE, api_key=KEY)
    return llm.Model("openai/normal").call("Hello").pretty()


play(
    text=said,
    stream=lambda: "".join(streamed()),
    tools=asked,
    smolagents=lambda: smolagents("normal").generate(HELLO).content,
    smolagents_stream=smolagents_stream,
    mirascope=mirascope,
)
