"""NBGrader's pages, made so that nothing on them runs but its own scripts, and on a page of feedback nothing at all.

NBGrader's templates have inline code, which a Content-Security-Policy forbids. They are changed while they are read: each
script gets the nonce of its request, and each `onclick` becomes data for `formgrader.js`.
"""

import html
import re
from collections.abc import Callable

from jinja2 import BaseLoader, Environment, pass_context
from nbconvert.filters import ansi2html
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from tito.assignments.sanitize import clean_html, markdown_html, reduced

SCRIPT_URL = "/formgrader/formgrader.js"
FEEDBACK_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
FEEDBACK_META = f'<meta http-equiv="Content-Security-Policy" content="{FEEDBACK_POLICY}" />'
FORMGRADER_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STYLE = "<style>.rendered_html th, .rendered_html td { padding: 0.2em 0.6em; }</style>"  # else columns touch
# what the formgrader's templates print without escaping it
NAMES = ("student", "first_name", "last_name", "notebook_path", "assignment_id", "notebook_id", "submission_id")


def hardened(source: str) -> str:
    """A template of NBGrader without inline handlers and without MathJax, its scripts with a nonce.

    >>> print(hardened('<script src="x/js/utils.js"></script><b onClick="go(true);">'))
    <script nonce="{{ nonce() }}" src="x/js/utils.js"></script>
    <script nonce="{{ nonce() }}" src="/formgrader/formgrader.js"></script><b data-click="go" data-with="true">
    """
    source = source.replace("{{ mathjax() }}", "")  # formulas are MathML
    source = re.sub(r'(js/utils\.js"></script>)', rf'\1\n<script src="{SCRIPT_URL}"></script>', source)
    source = re.sub(r"<script\b", '<script nonce="{{ nonce() }}"', source)
    source = re.sub(r'\sonclick="(\w+)\((\w*)\);?"', r' data-click="\1" data-with="\2"', source, flags=re.IGNORECASE)
    return source.replace("<head>", f"<head>\n{{{{ policy() }}}}\n{STYLE}", 1)


class HardenedLoader(BaseLoader):
    """Reads templates as another loader does, and changes them."""

    def __init__(self, loader: BaseLoader):
        self.loader = loader

    def get_source(self, environment: Environment, template: str):
        source, path, is_current = self.loader.get_source(environment, template)
        return hardened(source), path, is_current

    def list_templates(self) -> list[str]:
        return self.loader.list_templates()


def harden(environment: Environment, nonce: Callable[[], str] = str, policy: Callable[[], str] = str) -> None:
    """Make an environment's templates safe; a second time, nothing happens.

    Args:
        nonce: the nonce of the page that is being made; none makes a page without scripts.
        policy: what its head begins with.
    """
    if not isinstance(environment.loader, HardenedLoader):
        environment.loader = HardenedLoader(environment.loader)
        environment.globals |= {"nonce": nonce, "policy": policy}


class SafePage(NbGraderPreprocessor):
    """The last step before a template: nothing that a student wrote reaches the page as HTML.

    It is a preprocessor, so that `nbgrader generate_feedback` and the formgrader's buttons take it, too.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        exporter = self.parent
        harden(exporter.environment, policy=lambda: FEEDBACK_META)
        highlight = exporter.environment.filters["highlight_code"]
        exporter.register_filter("markdown2html", _markdown)
        exporter.register_filter("highlight_code", lambda source, **_: clean_html(highlight(source)))
        exporter.register_filter("ansi2html", lambda text: clean_html(ansi2html(text)))
        for name in NAMES:
            if isinstance(resources.get(name), str):
                resources[name] = html.escape(resources[name])
        return reduced(nb), resources


@pass_context
def _markdown(context, text: str) -> str:
    return markdown_html(text, context.get("cell", {}).get("attachments"))
