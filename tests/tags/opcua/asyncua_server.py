"""asyncua's server with a small plant: `python asyncua_server.py PORT FOLDER [USER PASSWORD]`.

It listens on 127.0.0.1, has the nodes of tests/tags/servers/opcua_server.js, and no limit of a request. With
a user it lets in nobody else, and takes the password in plain text. If FOLDER is not `-`, its certificate is
in there, and it has only secured channels.
"""

import asyncio
import logging
import sys
import uuid
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography.x509.oid import ExtendedKeyUsageOID

URI = "http://plant.example/line1"
VALUES: dict[Any, tuple[Any, ua.VariantType]] = {
    "Speed": (12.3, ua.VariantType.Float),
    "Torque": (-0.1, ua.VariantType.Double),
    "Small": (-5, ua.VariantType.SByte),
    "Parts": (4_000_000_000, ua.VariantType.UInt32),
    "Total": (9_007_199_254_740_993, ua.VariantType.Int64),
    "Runs": (True, ua.VariantType.Boolean),
    "Name": ("Öl 5 µm", ua.VariantType.String),
    "Begun": (ua.DateTime(2026, 1, 1), ua.VariantType.DateTime),
    1003: (-32768, ua.VariantType.Int16),
    uuid.UUID("0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11"): (255, ua.VariantType.Byte),
    "Speeds": ([1.5, 2.5, 3.5], ua.VariantType.Double),
    '"Data"."list"[3]': (33, ua.VariantType.Int32),
    "Acknowledged": (False, ua.VariantType.Boolean),
    "Fixed": (False, ua.VariantType.Boolean),
    **{f"Many.{number}": (number, ua.VariantType.Int32) for number in range(120)},
}
JUDGED: dict[Any, Any] = {
    "Lost": StatusCodes.BadNoCommunication,
    "Last": StatusCodes.UncertainLastUsableValue,
    "Broken": StatusCodes.BadSensorFailure,
    "Secret": StatusCodes.BadNotReadable,
}


class OneUser(UserManager):
    """Lets in one user, and nobody else."""

    def __init__(self, name: str, password: str) -> None:
        self._expected = (name, password)

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> Any:
        """Return the user, or None for anybody else."""
        is_known = (username, password) == self._expected
        return User(UserRole.User, username) if is_known else None


async def secure(server: Server, folder: Path) -> None:
    """Give a server a certificate, and have it talk on secured channels alone."""
    key, certificate = folder / "key.pem", folder / "certificate.der"
    uri = server.get_application_uri()
    usage = [ExtendedKeyUsageOID.SERVER_AUTH]
    await setup_self_signed_certificate(key, certificate, uri, "plc-7", usage, {})
    await server.load_certificate(str(certificate))
    await server.load_private_key(str(key))
    kinds = ua.SecurityPolicyType
    server.set_security_policy(
        [
            kinds.Basic256Sha256_SignAndEncrypt,
            kinds.Basic256Sha256_Sign,
            kinds.Aes128Sha256RsaOaep_SignAndEncrypt,
            kinds.Aes256Sha256RsaPss_SignAndEncrypt,
        ]
    )


async def serve(port: int, folder: str, user: list[str]) -> None:
    """Serve until the process ends."""
    server = Server(user_manager=OneUser(*user) if user else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plant")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    if folder != "-":
        await secure(server, Path(folder))
    if user:
        server.set_identity_tokens([ua.UserNameIdentityToken])
    index: Any = await server.register_namespace(URI)
    for name, (value, kind) in VALUES.items():
        node = await server.nodes.objects.add_variable(
            ua.NodeId(name, index),
            str(name),
            ua.Variant(value, kind),
        )
        if name == "Acknowledged":
            await node.set_writable()
    for name, status in JUDGED.items():
        node = await server.nodes.objects.add_variable(
            ua.NodeId(name, index), name, ua.Variant(7, ua.VariantType.Int32)
        )
        said = ua.DataValue(ua.Variant(7, ua.VariantType.Int32), ua.StatusCode(status))
        await node.write_value(said)
    async with server:
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable()
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
