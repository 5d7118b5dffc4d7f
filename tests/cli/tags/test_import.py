"""`plantpulse tags import` and `tags list --export`: whole groups, previewed, all or nothing."""

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.tags.conftest import TABLE, Project


def counted(project: Project) -> tuple[int, int]:
    """Return how many groups and tags are there, without those that were removed."""
    row = project.store.execute(
        "select (select count(*) from public.tag_groups where removed_at is null) as groups, "
        "(select count(*) from public.tags as t join public.tag_groups as g on g.id = t.group_id "
        "where t.removed_at is null and g.removed_at is null) as tags"
    ).fetchone()
    assert row is not None
    return row["groups"], row["tags"]


def test_a_table_is_written_and_a_second_time_nothing_is_left_to_change(
    shop: CommandLine, project: Project
) -> None:
    first = shop("tags", "import", "tags.csv", "--yes")
    second = shop("tags", "import", "tags.csv", "--yes")

    assert first.exit_code == 0
    assert first.out.splitlines()[-1] == "written: 6 added, 0 changed, 0 removed, 0 unchanged"
    assert second.out.splitlines()[-1] == "nothing to write: 6 unchanged"
    assert counted(project) == (2, 4)


def test_a_dry_run_tells_every_value_and_writes_nothing(shop: CommandLine, project: Project) -> None:
    result = shop("tags", "import", "tags.csv", "--dry-run", "--json")

    assert (result.json["is_written"], result.json["added"]) == (False, 6)
    assert result.json["rows"][1] == {
        "line": 2,
        "key": {"group": "Press", "tag": "Pressure"},
        "change": "added",
        "values": {"address": [None, "hr:0"], "data_type": [None, "float32"], "unit": [None, "bar"]},
    }
    assert counted(project) == (0, 0)


def test_what_changes_is_told_old_and_new(floor: CommandLine) -> None:
    floor.write(
        "tags.csv", TABLE.replace("hr:0,float32", "hr:2,float32").replace("handshake,500", "handshake,250")
    )

    result = floor("tags", "import", "tags.csv", "--dry-run")

    assert "address: hr:0 → hr:2" in result.out
    assert "interval_ms: 500 → 250" in result.out
    assert "dry run, nothing is written: 0 to add, 2 to change, 0 to remove, 4 unchanged" in result.out


def test_a_tag_that_the_file_does_not_name_is_taken_out_and_other_groups_stay(
    floor: CommandLine, project: Project
) -> None:
    floor.write("tags.csv", "\n".join(TABLE.splitlines()[:2]))

    result = floor("tags", "import", "tags.csv", "--yes")

    assert "removed  Press Running" in result.out
    assert counted(project) == (2, 3)


def test_groups_that_the_file_does_not_have_go_when_somebody_says_so(
    floor: CommandLine, project: Project
) -> None:
    floor.write("tags.csv", "\n".join(TABLE.splitlines()[:3]))

    result = floor("tags", "import", "tags.csv", "--remove", "--yes")

    assert result.out.splitlines()[-1] == "written: 0 added, 0 changed, 1 removed, 3 unchanged"
    assert counted(project) == (1, 2)


def test_a_group_that_is_stopped_stays_so(floor: CommandLine) -> None:
    floor("tags", "stop", "Press", "--wait", "0")
    floor.write("tags.csv", TABLE.replace("bar", "kPa"))

    result = floor("tags", "import", "tags.csv", "--yes")

    assert "stopped, so not polled: Press" in result.out
    assert floor("tags", "list", "--json").json["groups"][1]["active"] is False


def test_every_wrong_line_is_told_at_once_and_nothing_is_written(shop: CommandLine, project: Project) -> None:
    shop.write(
        "tags.csv", TABLE.replace("hr:0", "register 7").replace("int16", "short").replace("5020/2", "x")
    )

    shown = shop("tags", "import", "tags.csv", "--yes")
    data = shop("tags", "import", "tags.csv", "--yes", "--json")

    assert (shown.exit_code, shown.out) == (2, "")
    assert "line 2, address: an address is a register number such as 40001" in shown.err
    assert "line 4, data_type: 'short' must be one of bool, int8" in shown.err
    assert "line 4, device: the port must be a number" in shown.err
    assert [(one["line"], one["column"]) for one in data.json["error"]["mistakes"]] == [
        (2, "address"),
        (4, "data_type"),
        (4, "device"),
    ]
    assert counted(project) == (0, 0)


def test_without_a_terminal_somebody_must_be_sure(shop: CommandLine, project: Project) -> None:
    result = shop("tags", "import", "tags.csv")

    assert result.exit_code == 2
    assert "use --yes to write" in result.err
    assert counted(project) == (0, 0)


def test_on_a_terminal_somebody_is_asked(shop: CommandLine, project: Project) -> None:
    no = shop.terminal("tags", "import", "tags.csv", answer="n\n")
    yes = shop.terminal("tags", "import", "tags.csv", answer="y\n")

    assert "Write this to plant north?" in no.out
    assert (no.exit_code, yes.exit_code) == (130, 0)
    assert counted(project) == (2, 4)


def test_what_is_exported_comes_in_unchanged(floor: CommandLine) -> None:
    result = floor("tags", "list", "--export", "out.csv")
    again = floor("tags", "import", "out.csv", "--yes")

    assert result.out == "out.csv has 4 tags of 2 groups\n"
    assert again.out == "nothing to write: 6 unchanged\n"
    assert (floor.folder / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfgroup,device,")


def test_a_file_is_not_replaced_unless_somebody_says_so(floor: CommandLine) -> None:
    refused = floor("tags", "list", "--export", "tags.csv")
    forced = floor("tags", "list", "Oven", "--export", "tags.csv", "--force", "--json")

    assert (refused.exit_code, forced.exit_code) == (2, 0)
    assert (forced.json["groups"], forced.json["tags"]) == (1, 2)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A1", 'Öl-Druck; "main"', "压力", "<b>& 'x'"])
def test_hostile_names_come_in_and_go_out_as_they_are(shop: CommandLine, name: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    shop.write("tags.csv", TABLE.replace("Pressure", cell))

    shop("tags", "import", "tags.csv", "--yes")
    shop("tags", "list", "--export", "out.csv")

    assert shop("tags", "list", "Press", "--json").json["groups"][0]["tags"][0]["name"] == name
    assert shop("tags", "import", "out.csv", "--yes").out == "nothing to write: 6 unchanged\n"


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_a_preview_keeps_every_name_on_every_terminal(shop: CommandLine, columns: int) -> None:
    out = shop.terminal("tags", "import", "tags.csv", "--dry-run", columns=columns).out.split("\x1b[2K")[-1]
    text = " ".join(out.split())

    assert [line for line in out.splitlines() if len(line) > columns] == []
    for word in ("to add", "Press", "Pressure", "Oven", "Heat", "Ready", "6 to add, 0 to change"):
        assert word in text
