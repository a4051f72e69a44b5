"""A model as `/v1/models` lists it."""

from typing import Any

from providers.types import Model


def entry(model: Model, provider: str) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "created": model.created,
        "owned_by": provider,
        "displayLabel": model.label,
        "contextLength": model.context_length,
        "capabilities": list(model.capabilities),
        "metadata": {
            "family": model.family,
            "format": model.format,
            "parameterSize": model.parameter_size,
            "quantizationLevel": model.quantization_level,
        },
    }
