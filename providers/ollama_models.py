"""Ollama's lists of models, read into our values. Pure functions over decoded JSON."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from providers import values
from providers.types import Model

_CHOSEN_WINDOW = re.compile(r"^num_ctx[ \t]+([0-9]{1,9})[ \t]*$", re.MULTILINE)
# Families that only embed, for servers that do not say what a model can do.
_EMBEDDING_FAMILIES = frozenset({"bert", "nomic-bert", "nomic-bert-moe"})


def address(base_url: str) -> str:
    """Return a URL for what `OLLAMA_HOST` may hold: `host`, `host:port` or a URL. `0.0.0.0` is an
    address to listen on: set for the server, it means this machine."""
    url = base_url.strip().rstrip("/")
    if "://" not in url:
        host, slash, path = url.partition("/")
        if not re.search(r":\d+$", host):
            host = f"{host or '127.0.0.1'}:11434"
        url = f"http://{'127.0.0.1' if host.startswith(':') else ''}{host}{slash}{path}"
    if urlsplit(url).hostname == "0.0.0.0":  # noqa: S104 - replaced, not listened on
        url = url.replace("0.0.0.0", "127.0.0.1", 1)  # noqa: S104
    return url


def short_name(name: str) -> str:
    """Return a name without `:latest`, the tag of a name that has none."""
    return name.removesuffix(":latest")


def is_cloud_name(name: str) -> bool:
    """Whether a model runs at ollama.com and not where Ollama runs: `m:cloud`, `m:20b-cloud`."""
    return name.endswith((":cloud", "-cloud"))


def entries(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the models of `/api/tags` or `/api/ps` that have a name."""
    return [entry for entry in values.mappings(data.get("models")) if name_of(entry)]


def find(data: Mapping[str, Any], model: str) -> Mapping[str, Any] | None:
    """Return the entry of a model. Ollama ignores case."""
    wanted = short_name(model).lower()
    for entry in entries(data):
        if short_name(name_of(entry)).lower() == wanted:
            return entry
    return None


def to_model(
    entry: Mapping[str, Any], shown: Mapping[str, Any], window: int | None = None
) -> Model | None:
    """Return a model of `/api/tags`, completed by `/api/show` where that was asked; `None` when it
    can neither chat nor embed."""
    details = values.mapping(entry.get("details"))
    listed = entry.get("capabilities", shown.get("capabilities"))
    capabilities = values.words(listed)
    family = values.word(details.get("family"))
    if not capabilities and family in _EMBEDDING_FAMILIES:
        capabilities = ("embedding",)
    if capabilities and not {"completion", "embedding"}.intersection(capabilities):
        return None
    name = name_of(entry)
    return Model(
        name=name,
        label=short_name(name),
        context_length=listed_length(entry) or context_length(shown),
        window=window,
        capabilities=capabilities,
        size_bytes=values.positive(entry.get("size"), values.MOST_BYTES),
        family=family,
        format=values.word(details.get("format")),
        parameter_size=values.word(details.get("parameter_size")),
        quantization_level=values.word(details.get("quantization_level")),
        remote=bool(entry.get("remote_host")) or is_cloud_name(name),
        created=_epoch(entry.get("modified_at")),
    )


def that_cannot_think(models: Iterable[Model]) -> set[str]:
    """Return the short names of the models that are known not to think."""
    known = (model for model in models if model.capabilities)
    return {short_name(model.name) for model in known if "thinking" not in model.capabilities}


def listed_length(entry: Mapping[str, Any]) -> int | None:
    """Return what `context_length` returns, where the list has it."""
    return values.positive(values.mapping(entry.get("details")).get("context_length"))


def context_length(shown: Mapping[str, Any]) -> int | None:
    """Return the longest context the model was made for, in tokens, from `/api/show`."""
    info = values.mapping(shown.get("model_info"))
    architecture = info.get("general.architecture")
    if length := values.positive(info.get(f"{architecture}.context_length")):
        return length
    lengths = (values.positive(v) for k, v in info.items() if str(k).endswith(".context_length"))
    return next((length for length in lengths if length), None)


def chosen_window(shown: Mapping[str, Any]) -> int | None:
    """Return the `num_ctx` that the model's Modelfile sets."""
    chosen = _CHOSEN_WINDOW.search(values.text(shown.get("parameters")))
    return values.positive(int(chosen[1])) if chosen else None


def name_of(entry: Mapping[str, Any]) -> str:
    return values.name(entry.get("name") or entry.get("model"))


def _epoch(value: object) -> int:
    """Seconds since 1970 of an RFC 3339 time, which may have nine decimals; 0 when unknown."""
    try:
        return values.epoch(datetime.fromisoformat(str(value)).timestamp())
    except (ValueError, OverflowError):
        return 0
