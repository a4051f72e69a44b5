"""Strands Agents."""

from steps import BASE, KEY, City, clock, play, refusal
from strands import Agent, tool
from strands.models.openai import OpenAIModel


def agent(model: str, **more) -> Agent:
    made = OpenAIModel(client_args={"base_url": BASE, "api_key": KEY}, model_id=model)
    return Agent(model=made, callback_handler=None, **more)


play(
    text=lambda: str(agent("normal")("Hello")).strip(),
    tools=lambda: str(agent("tool_loop", tools=[tool(clock)])("What time is it?")).strip(),
    form=lambda: agent("form").structured_output(City, "A city?"),
    missing=lambda: refusal(lambda: agent("missing")("Hello")),
)
