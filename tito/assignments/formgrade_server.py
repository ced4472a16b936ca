"""The web application behind `tito nbgrader formgrade`: NBGrader's handlers, each behind the same guard, and no others."""

import html
import logging
import secrets
from http import HTTPStatus
from pathlib import Path

from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider
from jupyter_server.base.call_context import CallContext
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.base import BaseHandler, check_xsrf
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web

from tito.assignments.classroom import Classroom
from tito.assignments.pages import FORMGRADER_POLICY, SCRIPT_URL, SafePage, harden

SCRIPT = Path(__file__).with_name("formgrader.js")
# the first takes a folder from the address and runs the settings in it; the second sends files of a student as they are
REPLACED = (handlers.FormgraderHandler, handlers.SubmissionFilesHandler, handlers.Template404)
ERROR = "<!doctype html><title>{status}</title><p>{status}: {reason}</p><p>{hint}</p>"
HINTS = {
    403: "Open the address that `tito nbgrader formgrade` has printed: there is a token in it.",
    404: 'This server has the formgrader and nothing else. <a href="/formgrader">To the formgrader</a>',
    500: "The reason is in .tito/formgrade.log, in the folder of the class.",
}


class Guard:
    """What every answer of this server has."""

    nonce: str | None = None

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.nonce = self.nonce or secrets.token_urlsafe(16)
        self.set_header("Content-Security-Policy", FORMGRADER_POLICY.format(nonce=self.nonce))
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")

    def render(self, name: str, **values: object) -> str:
        template = self.settings["nbgrader_jinja2_env"].get_template(name)
        return template.render(**values)

    def write_error(self, status_code: int, **_: object) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        reason = html.escape(HTTPStatus(status_code).phrase)
        self.finish(ERROR.format(status=status_code, reason=reason, hint=HINTS.get(status_code, HINTS[500])))


class Front(Guard, BaseHandler):
    @web.authenticated
    @check_xsrf
    def get(self) -> None:
        self.redirect("/formgrader/manage_assignments")


class Script(Guard, web.RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.write(SCRIPT.read_text(encoding="utf-8"))


class NotHere(Guard, web.RequestHandler):
    def prepare(self) -> None:
        raise web.HTTPError(404)


class Closed(Guard, web.RequestHandler):
    """Where a request without a token ends."""

    def prepare(self) -> None:
        raise web.HTTPError(403)


def application(classroom: Classroom, token: str) -> web.Application:
    """The formgrader of a class, for requests with the token."""
    formgrader = FormgradeExtension(
        debug=False
    )  # True shows the settings, with the database's password, on the first page
    formgrader.log = logging.getLogger("traitlets")
    formgrader.root_dir = str(classroom.root)
    formgrader.initialize([])
    identity = IdentityProvider(token=token)
    app = web.Application(
        _routes(),
        default_handler_class=NotHere,
        base_url="/",
        login_url="/login",
        cookie_secret=secrets.token_bytes(32),
        xsrf_cookies=True,
        identity_provider=identity,
        authorizer=AllowAllAuthorizer(identity_provider=identity),
        log_function=lambda handler: None,  # it would write the token down
    )
    formgrader.init_tornado_settings(app)
    _make_pages_safe(app)
    return app


def _routes() -> list[tuple]:
    known = [*handlers.default_handlers, *apihandlers.default_handlers]
    known.append((r"/formgrader/static/(.*)", web.StaticFileHandler, {"path": handlers.static_path}))
    kept = [(pattern, _guarded(kind), *rest) for pattern, kind, *rest in known if kind not in REPLACED]
    return [(r"/formgrader/?", Front), (SCRIPT_URL, Script), (r"/login", Closed), *kept]


def _guarded(kind: type) -> type:
    return type(kind.__name__, (Guard, kind), {})


def _make_pages_safe(app: web.Application) -> None:
    def nonce() -> str:
        return CallContext.get(CallContext.JUPYTER_HANDLER).nonce

    exporter, pages = app.settings["nbgrader_exporter"], app.settings["nbgrader_jinja2_env"]
    exporter.register_preprocessor(SafePage, enabled=True)
    pages.autoescape = True  # names of students are folders' names
    for environment in (exporter.environment, pages):
        harden(environment, nonce=nonce)
