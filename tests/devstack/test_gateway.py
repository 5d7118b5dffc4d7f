"""The door of the local project lets in what Supabase's does, and nothing else."""

import http.client
import socket
import threading
from collections.abc import Iterator

import httpx
import jwt
import pytest

from devstack.access import SupabaseAccess, make_keys
from devstack.gateway import Gateway
from devstack.signing import sign
from devstack.supabase import Supabase
from tests.patience import ENDS_S, WITHOUT_TIME_OUT_S

USER = "5f0c7c1e-6f5d-4b0b-9f5d-0d9f5a1b2c3d"
WHO = """
create function public.who(padding text default '') returns jsonb
language sql stable set search_path = ''
return jsonb_build_object(
  'role', current_user, 'user', auth.uid(), 'timeout', current_setting('statement_timeout'),
  'padding', padding
)
"""


@pytest.fixture(scope="module")
def project(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    with local_supabase.fresh_database([WHO]) as access:
        yield access


def ask(project: SupabaseAccess, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(f"{project.rest_url}/rpc/who", headers=named, timeout=ENDS_S)


def accept_and_close(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    connection.close()


def role(answer: httpx.Response) -> object:
    return answer.raise_for_status().json()["role"]


def ask_auth(project: SupabaseAccess, path: str, key: str) -> httpx.Response:
    return httpx.get(f"{project.url}/auth/v1/{path}", headers={"apikey": key}, timeout=ENDS_S)


def test_auth_tells_its_settings_to_whoever_has_a_key(project: SupabaseAccess) -> None:
    assert ask_auth(project, "settings", project.publishable_key).json()["disable_signup"] is False
    assert ask_auth(project, "settings", "").status_code == 401


def test_auth_tells_its_users_to_the_service_role_alone(project: SupabaseAccess) -> None:
    with project.connect() as connection:
        connection.execute("insert into auth.users (id, email) values (%s, 'ada@plant.example')", [USER])

    told = ask_auth(project, "admin/users?page=1&per_page=5", project.secret_key).json()["users"]

    assert [(user["id"], user["email"]) for user in told] == [(USER, "ada@plant.example")]
    assert ask_auth(project, "admin/users?page=2&per_page=5", project.secret_key).json()["users"] == []
    assert ask_auth(project, "admin/users", project.publishable_key).status_code == 403
    assert ask_auth(project, "otp", project.secret_key).status_code == 404


def test_a_secret_key_in_apikey_alone_is_the_service_role(project: SupabaseAccess) -> None:
    answer = ask(project, apikey=project.secret_key)

    assert role(answer) == "service_role"


def test_a_publishable_key_in_apikey_alone_is_anonymous(project: SupabaseAccess) -> None:
    answer = ask(project, apikey=project.publishable_key)

    assert role(answer) == "anon"


@pytest.mark.parametrize("name", ["service_role_jwt", "anon_jwt"])
def test_a_legacy_key_in_both_headers_has_its_role(project: SupabaseAccess, name: str) -> None:
    key = getattr(project, name)

    answer = ask(project, apikey=key, authorization=f"Bearer {key}")

    assert role(answer) == name.removesuffix("_jwt")


def test_a_legacy_key_in_apikey_alone_opens_the_door_but_gives_no_role(project: SupabaseAccess) -> None:
    answer = ask(project, apikey=project.service_role_jwt)

    assert role(answer) == "anon"


def test_the_keys_that_sign_users_tokens_are_told_to_anybody_without_their_private_half(
    project: SupabaseAccess,
) -> None:
    answer = httpx.get(f"{project.url}/auth/v1/.well-known/jwks.json", timeout=ENDS_S)

    (key,) = answer.raise_for_status().json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert jwt.get_unverified_header(project.user_token(USER)) == {
        "alg": "ES256",
        "kid": key["kid"],
        "typ": "JWT",
    }
    assert "d" not in key


def test_a_users_token_signed_with_the_legacy_secret_is_still_taken(project: SupabaseAccess) -> None:
    claims = {"sub": USER, "role": "authenticated", "aud": "authenticated"}
    token = sign(claims, project.keys.jwt_secret, 60)

    answer = ask(project, apikey=project.publishable_key, authorization=f"Bearer {token}")

    assert answer.json()["user"] == USER


def test_a_users_token_signed_with_another_projects_key_is_refused(project: SupabaseAccess) -> None:
    claims = {"sub": USER, "role": "authenticated", "aud": "authenticated"}
    token = sign(claims, make_keys().signing_key or "", 60)

    answer = ask(project, apikey=project.publishable_key, authorization=f"Bearer {token}")

    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["publishable_key", "anon_jwt", "secret_key"])
def test_a_users_token_wins_over_the_role_of_the_key(project: SupabaseAccess, name: str) -> None:
    token = project.user_token(USER)

    answer = ask(project, apikey=getattr(project, name), authorization=f"Bearer {token}")

    assert answer.json()["user"] == USER
    assert role(answer) == "authenticated"


@pytest.mark.parametrize("name", ["secret_key", "publishable_key"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_new_key_as_a_bearer_token_is_refused(project: SupabaseAccess, name: str, scheme: str) -> None:
    key = getattr(project, name)

    alone = ask(project, authorization=f"{scheme} {key}")
    beside_another = ask(project, apikey=project.anon_jwt, authorization=f"{scheme} {key}")

    assert (alone.status_code, beside_another.status_code) == (401, 401)
    message = "Invalid JWT in the Authorization header"
    assert alone.json()["message"] == beside_another.json()["message"] == message


@pytest.mark.parametrize(("name", "expected"), [("secret_key", "service_role"), ("publishable_key", "anon")])
def test_a_new_key_in_both_headers_is_no_token_but_has_its_role(
    project: SupabaseAccess, name: str, expected: str
) -> None:
    key = getattr(project, name)

    answer = ask(project, apikey=key, authorization=f"Bearer {key}")

    assert role(answer) == expected


def test_a_secret_key_from_a_browser_is_refused(project: SupabaseAccess) -> None:
    answer = ask(project, apikey=project.secret_key, user_agent="Mozilla/5.0 (X11) Firefox/140.0")

    assert answer.status_code == 401
    assert answer.json()["message"] == "Forbidden use of secret API key in browser"


def test_a_publishable_key_from_a_browser_is_welcome(project: SupabaseAccess) -> None:
    answer = ask(project, apikey=project.publishable_key, user_agent="Mozilla/5.0 (X11; Linux x86_64)")

    assert role(answer) == "anon"


def test_a_missing_key_is_refused_even_beside_a_valid_token(project: SupabaseAccess) -> None:
    answer = ask(project, authorization=f"Bearer {project.service_role_jwt}")

    assert answer.status_code == 401
    assert answer.json()["message"] == "No API key found in request"


@pytest.mark.parametrize("key", ["sb_secret_wrong", "sb_publishable_wrong", "anything"])
def test_an_unknown_key_is_refused(project: SupabaseAccess, key: str) -> None:
    answer = ask(project, apikey=key)

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid API key"


def test_a_token_signed_with_another_secret_is_refused(project: SupabaseAccess) -> None:
    forged = sign({"role": "service_role"}, "another secret, also thirty-two bytes", 60)

    answer = ask(project, apikey=project.publishable_key, authorization=f"Bearer {forged}")

    assert answer.status_code == 401


def test_an_expired_token_is_refused(project: SupabaseAccess) -> None:
    expired = sign({"role": "authenticated", "sub": USER}, project.keys.jwt_secret, -60)

    answer = ask(project, apikey=project.publishable_key, authorization=f"Bearer {expired}")

    assert answer.status_code == 401


def test_the_service_role_is_held_to_the_eight_seconds_of_the_data_api(project: SupabaseAccess) -> None:
    answer = ask(project, apikey=project.secret_key)

    assert answer.json()["timeout"] == "8s"


@pytest.mark.parametrize("path", ["/storage/v1/bucket", "/realtime/v1/api/broadcast", "/", "/rest/v2/assets"])
def test_nothing_else_is_served(project: SupabaseAccess, path: str) -> None:
    answer = httpx.get(f"{project.url}{path}", headers={"apikey": project.secret_key}, timeout=ENDS_S)

    assert answer.status_code == 404


PREFLIGHT = {
    "Origin": "http://127.0.0.1:4173",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "apikey,authorization,content-type,x-client-info",
}
OF_POSTGREST = "accept-profile,apikey,authorization,content-profile,prefer,range,x-client-info"


def test_a_page_of_another_origin_may_sign_in(project: SupabaseAccess) -> None:
    url = f"{project.url}/auth/v1/token?grant_type=password"
    asked = httpx.options(url, headers=PREFLIGHT, timeout=ENDS_S)
    refused = httpx.post(url, headers={"apikey": project.publishable_key}, json={}, timeout=ENDS_S)

    assert asked.status_code == 204
    allowed = asked.headers["access-control-allow-headers"].replace(" ", "").split(",")
    assert set(PREFLIGHT["Access-Control-Request-Headers"].split(",")) <= set(allowed)
    assert (
        asked.headers["access-control-allow-origin"] == refused.headers["access-control-allow-origin"] == "*"
    )


def test_a_page_of_another_origin_may_read_and_write_rows(project: SupabaseAccess) -> None:
    url = f"{project.rest_url}/rpc/who"
    wanted = PREFLIGHT | {"Access-Control-Request-Headers": OF_POSTGREST}
    asked = httpx.options(url, headers=wanted, timeout=ENDS_S)
    read = httpx.get(url, headers={"apikey": project.publishable_key, **PREFLIGHT}, timeout=ENDS_S)

    allowed = asked.headers["access-control-allow-headers"].replace(" ", "").lower().split(",")
    assert asked.status_code == 200
    assert set(OF_POSTGREST.split(",")) <= set(allowed)
    assert asked.headers["access-control-allow-origin"] == read.headers["access-control-allow-origin"] == "*"
    assert "content-range" in read.headers["access-control-expose-headers"].lower()


def test_a_page_of_another_origin_may_read_the_signing_keys(project: SupabaseAccess) -> None:
    answer = httpx.get(f"{project.url}/auth/v1/.well-known/jwks.json", timeout=ENDS_S)

    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_of_megabytes_comes_through_whole_in_both_directions(project: SupabaseAccess) -> None:
    padding = "plantpulse" * 400_000

    answer = httpx.post(
        f"{project.rest_url}/rpc/who",
        headers={"apikey": project.secret_key},
        json={"padding": padding},
        timeout=ENDS_S,
    )

    assert answer.json()["padding"] == padding


def test_many_requests_share_one_connection(project: SupabaseAccess) -> None:
    host, port = project.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=ENDS_S)
    connection.connect()
    first_socket = connection.sock

    for _ in range(3):
        connection.request("GET", "/rest/v1/rpc/who", headers={"apikey": project.secret_key})
        assert b"service_role" in connection.getresponse().read()

    assert connection.sock is first_socket
    connection.close()


def test_an_upstream_that_is_away_is_503() -> None:
    keys = make_keys()
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    gateway = Gateway(keys, port)

    answer = httpx.get(f"{gateway.url}/rest/v1/assets", headers={"apikey": keys.secret_key}, timeout=ENDS_S)
    gateway.stop()

    assert answer.status_code == 503


def test_an_upstream_that_never_answers_is_502_in_bounded_time() -> None:
    keys = make_keys()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = Gateway(keys, silent.getsockname()[1], upstream_timeout_s=0.2)
        answer = httpx.get(
            f"{gateway.url}/rest/v1/assets", headers={"apikey": keys.secret_key}, timeout=WITHOUT_TIME_OUT_S
        )
        gateway.stop()

    assert answer.status_code == 502


def test_an_upstream_that_breaks_off_is_502() -> None:
    keys = make_keys()
    with socket.create_server(("127.0.0.1", 0)) as rude:
        rude.settimeout(ENDS_S)
        hang_up = threading.Thread(target=accept_and_close, args=(rude,))
        hang_up.start()
        gateway = Gateway(keys, rude.getsockname()[1])
        answer = httpx.get(
            f"{gateway.url}/rest/v1/assets", headers={"apikey": keys.secret_key}, timeout=ENDS_S
        )
        gateway.stop()
        hang_up.join()

    assert answer.status_code == 502


def test_a_stopped_gateway_listens_no_more() -> None:
    gateway = Gateway(make_keys(), 1)
    url = gateway.url

    gateway.stop()

    with pytest.raises(httpx.ConnectError):
        httpx.get(url, timeout=ENDS_S)
