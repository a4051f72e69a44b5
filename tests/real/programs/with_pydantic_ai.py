"""Pydantic AI: `with_pydantic_ai.py chat|responses`."""

import sys

from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from steps import City, clock, play, refusal_of

model = {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}[sys.argv[1]]


async def text() -> str:
    return (await Agent(model("normal")).run("Hello")).output


async def stream() -> str:
    async with Agent(model("normal")).run_stream("Hello") as result:
        return "".join([piece async for piece in result.stream_text(delta=True)])


async def tools() -> str:
    return (await Agent(model("tool_loop"), tools=[clock]).run("What time is it?")).output


async def form() -> City:
    return (await Agent(model("form"), output_type=NativeOutput(City)).run("A city?")).output


async def reasoning() -> list[str]:
    """The parts of a reply with thoughts, which go back with the next question."""
    result = await Agent(model("think")).run("Hello")
    history = result.all_messages()
    assert (await Agent(model("normal")).run("And?", message_history=history)).output
    return [part.part_kind for message in history for part in message.parts]


async def missing() -> str:
    return await refusal_of(lambda: Agent(model("missing")).run("Hello"))


play(text=text, stream=stream, tools=tools, form=form, reasoning=reasoning, missing=missing)
