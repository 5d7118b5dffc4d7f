"""All functions beside one another as one WSGI application, by either cloud's way in."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, Literal

import functions_framework
from werkzeug import Request, Response

from bundle.targets import FUNCTIONS, function_names
from tests.hostile.calls import main_of

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Way = Literal["http", "function_url"]


def application(way: Way) -> Application:
    """Return every function under its name: by functions-framework, or by the events of Lambda's URLs."""
    of = _by_framework if way == "http" else _by_events
    functions = {name: of(name) for name in function_names()}

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name, _, path = str(environ["PATH_INFO"]).removeprefix("/").partition("/")
        return functions[name]({**environ, "PATH_INFO": f"/{path}"}, start)

    return answer


def _by_framework(function: str) -> Application:
    found: Application = functions_framework.create_app(  # type: ignore[no-untyped-call] # it has no types
        "handle_http", str(FUNCTIONS / function / "main.py"), "http"
    )
    return found


def _by_events(function: str) -> Application:
    handle = main_of(function).handle_event

    @Request.application
    def answer(request: Request) -> Response:
        event = json.loads(json.dumps(_event_of(request)))
        told = json.loads(json.dumps(handle(event, None)))
        body = base64.b64decode(told["body"]) if told.get("isBase64Encoded") else told["body"]
        return Response(body, told["statusCode"], told["headers"])

    return answer


def _event_of(request: Request) -> dict[str, Any]:
    """Return the event of a function URL. Source: AWS, "Lambda function URLs: request payload format"."""
    return {
        "version": "2.0",
        "rawPath": request.path or "/",
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "http": {"method": request.method, "path": request.path},
            "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}},
        },
        "body": base64.b64encode(request.get_data()).decode(),
        "isBase64Encoded": True,
    }
