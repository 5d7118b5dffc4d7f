"""What functions are made with."""

from tests.unit.deployment.conftest import Deploy

ONE_PLANT = "plants: {north: {time_zone: UTC, sql_server: {host: h, user: u, database: d}}}"
THREE_PLANTS = """
plants:
  west: {time_zone: UTC, enabled: false, sql_server: {host: h, port: 1434, user: u, database: d}}
  east: {time_zone: UTC, sql_server: {host: h, port: 1434, user: u, database: d}}
  north: {time_zone: UTC, sql_server: {host: h, user: u, database: d}}
  south: {time_zone: UTC, sql_server: {host: h, user: u}}
"""


def test_only_what_reads_the_plant_gets_its_password(deploy: Deploy) -> None:
    deployment = deploy(ONE_PLANT)

    assert {name: list(one.secrets) for name, one in deployment.functions.items()} == {
        "live_pulse": ["SUPABASE_SECRET_KEY", "MSSQL_PASSWORDS"],
        "morning_report": ["SUPABASE_SECRET_KEY", "MSSQL_PASSWORDS"],
        "cleanup": ["SUPABASE_SECRET_KEY"],
        "health": ["SUPABASE_SECRET_KEY"],
    }


def test_a_plant_without_a_server_is_told(deploy: Deploy) -> None:
    deployment = deploy(THREE_PLANTS)

    assert deployment.sql_server_ports == [1434, 1433]
    assert deployment.unconfigured_plants == ["south"]


def test_a_function_outlives_the_longest_of_its_jobs(deploy: Deploy) -> None:
    deployment = deploy(
        "plants:\n"
        "  a: {time_zone: UTC, live_pulse: {timeout_s: 40}, morning_report: {timeout_s: 900}}\n"
        "  b: {time_zone: UTC}\n"
        "live_pulse: {timeout_s: 90}\n"
        "health: {timeout_s: 60}\n"
    )

    allowed = {name: one.timeout_s for name, one in deployment.functions.items()}

    assert allowed == {"live_pulse": 105, "morning_report": 900, "cleanup": 135, "health": 75}
    assert deployment.schedules["morning_report-b"].deadline_s == 915


def test_a_late_slot_and_the_next_one_find_room(deploy: Deploy) -> None:
    many = "".join(f"  plant_{number}: {{time_zone: UTC}}\n" for number in range(501))

    assert deploy(THREE_PLANTS).functions["live_pulse"].max_instances == 8
    assert deploy(f"plants:\n{many}").functions["live_pulse"].max_instances == 1000


TAGS = "  east: {time_zone: UTC, tags: {}}\n  west: {time_zone: UTC, tags: {timeout_s: 300}}\n"


def test_bursts_overlap_and_leave_room_for_reads_that_people_ask_for(deploy: Deploy) -> None:
    deployment = deploy(f"plants:\n{TAGS}")

    tags = deployment.functions["tags"]
    assert (tags.max_instances, tags.timeout_s, tags.event_age_s, tags.memory_mb) == (8, 555, 60, 512)
    assert deployment.schedules["tags-east"].deadline_s == 570


def test_what_reads_devices_is_in_the_plants_network_as_what_reads_sql_server_is(deploy: Deploy) -> None:
    functions = deploy(f"plants:\n{TAGS}").functions

    assert {name for name, one in functions.items() if one.joins_network} == {
        *("live_pulse", "morning_report", "tags"),
    }
    assert {name for name, one in functions.items() if one.reads_devices} == {"tags"}


def test_without_machine_tags_nothing_of_them_is_deployed(deploy: Deploy) -> None:
    deployment = deploy(THREE_PLANTS)

    assert "tags" not in deployment.functions
    assert not any(one.function == "tags" for one in deployment.schedules.values())
    assert not any(one.function == "tags" for one in deployment.rhythms.values())
    assert "tags" in deployment.function_names


def test_functions_for_browsers_are_deployed_beside_the_others_where_users_tokens_are_accepted(
    deploy: Deploy,
) -> None:
    asked = "manual_calls: {accept: supabase_user, allowed_origins: [https://board.example.com]}\n"
    closed, deployment = deploy(f"plants:\n{TAGS}"), deploy(f"{asked}plants:\n{TAGS}")

    assert {name: (one.code, one.callers) for name, one in deployment.functions.items()} == {
        "live_pulse": ("live_pulse", "platform"),
        "morning_report": ("morning_report", "platform"),
        "cleanup": ("cleanup", "platform"),
        "tags": ("tags", "platform"),
        "health": ("health", "platform"),
        "live_pulse_users": ("live_pulse", "supabase_user"),
        "tags_users": ("tags", "supabase_user"),
    }
    assert deployment.functions["tags_users"].secrets == deployment.functions["tags"].secrets
    assert deployment.functions["tags_users"].max_instances == 2
    assert deployment.schedules == closed.schedules
    assert deployment.allowed_origins == ("https://board.example.com",)
    assert not set(closed.functions) & {"live_pulse_users", "tags_users"}
    assert {"live_pulse_users", "tags_users"} <= set(closed.function_names)


def test_a_function_for_browsers_has_no_longer_name_than_others_have(deploy: Deploy) -> None:
    lengths = {name: len(name) for name in deploy(ONE_PLANT).function_names}

    assert max(lengths.values()) == lengths["live_pulse_users"] == lengths["commodity_prices"]


def test_a_call_is_too_old_before_the_next_slot_is_due(deploy: Deploy) -> None:
    deployment = deploy(ONE_PLANT)

    ages = {name: one.event_age_s for name, one in deployment.functions.items()}

    assert ages == {"live_pulse": 825, "morning_report": 21_600, "cleanup": 3465, "health": 60}


def test_what_is_switched_off_stays_as_it_was_and_can_be_called_by_hand(deploy: Deploy) -> None:
    on = deploy(ONE_PLANT)
    off = deploy(f"{ONE_PLANT}\nlive_pulse: {{enabled: false}}")

    assert off.functions["live_pulse"] == on.functions["live_pulse"]
    assert off.secrets == on.secrets
    assert set(on.schedules) - set(off.schedules) == {"live_pulse-north"}
    assert set(on.rhythms) - set(off.rhythms) == {"live_pulse-15"}


def test_each_function_says_what_it_is(deploy: Deploy) -> None:
    functions = deploy(ONE_PLANT).functions

    assert {name: (one.is_per_plant, one.keeps_runs, one.memory_mb) for name, one in functions.items()} == {
        "live_pulse": (True, True, 512),
        "morning_report": (True, True, 512),
        "cleanup": (False, True, 256),
        "health": (False, False, 256),
    }
    assert functions["cleanup"].purpose == "Removes what is older than its retention"
