"""What an idle socket does not keep under daphne, which is mended once in a process: in its own."""

import os
import subprocess
import sys

from tests.harness.clerk import ROOT

OPTIONS = """
import daphne.server
import project.asgi
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet.testing import StringTransport
factory = WebSocketFactory(None)
factory.setProtocolOptions(autoPingTimeout=30, maxFramePayloadSize=7)
protocol = factory.buildProtocol(None)
protocol.makeConnection(StringTransport())
protocol.openHandshakeTimeoutCall.cancel()
assert not {*WebSocketProtocol.CONFIG_ATTRS} & {*vars(protocol)}
assert protocol.autoPingTimeout == 30
assert protocol.maxFramePayloadSize == protocol.maxMessagePayloadSize == settings.CHAT_MAX_FRAME
assert protocol.perMessageCompressionAccept([]) is None
"""


def test_the_options_of_sockets_are_not_in_each_of_them() -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": "sqlite:///:memory:",
        "SECRET_KEY": "for-this-test",
    }
    command = [sys.executable, "-c", OPTIONS]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
