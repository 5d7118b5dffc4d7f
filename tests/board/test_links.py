"""Links of mails and of providers: who comes by one gets in, or reads why not."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.board.opening import Opened
from tests.board.project import EMAIL, Project, token


def follow(page: Page, project: Project, ending: str) -> None:
    """Open the board by a link, as a mail program does."""
    page.goto("about:blank")
    page.goto(f"{project.url}/{ending}")


def with_tokens(kind: str) -> str:
    """Return the ending of a link that Auth has verified, as it redirects to the board."""
    return f"#access_token={token()}&expires_in=3600&refresh_token=again&token_type=bearer&type={kind}"


@pytest.mark.parametrize("kind", ["invite", "recovery"])
def test_whoever_is_invited_or_forgot_a_password_chooses_one_and_is_in(
    project: Project, open_page: Opened, kind: str
) -> None:
    page = open_page(sign_in=False)

    follow(page, project, with_tokens(kind))
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    page.get_by_label("New password").fill("correct horse battery")
    page.get_by_role("button", name="Save it").click()

    expect(page.get_by_text("−220")).to_be_visible()
    assert [one for one in project.asked_of_auth if one[0] == "PUT"] == [
        (
            "PUT",
            "/auth/v1/user",
            {"password": "correct horse battery", "code_challenge": None, "code_challenge_method": None},
        )
    ]
    assert page.url == f"{project.url}/#/northfield/board"


def test_a_link_with_a_token_for_the_page_works_in_any_browser(project: Project, open_page: Opened) -> None:
    page = open_page(sign_in=False)

    follow(page, project, "?token_hash=abc&type=invite")

    expect(page.get_by_label("New password")).to_be_visible()
    assert ("POST", "/auth/v1/verify", {"token_hash": "abc", "type": "invite"}) in [
        (method, path, {name: body[name] for name in ("token_hash", "type") if name in body})
        for method, path, body in project.asked_of_auth
    ]
    assert page.url == f"{project.url}/"
    page.reload()
    expect(page.get_by_label("New password")).to_be_visible()


def test_a_forgotten_password_disturbs_nobody_in_another_tab(project: Project, open_page: Opened) -> None:
    page = open_page("safety")
    page.get_by_role("button", name="Resolve …").first.click()
    page.get_by_label("What was done?").fill("Gate adjusted")
    page.evaluate(
        "() => void (new BroadcastChannel('plantpulse-session').onmessage = (e) => (heard = e.data))"
    )

    other = page.context.new_page()
    follow(other, project, "?token_hash=abc&type=recovery")
    expect(other.get_by_label("New password")).to_be_visible()

    page.wait_for_function("window.heard?.event === 'PASSWORD_RECOVERY'")
    expect(page.get_by_label("What was done?")).to_have_value("Gate adjusted")


def test_a_link_that_signs_in_asks_for_no_password(project: Project, open_page: Opened) -> None:
    page = open_page(sign_in=False)

    follow(page, project, with_tokens("magiclink"))

    expect(page.get_by_text("−220")).to_be_visible()
    assert "access_token" not in page.evaluate("location.href")
    page.go_back()
    assert "access_token" not in page.url


def test_a_password_that_the_project_refuses_is_told_and_asked_again(
    project: Project, open_page: Opened
) -> None:
    page = open_page(sign_in=False)
    follow(page, project, with_tokens("invite"))
    project.refusal = (
        422,
        {"code": "weak_password", "message": "Password should be at least 12 characters."},
    )

    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Save it").click()

    expect(page.get_by_role("status")).to_have_text("Not done: Password should be at least 12 characters.")
    expect(page.get_by_label("New password")).to_have_value("short")


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (
            "#error=access_denied&error_code=otp_expired&error_description=Call+0900+1234",
            "This link was used already, or is too old. Please ask for a new one.",
        ),
        (
            "?error=access_denied&error_code=signup_disabled&error_description=Call+0900+1234",
            "Signing in failed: signup_disabled",
        ),
        ("?error=x&error_code=%3Cb%3E", "Signing in failed: unknown"),
        ("?code=good", "This link works in the browser that asked for it."),
        (
            "#access_token=abcd.abcd.abcd&refresh_token=r&type=recovery",
            "This link was used already, or is too old. Please ask for a new one.",
        ),
    ],
)
def test_a_link_that_lets_nobody_in_says_why_in_words_of_our_own(
    project: Project, open_page: Opened, ending: str, words: str
) -> None:
    page = open_page(sign_in=False)

    follow(page, project, ending)

    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.get_by_text("0900")).to_have_count(0)
    assert page.url == f"{project.url}/"


def test_a_link_that_is_dead_does_not_sign_out_who_is_signed_in(project: Project, board: Page) -> None:
    follow(board, project, "#error=access_denied&error_code=otp_expired")

    expect(board.get_by_text("−220")).to_be_visible()


def test_a_forgotten_password_is_asked_for_by_mail_and_its_link_lets_choose_one(
    project: Project, open_page: Opened
) -> None:
    page = open_page(sign_in=False)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_role("button", name="I forgot my password").click()
    expect(page.get_by_role("status")).to_have_text(
        f"If there is an account, a link is on its way to {EMAIL}."
    )
    [(method, path, body)] = project.asked_of_auth
    assert (method, path.startswith("/auth/v1/recover?redirect_to="), body["email"]) == ("POST", True, EMAIL)

    page.route("**/auth/v1/**", lambda route: route.fulfill(status=503))
    follow(page, project, "?code=good")
    expect(page.get_by_text("Supabase does not answer.")).to_be_visible()
    assert page.url == f"{project.url}/"
    page.unroute("**/auth/v1/**")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_label("New password")).to_be_visible()


def test_a_provider_of_the_project_and_a_company_have_a_button_each(
    project: Project, open_page: Opened
) -> None:
    project.sign_in = {"providers": ["azure", "keycloak"], "sso_domain": "example.com"}

    page = open_page("safety", query="?tv", sign_in=False)
    expect(page.get_by_role("button", name=re.compile("^Sign in with"))).to_have_text(
        ["Sign in with Microsoft", "Sign in with Keycloak", "Sign in with example.com"]
    )
    page.get_by_role("button", name="Sign in with Microsoft").click()
    page.wait_for_url("**/auth/v1/authorize?**")
    assert "provider=azure" in page.url
    assert "scopes=email" in page.url
    assert quote(f"{project.url}/?tv", safe="") in page.url

    follow(page, project, "?code=good&tv=")

    # Whoever comes back is where he wanted to be, and a wall is a wall.
    expect(page.get_by_role("heading", name="Open incidents")).to_be_visible()
    assert page.url == f"{project.url}/?tv#/northfield/safety"


def test_a_company_signs_in_where_its_domain_leads(project: Project, open_page: Opened) -> None:
    project.sign_in = {"sso_domain": "example.com"}
    page = open_page(sign_in=False)

    page.get_by_role("button", name="Sign in with example.com").click()

    page.wait_for_url("**/auth/v1/sso/saml")
    assert project.asked_of_auth[0][2]["domain"] == "example.com"
