"""Loads OpenAI's client without its types.

The client declares each object of OpenAI's API, some 350 modules of them, and loads them all at
once: a fifth of the start of the server, and 13 MiB. We send and read JSON (`providers/openai`), so
they are loaded when somebody asks for one, which nobody does.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

from providers.light_clients import ModuleOnUse, deferred_models

_CLIENT: Final = "openai"
# Where the types are, and what makes tools and replies of them, with the names that are taken from
# there while the client is loaded.
_TYPES: Final = "openai.types"
_MAKERS: Final = {
    "openai.lib._tools": ("pydantic_function_tool", "pydantic_responses_function_tool"),
    "openai.lib._parsing": ("ResponseFormatT", "type_to_response_format_param"),
}


def load() -> None:
    """Load the client, unless it is there. A version that is laid out otherwise is loaded whole."""
    if _CLIENT in sys.modules:
        return
    try:
        with _stand_ins(), deferred_models():
            import_module(_CLIENT)
    except (ImportError, AttributeError):
        for name in [*sys.modules]:
            if name == _CLIENT or name.startswith(f"{_CLIENT}."):
                del sys.modules[name]
        import_module(_CLIENT)


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Within it the makers are not loaded; the types are not before one is asked for."""
    client = find_spec(_CLIENT)
    types = client and PathFinder.find_spec(_TYPES, client.submodule_search_locations)
    if types is None:
        raise ImportError(_TYPES)
    sys.modules[_TYPES] = ModuleOnUse(types)
    for name, taken in _MAKERS.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update((one, _Later(name, one)) for one in taken)
    try:
        yield
    finally:
        for name in _MAKERS:
            sys.modules.pop(name, None)


class _Later:
    """A function of a module that is loaded when it is called."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(import_module(self._module), self._name)(*args, **options)
