"""llama.cpp's own server: `python llama_process.py WEIGHTS PORT SETTINGS` (JSON, see `llama`).

Runs until it is told to end. It answers before the model is loaded, as `llama-server` does.
"""

import json
import signal
import sys

import xllamacpp

weights, port, settings = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path = weights
params.port = port
params.ui = False
# One core, and few tokens between two looks at whether the caller is still there.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.n_batch = params.n_ubatch = 32
for name, value in settings.items():
    setattr(params, name, value)
server = xllamacpp.Server(params)
signal.pause()
