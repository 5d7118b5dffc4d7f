"""The schema snapshot says the same on every machine and on every run."""

from devstack.schema_dump import compare, normalise

DUMPED = """\
--
-- PostgreSQL database dump
--

\\restrict 7mDqKx0

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: assets; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.assets (
    name text NOT NULL
);


--
-- PostgreSQL database dump complete
--

\\unrestrict 7mDqKx0
"""


def test_tokens_versions_and_settings_are_left_out() -> None:
    schema = normalise(DUMPED)

    assert schema.splitlines()[3:] == [
        "-- Name: assets; Type: TABLE; Schema: public; Owner: postgres",
        "",
        "CREATE TABLE public.assets (",
        "    name text NOT NULL",
        ");",
    ]


def test_equal_schemas_have_no_difference() -> None:
    assert compare("create table a ();\n", "create table a ();\n") == ""


def test_a_stale_file_shows_what_changed() -> None:
    difference = compare("create table a ();\n", "create table b ();\n")

    assert "-create table a ();\n+create table b ();\n" in difference
