"""The child process of the embedded model: llama.cpp's own server, from the package `xllamacpp`.

It speaks OpenAI's protocol on a loopback port of its own, with a key that only our process gets to
know: both are printed on one line when the model is loaded. Imports nothing of Django, so that it
starts fast.
"""

import argparse
import os
import secrets
import sys
import threading
from pathlib import Path

MODEL = "smollm2:135m"
CONTEXT = 2048  # tokens for each request; a slow core reads 1,000 of them in about 7 s
SLOTS = 2
_BATCH = 32  # tokens read between two looks at whether the caller is still there (about 0.2 s)
_MAX_THREADS = 4  # more do not make so small a model faster
_CACHE_MIB = 256  # of prompts already read, so that the next turn of a conversation starts at once


def _threads() -> int:
    """All cores but one: the engine's threads spin while they wait for each other, and on a core
    that something else needs (our own server, the browser) that makes all of them crawl."""
    return min(_MAX_THREADS, max(1, (os.cpu_count() or 1) - 1))


def _exit_with_parent() -> None:
    """End this process when the parent's end of stdin closes, however the parent ended."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the GGUF file")
    arguments = parser.parse_args()
    threading.Thread(target=_exit_with_parent, name="exit-with-parent", daemon=True).start()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(arguments.model)
    params.model_alias = {MODEL}
    params.n_ctx = CONTEXT * SLOTS
    params.n_parallel = SLOTS
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.cache_ram_mib = _CACHE_MIB
    # What a request does not choose. Without a penalty so small a model repeats itself.
    params.sampling.penalty_repeat = 1.1
    params.sampling.min_p = 0.0
    params.verbosity = 0
    params.ui = False
    key = secrets.token_urlsafe(32)
    params.api_keys = [key]
    try:
        server = xllamacpp.Server(params)  # returns when the model is loaded (about 0.5 s)
    except RuntimeError as error:
        sys.exit(f"The model could not be loaded: {error}")
    print(f"serving {server.listening_address} {key}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
