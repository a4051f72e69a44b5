"""LlamaIndex, as for any server that is like OpenAI's."""

from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike
from steps import BASE, KEY, City, clock, play, refusal

HELLO = [ChatMessage(role="user", content="Hello")]


def model(name: str, **more) -> OpenAILike:
    more = {"is_chat_model": True, "is_function_calling_model": True, **more}
    return OpenAILike(model=name, api_base=BASE, api_key=KEY, max_retries=0, **more)


def tools() -> str:
    tool = FunctionTool.from_defaults(clock)
    return model("tool_loop").predict_and_call([tool], "What time is it?").response


def form() -> City:
    asked = model("form", should_use_structured_outputs=True)
    return asked.structured_predict(City, PromptTemplate("A city?"))


def embeddings() -> list[list[float]]:
    made = OpenAILikeEmbedding(model_name="embedder", api_base=BASE, api_key=KEY, max_retries=0)
    return made.get_text_embedding_batch(["one", "three"])


def old_stream() -> str:
    """Over `/v1/completions`, which it takes unless it is told otherwise."""
    replies = model("normal", is_chat_model=False).stream_complete("Hello")
    return "".join(reply.delta for reply in replies)


play(
    text=lambda: model("normal").chat(HELLO).message.content,
    stream=lambda: "".join(reply.delta or "" for reply in model("normal").stream_chat(HELLO)),
    call=tools,
    form=form,
    embeddings=embeddings,
    completion=lambda: model("normal", is_chat_model=False).complete("Hello").text,
    completion_stream=old_stream,
    missing=lambda: refusal(lambda: model("missing").chat(HELLO)),
)
