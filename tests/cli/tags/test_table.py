"""The table of machine tags: what is wrong is told line by line, and what is exported comes in unchanged."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from plantpulse.cli.imports import BadTable, Kind, read_file
from plantpulse.cli.tags_groups import groups_of, rows_of
from plantpulse.cli.tags_table import TAGS, faults_of_groups
from plantpulse.tags.endpoints import Endpoint, parse_endpoint, require_known_options
from plantpulse.tags.link import Driver, ReadPlan
from plantpulse.tags.tag import Tag

HEAD = "group,device,mode,interval_ms,tag,address,data_type,byte_order,scale,offset,unit,role"
NOT_SAME = "not as in line 2, where the group begins: write the same, or leave the cell empty"
TYPES = "bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64, string"
PRESS = "Press,plc://10.20.0.5?order=cdab,fixed,1000,Pressure,HR100,float32,,,,bar,"


class Registers:
    """A driver that reads registers by their number."""

    def parse_endpoint(self, address: str) -> Endpoint:
        endpoint = parse_endpoint(address, {"modbus": 502})
        require_known_options(endpoint, {"order"})
        return endpoint

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        if not tag.address.startswith("HR"):
            raise ValueError(f"{tag.address!r} is not a register such as HR100")

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        if tag.address == "HR0":
            raise ValueError("HR0 cannot be set")

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        return ReadPlan(tags, tuple(tag.address for tag in tags))


def registers(name: str) -> Driver:
    assert name == "modbus"
    return Registers()  # type: ignore[return-value] # it has what the reader of tables uses


KIND = replace(TAGS, together=lambda table: faults_of_groups(table, registers))


def file(*lines: str) -> io.BytesIO:
    text = "\n".join([HEAD, *(line.replace("plc://", "modbus://") for line in lines)])
    return io.BytesIO(text.encode())


def mistakes_in(*lines: str, kind: Kind = KIND) -> list[str]:
    with pytest.raises(BadTable) as refused:
        read_file(file(*lines), kind)
    return [str(mistake) for mistake in refused.value.mistakes]


def test_a_group_is_named_once_and_its_tags_stand_below() -> None:
    table = read_file(
        file(PRESS, "Press,,,,Running,HR7,bool,,,,,", 'Press,,,,Total,HR9,uint32,,0.001,-40,"m³",'), KIND
    )

    assert groups_of(table) == [
        {
            "name": "Press",
            "address": "modbus://10.20.0.5?order=cdab",
            "mode": "fixed",
            "interval_ms": 1000,
            "credentials": None,
            "tags": [
                tag("Pressure", "HR100", "float32", unit="bar"),
                tag("Running", "HR7", "bool"),
                tag("Total", "HR9", "uint32", scale=0.001, offset=-40.0, unit="m³"),
            ],
        }
    ]


def tag(name: str, address: str, data_type: str, **changes: object) -> dict[str, object]:
    plain = {
        "name": name,
        "address": address,
        "data_type": data_type,
        "length": 0,
        "order": None,
        "scale": 1.0,
        "offset": 0.0,
        "unit": None,
        "role": "value",
    }
    return plain | changes


def test_whether_a_group_is_active_is_left_open_unless_the_table_says_it() -> None:
    text = "group,device,is_active,tag,address,data_type\nPress,modbus://10.20.0.5,no,Pressure,HR1,float32\n"

    assert groups_of(read_file(io.BytesIO(text.encode()), KIND))[0]["active"] is False
    assert "active" not in groups_of(read_file(file(PRESS), KIND))[0]


@pytest.mark.parametrize(
    ("lines", "mistakes"),
    [
        (
            ["Press,,fixed,1000,Pressure,HR1,float32,,,,,"],
            ["line 2, device: the first row of a group must name its device"],
        ),
        (
            [PRESS, "press ,plc://10.20.0.6,,2000,Running,HR2,bool,,,,,"],
            [
                f"line 3, device: {NOT_SAME}",
                f"line 3, group: {NOT_SAME}",
                f"line 3, interval_ms: {NOT_SAME}",
            ],
        ),
        ([PRESS, PRESS], ["line 3, tag: the same as in line 2 of its group"]),
        (
            [PRESS, "Oven,plc://ada:secret@10.20.0.6,,,Heat,HR1,float32,,,,,"],
            ["line 3, device: must not contain a user or password: name a secret in `credentials`"],
        ),
        (
            ["Press,tcp://10.20.0.5,,,Pressure,HR1,float32,,,,,"],
            ["line 2, device: must begin with one of modbus://, opc.tcp://, s7://, slmp://, enip://"],
        ),
        (
            ["Press,plc://10.20.0.5?speed=9,,,Pressure,HR1,float32,,,,,"],
            ["line 2, device: there is no option speed; options of modbus: order"],
        ),
        (
            [PRESS, "Press,,,,Running,M7,bool,,,,,", "Press,,,,Total,DB1,int32,,,,,"],
            [
                "line 3, address: 'M7' is not a register such as HR100",
                "line 4, address: 'DB1' is not a register such as HR100",
            ],
        ),
        (
            ["Press,plc://10.20.0.5,always,50,Pressure,HR1,real,abdc,0,1e31,,boss"],
            [
                "line 2, byte_order: 'abdc' must be one of abcd, cdab, badc, dcba",
                f"line 2, data_type: 'real' must be one of {TYPES}",
                "line 2, interval_ms: '50' must be a whole number from 200 to 3,600,000",
                "line 2, mode: 'always' must be one of fixed, handshake",
                "line 2, offset: '1e31' must be between -1e30 and 1e30",
                "line 2, role: 'boss' must be one of value, trigger, acknowledge",
                "line 2, scale: must not be zero: every value would be the same",
            ],
        ),
        (
            [
                PRESS,
                "Press,,,,A,HR2,int16,,1e-31,,,",
                "Press,,,,B,HR3,int16,,-1e-31,,,",
            ],
            [
                "line 3, scale: '1e-31' must be 1e-30 or more, or -1e-30 or less",
                "line 4, scale: '-1e-31' must be 1e-30 or more, or -1e-30 or less",
            ],
        ),
        (
            [PRESS, "Press,,,,Running,HR2,bool,,2,,,", "Press,,,,Recipe,HR3,string,,,1,,"],
            ["line 3, scale: a bool has no scale", "line 4, offset: a string has no offset"],
        ),
        (
            [PRESS, "Press,,,,Ready,HR2,int16,,,,,trigger"],
            [
                "line 3, data_type: a tag with the role trigger must be a bool",
                "line 3, role: only a group with the mode handshake has a trigger",
            ],
        ),
        (
            [
                "Press,plc://10.20.0.5,handshake,,Pressure,HR1,float32,,,,,",
                "Press,,,,Done,HR2,bool,,,,,acknowledge",
            ],
            ["line 3, role: there is nothing to acknowledge without a tag with the role trigger"],
        ),
        (
            [
                "Press,plc://10.20.0.5,handshake,,Ready,HR1,bool,,,,,trigger",
                "Press,,,,Again,HR2,bool,,,,,trigger",
            ],
            [
                "line 2, group: the group has no tag with the role value: nothing is read",
                "line 3, role: a group has one trigger, which is in line 2",
            ],
        ),
        (
            [
                "Press,plc://10.20.0.5,handshake,,Pressure,HR0,float32,,,,,",
                "Press,,,,Ready,HR0,bool,,,,,trigger",
                "Press,,,,Done,HR0,bool,,,,,acknowledge",
            ],
            ["line 4, address: HR0 cannot be set"],
        ),
    ],
)
def test_everything_wrong_is_told_with_its_line(lines: list[str], mistakes: list[str]) -> None:
    assert mistakes_in(*lines) == mistakes


def test_a_wrong_cell_and_a_wrong_address_are_told_together() -> None:
    assert mistakes_in(PRESS, "Press,,,,Running,M7,bool,,,,,", "Press,,,,Total,HR9,number,,,,,") == [
        "line 3, address: 'M7' is not a register such as HR100",
        f"line 4, data_type: 'number' must be one of {TYPES}",
    ]


def test_each_protocol_tells_its_own_mistakes_with_their_lines() -> None:
    lines = (
        "Fırın,s7://10.20.0.6/0/1,,,Sıcaklık,DB1.DBD4,float32,,,,°C,",
        "Fırın,,,,Kapak,DB1.DBX0.8,bool,,,,,",
        "Fırın,,,,Hız,DB1.DBW2,float32,,,,,",
        "プレス,slmp://10.20.0.7:1025,,,温度,D100,float32,,,,°C,",
        "プレス,,,,扉,X10,bool,,,,,",
        "プレス,,,,圧力,D1F,int16,,,,,",
        "Boiler,s7://10.20.0.8/2,,,Level,DB1.DBD4,float32,,,,,",
    )

    told = mistakes_in(*lines, kind=TAGS)

    assert told == [
        "line 3, address: a byte has the bits 0 to 7",
        "line 4, address: DB1.DBW2 is 2 long, in bytes, and float32 is 4: write DB1.DBD2, or another type",
        "line 6, address: the numbers of X are octal on an iQ-F (FX5), and hexadecimal on others: "
        "add ?series= to the device's address, one of q, l, iqr, iql, iqf",
        "line 7, address: the numbers of D are decimal",
        "line 8, device: the path is rack and slot: /0/1 for S7-1200 and S7-1500, /0/2 for S7-300",
    ]


@pytest.mark.parametrize(
    ("device", "trigger", "acknowledge", "another"),
    [
        ("modbus://10.20.0.5", "co:0", "00001", "co:1"),
        ("opc.tcp://10.20.0.5", "ns=0;i=7", "i=7", "ns=1;i=7"),
        ("s7://10.20.0.5", "Q0.0", "A0.0", "Q0.1"),
        ("slmp://10.20.0.5:1025?series=q", "Y0F", "YF", "YE"),
        ("enip://10.20.0.5", "Done", "Done", "Ready"),
    ],
)
def test_no_group_acknowledges_with_its_trigger(
    device: str, trigger: str, acknowledge: str, another: str
) -> None:
    lines = [
        f"Press,{device},handshake,,Ready,{trigger},bool,,,,,trigger",
        f"Press,,,,Part,{another},bool,,,,,",
    ]

    assert read_file(file(*lines, f"Press,,,,Done,{another},bool,,,,,acknowledge"), TAGS).rows
    assert mistakes_in(*lines, f"Press,,,,Done,{acknowledge},bool,,,,,acknowledge", kind=TAGS) == [
        "line 4, address: the same bit as the trigger's in line 2: to acknowledge needs one of its own"
    ]


def test_a_group_has_at_most_500_tags() -> None:
    more = [f"Press,,,,Tag {number},HR{number},int16,,,,," for number in range(500)]

    assert mistakes_in(PRESS, *more) == ["line 502, group: a group has at most 500 tags: make another group"]


def test_a_german_table_has_semicolons_and_commas() -> None:
    text = (
        "\ufeffsep=;\r\nGroup;Device;Tag;Address;Data_Type;Scale;Offset\r\n"
        "Ofen;modbus://10.20.0.5;Temperatur;HR1;int16;0,1;-273,15\r\n"
    )

    [group] = groups_of(read_file(io.BytesIO(text.encode()), KIND))

    assert group["name"] == "Ofen"
    assert group["tags"] == [tag("Temperatur", "HR1", "int16", scale=0.1, offset=-273.15)]


def stored(tags: Sequence[dict[str, object]], **changes: object) -> dict[str, object]:
    """Return a group as Supabase returns it."""
    by_role = {one["role"]: one for one in tags}
    group: dict[str, object] = {
        "name": "Press",
        "address": "modbus://10.20.0.5/1?order=cdab",
        "mode": "handshake",
        "interval_ms": 250,
        "credentials": "press_1",
        "active": False,
        "tags": [one for one in tags if one["role"] == "value"],
        "trigger_tag": by_role.get("trigger"),
        "acknowledge_tag": by_role.get("acknowledge"),
    }
    return group | changes


@pytest.mark.parametrize("number", [0.1, 0.125, 1.125, -12345.678, 1e-12, 1.5e21, 1000, 1e6, 1 / 3, 0.001])
def test_what_is_exported_comes_in_unchanged(number: float) -> None:
    group = stored(
        [
            tag(
                'Pressure, "main"', "HR100", "float32", scale=number, offset=-number, unit="°C", order="cdab"
            ),
            tag("Recipe;  two blanks", "HR 7", "string", length=16),
            tag("Ready", "HR1", "bool", role="trigger"),
            tag("Done", "HR2", "bool", role="acknowledge"),
        ]
    )
    text = io.StringIO()
    rows = list(rows_of([group]))
    writer = csv.DictWriter(text, list(TAGS.cells))
    writer.writeheader()
    writer.writerows(rows)

    table = read_file(io.BytesIO(text.getvalue().encode()), KIND)

    assert groups_of(table) == [
        {
            **{name: value for name, value in group.items() if "tag" not in name},
            # The other two may be None, which is the point.
            "tags": [*group["tags"], group["trigger_tag"], group["acknowledge_tag"]],  # type: ignore[misc]
        }
    ]
    assert table.questions == []
