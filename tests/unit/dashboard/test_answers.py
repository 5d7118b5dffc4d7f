"""Files and their headers; what is not there; what a browser has already."""

import gzip

import pytest

from plantpulse.dashboard.answers import Answer, Request, answer_to, policy
from plantpulse.dashboard.site import File

ORIGINS = ["https://abc.supabase.co", "wss://abc.supabase.co"]
SCRIPT = b"export const words = 'plantpulse plantpulse plantpulse plantpulse'\n" * 20
SITE = {
    "index.html": File("index.html", b"<!doctype html>"),
    "assets/index-4f2a.js": File("assets/index-4f2a.js", SCRIPT),
    "assets/logo-1a.png": File("assets/logo-1a.png", b"\x89PNG" + b"a" * 1000),
    "icon.svg": File("icon.svg", b"<svg/>"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self' https://abc.supabase.co wss://abc.supabase.co; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'"
)


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_to(Request(method, path, named), SITE, ORIGINS)


@pytest.mark.parametrize("path", ["/", "/index.html", ""])
def test_the_front_page_is_asked_for_again_each_time(path: str) -> None:
    answer = ask(path)

    assert (answer.status, answer.body) == (200, b"<!doctype html>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_an_asset_is_kept_for_good() -> None:
    answer = ask("/assets/index-4f2a.js")

    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/", "/assets/index-4f2a.js", "/nothing"])
def test_every_answer_is_guarded(path: str) -> None:
    headers = ask(path).headers

    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_page_runs_its_own_scripts_and_connects_to_its_project_alone() -> None:
    assert ask("/").headers["Content-Security-Policy"] == policy(ORIGINS) == POLICY


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/assets",
        "/assets/",
        "//index.html",
        "/../main.py",
        "/assets/../../main.py",
        "/assets/..%2f..%2fmain.py",
        "/..\\main.py",
        "/index.html\0.js",
        "/INDEX.HTML",
    ],
)
def test_what_is_not_there_is_404_whatever_the_path_looks_like(path: str) -> None:
    answer = ask(path)

    assert (answer.status, answer.body) == (404, b"There is nothing at this path\n")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_files_are_only_read(method: str) -> None:
    answer = ask("/", method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*", "GZIP", "gzip;q=0.001"])
def test_a_file_is_packed_for_who_takes_that(accepted: str) -> None:
    answer = ask("/assets/index-4f2a.js", accept_encoding=accepted)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.body) == SCRIPT


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.00", "*, gzip;q=0", "identity", ",;,"])
def test_a_file_is_plain_for_everybody_else(accepted: str) -> None:
    answer = ask("/assets/index-4f2a.js", accept_encoding=accepted)

    assert "Content-Encoding" not in answer.headers
    assert answer.body == SCRIPT


@pytest.mark.parametrize("path", ["/assets/logo-1a.png", "/icon.svg"])
def test_what_packing_does_not_shorten_is_plain(path: str) -> None:
    assert "Content-Encoding" not in ask(path, accept_encoding="gzip").headers


@pytest.mark.parametrize("accepted", ["", "gzip"])
def test_what_a_browser_has_is_not_sent_again(accepted: str) -> None:
    etag = ask("/assets/index-4f2a.js", accept_encoding=accepted).headers["ETag"]

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = ask("/assets/index-4f2a.js", accept_encoding=accepted, if_none_match=known)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == etag


def test_another_form_or_content_is_sent() -> None:
    plain = ask("/assets/index-4f2a.js").headers["ETag"]

    assert ask("/assets/index-4f2a.js", accept_encoding="gzip", if_none_match=plain).status == 200
    assert ask("/", if_none_match=plain).status == 200
    assert ask("/", if_none_match="hostile," * 10_000).status == 200
