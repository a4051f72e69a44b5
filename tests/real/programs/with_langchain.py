"""LangChain, over chat completions, over responses, and over completions."""

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from steps import City, clock, play, refusal


def model(name: str, **more) -> ChatOpenAI:
    return ChatOpenAI(model=name, max_retries=0, **more)


def tools(**more) -> str:
    asking = model("tool_loop", **more).bind_tools([tool(clock)])
    messages = [("user", "What time is it?")]
    asked = None
    for chunk in asking.stream(messages):
        asked = chunk if asked is None else asked + chunk
    (call,) = asked.tool_calls
    return asking.invoke([*messages, asked, tool(clock).invoke(call)]).text


def stream(**more) -> str:
    return "".join(chunk.text for chunk in model("normal", **more).stream("Hello"))


play(
    text=lambda: model("normal").invoke("Hello").content,
    stream=stream,
    tools=tools,
    form=lambda: model("form").with_structured_output(City).invoke("A city?"),
    responses=lambda: stream(use_responses_api=True),
    responses_tools=lambda: tools(use_responses_api=True),
    completion=lambda: OpenAI(model="normal", max_retries=0).invoke("Hello"),
    completion_stream=lambda: "".join(OpenAI(model="normal", max_retries=0).stream("Hello")),
    # As it comes it sends numbers of tokens, not texts.
    embedding=lambda: OpenAIEmbeddings(
        model="embedder", check_embedding_ctx_length=False
    ).embed_query("three"),
    missing=lambda: refusal(lambda: model("missing").invoke("Hello")),
)
