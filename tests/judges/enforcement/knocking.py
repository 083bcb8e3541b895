"""One connection after the other to a running Envoy, and what came of each."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.semantics.requests import METHOD, PATH
from tests.judges.enforcement.bench import Bench, loopback
from tests.judges.enforcement.probes import Client, Sent, headers

PATIENCE = 20
"""Seconds for one answer; they take milliseconds."""
PING = b"\x00\x01 no protocol that anybody knows\n"
REFUSED = (ConnectionError, ssl.SSLError, http.client.RemoteDisconnected, http.client.BadStatusLine)
_VERDICTS = {200: True, 401: False, 403: False}


@dataclass(frozen=True, slots=True)
class Door:
    """One port of one proxy, and whether a caller with an identity uses it there (mutual TLS)."""

    address: str
    port: int
    takes_identities: bool


def knock(bench: Bench, client: Client, door: Door, tried: Sequence[Sent]) -> Iterator[bool | str]:
    """Yield whether each of *tried* got through; a text for an answer that is neither yes nor no."""
    caller = _Caller(bench, client, door)
    for one in tried:
        yield caller.bare() if one.request is None else caller.request(one)
    caller.close()


class _Caller:
    def __init__(self, bench: Bench, client: Client, door: Door) -> None:
        self._bench, self._door = bench, door
        self._own = (source(bench, client), 0)
        self._identity = client.identity if door.takes_identities else ""
        known = (True, False) if self._identity else ()
        self._contexts = {is_http: bench.authority.context(self._identity, is_http=is_http) for is_http in known}
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def bare(self) -> bool | str:
        """Send something that is no HTTP, and see whether it comes back."""
        try:
            with self._socket() as connection:
                connection.sendall(PING)
                return connection.recv(len(PING)) != b""
        except REFUSED:
            return False

    def _socket(self) -> socket.socket:
        place = (self._door.address, self._door.port)
        connection = socket.create_connection(place, PATIENCE, self._own)
        if not self._identity:
            return connection
        return self._contexts[False].wrap_socket(connection)

    def request(self, sent: Sent) -> bool | str:
        try:
            status = self._status(sent)
        except REFUSED:
            self.close()
            return False
        return _VERDICTS.get(status, f"status {status}")

    def _status(self, sent: Sent) -> int:
        """Return the status of the answer; the connection is kept for the next request."""
        assert sent.request is not None
        connection = self._connection = self._connection or self._connected()
        method, path = sent.request.get(METHOD), sent.request.get(PATH)
        assert method
        assert path
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers(sent.request):
            connection.putheader(name, value)
        if sent.claims:
            name, prefix = sent.header
            connection.putheader(name, prefix + self._token(sent))
        connection.endheaders()
        with connection.getresponse() as answer:
            answer.read()
            return answer.status

    def _token(self, sent: Sent) -> str:
        token = self._bench.issuer.token(sent.claims)
        text, _, signature = token.rpartition(".")
        return f"{text}.{signature[::-1]}" if sent.is_forged else token

    def _connected(self) -> http.client.HTTPConnection:
        place = self._door.address, self._door.port
        if not self._identity:
            return http.client.HTTPConnection(*place, timeout=PATIENCE, source_address=self._own)
        context = self._contexts[True]
        return http.client.HTTPSConnection(*place, timeout=PATIENCE, source_address=self._own, context=context)


def source(bench: Bench, client: Client) -> str:
    """Return the loopback address that stands for *client*: an outsider's is moved as policies are."""
    return loopback(client.address) if client.address else f"{bench.clients}.1"
