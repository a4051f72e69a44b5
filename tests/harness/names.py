"""A name server of the tests' own: `names.addresses = ["127.0.0.1"]` says where `app` is."""

import socket
import struct
import threading
from types import TracebackType
from typing import Self


class Names:
    """Answers every question for an IPv4 address with `addresses`, good for no second."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = [*addresses]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        # A datagram of our own ends the thread: closing the socket would not wake it.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:
                return
            self._socket.sendto(self._answer(question), client)

    def _answer(self, question: bytes) -> bytes:
        """RFC 1035, section 4: the question again, and one record for each address."""
        end = question.index(b"\0", 12) + 5
        addresses = self.addresses
        header = question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(addresses), 0, 0)
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
            for address in addresses
        )
        return header + question[12:end] + records
