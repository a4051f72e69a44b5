"""A model as `/v1/models` lists it: `contextLength` is what a request may have here, the model's
own is in `metadata`."""

from typing import Any

from providers.types import Model


def entry(model: Model, name: str, provider: str, *, stale: bool = False) -> dict[str, Any]:
    """The model whose id is `name`; `stale` when its provider does not answer at the moment."""
    return {
        "id": name,
        "object": "model",
        "created": model.created,
        "owned_by": provider,
        "displayLabel": model.label,
        "contextLength": model.window or model.context_length,
        "capabilities": list(model.capabilities),
        **({"stale": True} if stale else {}),
        "metadata": {
            "contextLength": model.context_length,
            "family": model.family,
            "format": model.format,
            "parameterSize": model.parameter_size,
            "quantizationLevel": model.quantization_level,
        },
    }
