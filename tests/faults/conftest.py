"""The plant whose floor goes on while its servers, or the networks before them, fail."""

from collections.abc import Iterator

import pymssql
import pytest

from devstack.fault_proxy import FaultProxy
from devstack.sqlserver.address import Address
from tests.conftest import SqlServerUnderTest, empty_project
from tests.faults.plant_in_trouble import PlantInTrouble
from tests.faults.stoppable_project import StoppableProject, stoppable_project
from tests.functions.conftest import Floor, add_plant_north


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppableProject]:
    """A local Supabase project whose parts may be stopped: also where the other tests use an outside one."""
    with stoppable_project(tmp_path_factory.mktemp("stoppable-logs")) as running:
        yield running


@pytest.fixture
def plant(
    project: StoppableProject, mssql: SqlServerUnderTest, mes: pymssql.Connection
) -> Iterator[PlantInTrouble]:
    """The plant `north` behind a network that a test can break on either side."""
    server, access = mssql.reader, project.access
    with (
        access.connect() as store,
        FaultProxy(server.host, server.port) as source,
        FaultProxy("127.0.0.1", int(access.url.rpartition(":")[2])) as gateway,
    ):
        empty_project(store)
        add_plant_north(store)
        yield PlantInTrouble(
            supabase=type(access)(f"http://127.0.0.1:{gateway.port}", access.database_url, access.keys),
            store=store,
            reader=Address("127.0.0.1", source.port, server.user, server.password, server.database),
            encryption=mssql.encryption,
            floor=Floor(mes),
            source=source,
            gateway=gateway,
            sql_server_under_test=mssql,
        )
