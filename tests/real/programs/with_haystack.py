"""Haystack's generator, agent and embedder."""

from haystack.components.agents import Agent
from haystack.components.embedders import OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function
from steps import BASE, clock, play, refusal

HELLO = [ChatMessage.from_user("Hello")]


def generator(model: str, **more) -> OpenAIChatGenerator:
    return OpenAIChatGenerator(model=model, api_base_url=BASE, max_retries=0, **more)


def stream() -> str:
    said: list[str] = []
    asked = generator("normal", streaming_callback=lambda chunk: said.append(chunk.content))
    reply = asked.run(HELLO)["replies"][0]
    assert reply.text == "".join(said)
    return reply.text


def tools() -> str:
    asking = Agent(chat_generator=generator("tool_loop"), tools=[create_tool_from_function(clock)])
    asking.warm_up()
    return asking.run([ChatMessage.from_user("What time is it?")])["messages"][-1].text


def embedding() -> list[float]:
    return OpenAITextEmbedder(model="embedder", api_base_url=BASE).run("three")["embedding"]


play(
    text=lambda: generator("normal").run(HELLO)["replies"][0].text,
    stream=stream,
    tools=tools,
    embedding=embedding,
    missing=lambda: refusal(lambda: generator("missing").run(HELLO)),
)
