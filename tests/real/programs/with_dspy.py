"""DSPy, which asks by LiteLLM."""

import dspy
from steps import BASE, KEY, City, play, refusal


def model(name: str, **more) -> dspy.LM:
    return dspy.LM(f"openai/{name}", api_base=BASE, api_key=KEY, cache=False, **more)


def form() -> City:
    with dspy.context(lm=model("form"), adapter=dspy.JSONAdapter()):
        found = dspy.Predict("question -> city: str, people: int")(question="A city?")
        return City(city=found.city, people=found.people)


def embeddings() -> list[list[float]]:
    made = dspy.Embedder("openai/embedder", api_base=BASE, api_key=KEY, caching=False)
    return made(["one", "three"]).tolist()


play(
    text=lambda: model("normal")("Hello")[0],
    responses=lambda: model("normal", model_type="responses")("Hello")[0]["text"],
    completion=lambda: model("normal", model_type="text")("Hello")[0],
    form=form,
    embeddings=embeddings,
    missing=lambda: refusal(lambda: model("missing", num_retries=0)("Hello")),
)
