"""OpenAI's Agents SDK: `with_agents.py chat|responses`."""

import sys

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    WebSearchTool,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from steps import City, clock, play, refusal_of

set_tracing_disabled(True)
KIND = {"chat": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}[sys.argv[1]]


def agent(model: str, **settings) -> Agent:
    client = AsyncOpenAI(max_retries=0)
    return Agent(name="clerk", model=KIND(model, openai_client=client), **settings)


async def text() -> str:
    return (await Runner.run(agent("normal", instructions="Be brief."), "Hello")).final_output


async def stream() -> str:
    result = Runner.run_streamed(agent("normal"), "Hello")
    said = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            said += event.data.delta
    assert said == result.final_output
    return said


async def tools() -> str:
    asking = agent("tool_loop", tools=[function_tool(clock)])
    result = Runner.run_streamed(asking, "What time is it?")
    async for _ in result.stream_events():
        pass
    assert (await Runner.run(asking, "What time is it?")).final_output == result.final_output
    return result.final_output


async def form() -> City:
    return (await Runner.run(agent("form", output_type=City), "A city?")).final_output


async def reasoning() -> list[str]:
    """The items of a reply with thoughts, which go back with the next question."""
    settings = ModelSettings(reasoning={"effort": "high", "summary": "auto"})
    result = await Runner.run(agent("think", model_settings=settings), "Hello")
    more = [*result.to_input_list(), {"role": "user", "content": "And?"}]
    assert (await Runner.run(agent("think"), more)).final_output
    return [item.type for item in result.new_items]


async def hosted() -> str:
    """A tool that OpenAI's servers have, beside one of ours."""
    asking = agent("tool_loop", tools=[WebSearchTool(), function_tool(clock)])
    return (await Runner.run(asking, "What time is it?")).final_output


async def missing() -> str:
    return await refusal_of(lambda: Runner.run(agent("missing"), "Hello"))


steps = {"text": text, "stream": stream, "tools": tools, "form": form, "reasoning": reasoning}
if sys.argv[1] == "responses":
    steps["hosted"] = hosted
play(**steps, missing=missing)
