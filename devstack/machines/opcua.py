"""The oven as an OPC UA server, by asyncua's own server; its endpoint has no security, on 127.0.0.1 alone."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from asyncua import ua
from asyncua.server.server import Server

from devstack.machines.signals import Oven, oven_at

URI: Final = "http://northfield.example/oven"
_REFRESH_S: Final = 0.25


async def serve(port: int, now: Callable[[], float]) -> None:
    """Serve the oven until the task is cancelled."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/oven")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index: Any = await server.register_namespace(URI)
    nodes = {
        name: await server.nodes.objects.add_variable(ua.NodeId(ua.String(name), index), name, value)
        for name, value in _shown(oven_at(now())).items()
    }
    async with server:
        while True:
            for name, value in _shown(oven_at(now())).items():
                await nodes[name].write_value(value)
            await asyncio.sleep(_REFRESH_S)


def _shown(oven: Oven) -> dict[str, ua.Variant]:
    return {
        **{name: ua.Variant(value, ua.VariantType.Float) for name, value in oven.zones.items()},
        "Setpoint": ua.Variant(oven.setpoint, ua.VariantType.Float),
        "Energy": ua.Variant(oven.energy, ua.VariantType.Double),
        "Recipe": ua.Variant(oven.recipe, ua.VariantType.String),
    }
