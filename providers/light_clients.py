"""Loads aiohttp and Ollama's client without what they make at once and nobody here uses.

aiohttp reads the system's certificate authorities, twice, for sessions that bring no TLS context of
their own, as ours do. Ollama's client makes an HTTP client for those who make none, and pydantic's
validators of every object of its API, where we send and read JSON. That takes 6 MiB and a tenth of
the start, so all of it is made when somebody asks for it.
"""

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from threading import get_ident
from types import ModuleType
from typing import Any, Final

_OLLAMA: Final = "ollama"


def load_aiohttp() -> None:
    """Load aiohttp, unless it is there. Its own TLS contexts read the authorities when a connection
    is made with them."""
    if "aiohttp" in sys.modules:
        return
    contexts: list[ssl.SSLContext] = []
    plain, here = ssl.SSLContext.set_default_verify_paths, get_ident()

    def read_later(context: ssl.SSLContext) -> None:
        if get_ident() != here:  # not aiohttp
            plain(context)
            return
        contexts.append(context)

    with _replaced(ssl.SSLContext, "set_default_verify_paths", read_later):
        import aiohttp  # noqa: F401
    for context in contexts:
        context.wrap_bio = partial(_read_and_wrap, context)  # type: ignore[method-assign]


def _read_and_wrap(context: ssl.SSLContext, *args: Any, **options: Any) -> ssl.SSLObject:
    context.set_default_verify_paths()
    del context.wrap_bio  # the class's own from now on
    return context.wrap_bio(*args, **options)


def load_ollama() -> None:
    """Load Ollama's client, unless it is there."""
    if _OLLAMA in sys.modules:
        return
    import httpx

    with deferred_models(), _replaced(httpx, "Client", partial(_MadeOnUse, httpx.Client)):
        import_module(_OLLAMA)


@contextmanager
def deferred_models() -> Iterator[None]:
    """Models of pydantic that are declared within it get their validators with their first use."""
    from pydantic import BaseModel

    with _replaced(BaseModel, "model_config", {**BaseModel.model_config, "defer_build": True}):
        yield


class ModuleOnUse(ModuleType):
    """A module, or a package, that loads itself when something of it is asked for. Modules of a
    package can be loaded one by one before."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__, self.__package__ = spec, spec.name
        self.__path__ = spec.submodule_search_locations or []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the machinery of imports asks, not somebody
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment] # it is one from now on
        spec = self.__spec__
        assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - of a file
        spec.loader.exec_module(self)
        return getattr(self, name)


class _MadeOnUse:
    """An object that is made when something of it is asked for."""

    def __init__(self, make: Any, **options: Any) -> None:
        self._make, self._options = make, options

    def __getattr__(self, name: str) -> Any:
        if "_made" not in vars(self):
            self._made = self._make(**self._options)
        return getattr(self._made, name)


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    own, plain = name in vars(owner), getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, plain)
        else:
            delattr(owner, name)
