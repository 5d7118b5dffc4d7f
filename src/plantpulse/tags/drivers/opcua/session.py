"""A session with a server, on the shared loop: the only part that speaks asyncua.

It goes to the host that the group names, whatever address the server gives of itself. A session is not
repaired: the link makes a new one.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final, cast
from uuid import UUID

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from plantpulse.tags.drivers.opcua.certificates import (
    identity_in,
    now_utc,
    policy_for,
    require_trusted_session,
    trusted_certificate,
)
from plantpulse.tags.drivers.opcua.node_ids import NodeAddress
from plantpulse.tags.drivers.opcua.refusals import IT_MUST_TRUST_US, NoSafeWay
from plantpulse.tags.drivers.opcua.security import (
    Security,
    allows_plain_password,
    security_of,
    trusted_in,
)
from plantpulse.tags.drivers.opcua.statuses import NODE_ID_UNKNOWN, is_unknown_node
from plantpulse.tags.drivers.opcua.user_tokens import choose_anonymous, choose_password
from plantpulse.tags.drivers.opcua.values import Answer, element_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials

MOST_NODES: Final = 1000  # an S7-1500 has no more in all its requests together
_SESSION_MS: Final = 60_000  # what a server keeps of a process that died
_CHANNEL_MS: Final = 3_600_000
_USED_UP: Final = 0.75
_LONGEST_ANSWER_S: Final = 60.0  # the link's deadline comes first
_GOODBYE_S: Final = 0.5
_MOST_PER_READ: Final = ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead
_UNKNOWN: Final = Answer(NODE_ID_UNKNOWN)
_TOO_LARGE: Final = {
    StatusCodes.BadTooManyOperations,
    StatusCodes.BadResponseTooLarge,
    StatusCodes.BadRequestTooLarge,
    StatusCodes.BadEncodingLimitsExceeded,
}


class Session:
    """What a link has on the loop. All its methods run there, one at a time; `leave` may come between."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials | None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._security = security_of(endpoint)
        self._credentials = credentials
        self._clock = clock
        self._client: Client | None = None
        self._most = MOST_NODES
        self._namespaces: Sequence[str] = ()
        self._elements: set[NodeAddress] = set()
        self._answered_at = self._channel_at = 0.0

    async def open(self) -> None:
        """Sign in, and learn what the server allows. Raises: whatever asyncua raises; NoSafeWay."""
        client = await self._secured(self._security) if self._security else _client(self._endpoint)
        await self._open_channel(client)
        self._channel_at = self._clock()
        await client.create_session()
        await self._sign_in(client)
        await self._learn(client)

    async def read(self, addresses: Sequence[NodeAddress]) -> Sequence[Answer]:
        """Return what the server says of each address, in their order. A node is asked for once."""
        client = await self._kept_alive()
        answers = await self._answers(client, addresses)
        elements = {
            address
            for address, answer in zip(addresses, answers, strict=True)
            if address.otherwise and is_unknown_node(answer.status)
        }
        if not elements - self._elements:
            return answers
        self._elements |= elements
        return await self._answers(client, addresses)

    async def write(self, address: NodeAddress, value: bool) -> int:
        """Set a bit, and return the status code. Without a time or a status of ours: some refuse these."""
        client = await self._kept_alive()
        node = self._node(address)
        if node is None or address.element is not None:
            return NODE_ID_UNKNOWN
        bit = ua.DataValue(ua.Variant(value, ua.VariantType.Boolean), StatusCode=None)
        asked = ua.WriteValue(node, AttributeIds.Value, None, bit)
        (status,) = await client.uaclient.session.write(ua.WriteParameters([asked]))
        self._answered_at = self._clock()
        return int(status.value)

    async def leave(self) -> None:
        """Sign out if the server listens, and end the connection in any case."""
        client, self._client = self._client, None
        if client is None:
            return
        protocol = client.uaclient.protocol
        transport = protocol.transport if protocol else None
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await client.disconnect()
        finally:
            if transport is not None:
                transport.abort()

    async def _secured(self, wanted: Security) -> Client:
        """Return a client for a secured channel; first the server is asked for its certificate, without one.

        Nothing but that question goes over the channel without security.
        """
        identity = identity_in(self._credentials, now_utc())
        asking = _client(self._endpoint)
        await self._open_channel(asking)
        server = trusted_certificate(await asking.get_endpoints(), wanted)
        await asking.disconnect_sessionless()
        client = _client(self._endpoint)
        client.application_uri = identity.uri
        policy = policy_for(wanted, server, identity)
        cast(Any, client).security_policy = policy  # declared as the policy None
        client.uaclient.set_security(policy)
        return client

    async def _open_channel(self, client: Client) -> None:
        self._client = client
        await client.connect_socket()
        await client.send_hello()
        try:
            await client.open_secure_channel()
        except AssertionError:  # how asyncua takes an answer that opens none
            raise NoSafeWay(f"it refused the channel. {IT_MUST_TRUST_US}") from None

    async def _sign_in(self, client: Client) -> None:
        policies, user = client._policy_ids, self._credentials
        if user is None or user.user is None:
            chosen = choose_anonymous(policies)
            client._policy_ids = [chosen] if chosen else []
            self._require_trusted(client, trusts_whoever_answers=True)
            await client.activate_session()
            return
        allows_plain = allows_plain_password(self._endpoint)
        client._policy_ids = [choose_password(policies, client.security_policy, allows_plain)]
        self._require_trusted(client, trusts_whoever_answers=allows_plain)
        await client.activate_session(username=user.user, password=user.password)

    def _require_trusted(self, client: Client, *, trusts_whoever_answers: bool) -> None:
        """Raises: NoSafeWay unless the server that answered is the one that the address trusts."""
        trusted = trusted_in(self._endpoint)
        if trusted is not None or not trusts_whoever_answers:
            require_trusted_session(client.security_policy.peer_certificate, trusted)

    async def _learn(self, client: Client) -> None:
        ids = (ObjectIds.Server_NamespaceArray, _MOST_PER_READ)
        namespaces, most = await self._request(client, [_node_id(0, one) for one in ids])
        self._namespaces = namespaces.value if isinstance(namespaces.value, list) else ()
        self._most = min(most.value if isinstance(most.value, int) else 0, MOST_NODES) or MOST_NODES

    async def _kept_alive(self) -> Client:
        """Return the client. What ended by agreement, as nobody asked for so long, is made anew."""
        if self._client is None:
            raise ConnectionError("it is closed")
        now, channel_s = self._clock(), self._client.secure_channel_timeout / 1000
        if now - self._answered_at > _USED_UP * self._client.session_timeout / 1000:
            await self.leave()
            await self.open()
        elif now - self._channel_at > _USED_UP * channel_s:
            await self._client.open_secure_channel(renew=True)
            self._channel_at = now
        return self._client

    async def _answers(self, client: Client, addresses: Sequence[NodeAddress]) -> Sequence[Answer]:
        places = [self._place(address) for address in addresses]
        nodes = list(dict.fromkeys(node for node, _ in places if node is not None))
        found: dict[ua.NodeId | None, Answer] = {None: _UNKNOWN}
        while len(found) <= len(nodes):
            asked = nodes[len(found) - 1 :][: self._most]
            found.update(zip(asked, await self._halved(client, asked), strict=False))
        return [element_of(found[node], element) if element else found[node] for node, element in places]

    async def _halved(self, client: Client, nodes: Sequence[ua.NodeId]) -> Sequence[Answer]:
        """Return the answers, or none if the server finds it too much: from now on it is asked for half."""
        try:
            return await self._request(client, nodes)
        except UaStatusCodeError as error:
            if error.code not in _TOO_LARGE or len(nodes) == 1:
                raise
            self._most = len(nodes) // 2
            return []

    async def _request(self, client: Client, nodes: Sequence[ua.NodeId]) -> Sequence[Answer]:
        """Ask for values of now: the server may not answer from what it read before."""
        asked = [ua.ReadValueId(node, AttributeIds.Value) for node in nodes]
        parameters = ua.ReadParameters(0, ua.TimestampsToReturn.Neither, asked)
        values = await client.uaclient.session.read(parameters)
        self._answered_at = self._clock()
        if len(values) != len(nodes):
            raise UaError(f"{len(values)} values for {len(nodes)} nodes")
        return [_answer(value) for value in values]

    def _place(self, address: NodeAddress) -> tuple[ua.NodeId | None, str | None]:
        as_found = address.otherwise if address in self._elements else None
        place = as_found or address
        return self._node(place), place.element

    def _node(self, address: NodeAddress) -> ua.NodeId | None:
        namespace = address.namespace
        if isinstance(namespace, str):
            if namespace not in self._namespaces:
                return None
            namespace = self._namespaces.index(namespace)
        return _node_id(namespace, address.identifier)


def _node_id(namespace: int, identifier: int | str | UUID) -> ua.NodeId:
    # Its own names for int, str and UUID are subclasses for type checkers only.
    return ua.NodeId(cast(Any, identifier), cast(Any, namespace))


def _answer(value: ua.DataValue) -> Answer:
    status = value.StatusCode.value if value.StatusCode is not None else 0  # left out: good
    if value.Value is None:
        return Answer(status)
    return Answer(status, value.Value.Value, value.Value.VariantType == ua.VariantType.Float)


def _client(endpoint: Endpoint) -> Client:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    client = Client(f"opc.tcp://{host}:{endpoint.port}/{endpoint.path}", timeout=_LONGEST_ANSWER_S)
    client.name = client.description = "plantpulse"
    client.application_uri = "urn:plantpulse:tags"
    client.product_uri = "urn:plantpulse"
    client.session_timeout, client.secure_channel_timeout = _SESSION_MS, _CHANNEL_MS
    return client
