"""Where the buttons above a page lead, and the repository's address in `git clone`."""

from pathlib import Path

from tito.repository import address

UNKNOWN = "<the address of this repository>"
# on its own line below such a command; dropped once the address is known
EXPLANATION = f"Replace `{UNKNOWN}` with the URL of the course's repository, as your instructor or its page gives it.\n"


def add_buttons(app, config) -> None:
    config.html_theme_options["use_download_button"] = False  # it would offer the whole source, including hidden tests
    config.tinytorch_repository = address() or ""
    if url := config.tinytorch_repository:
        config.html_theme_options |= {
            "repository_url": url,
            "use_repository_button": True,
            "use_edit_page_button": True,
            "use_issues_button": True,
        }


def fill_in(app, docname, source) -> None:
    if address := app.config.tinytorch_repository:
        source[0] = source[0].replace(EXPLANATION, "").replace(UNKNOWN, address)
    if docname == app.config.root_doc:  # Sphinx copies static files only if some page has changed
        for path in Path(app.confdir, "book", "_static").iterdir():
            app.env.note_dependency(str(path))


def setup(app):
    app.connect("config-inited", add_buttons, priority=100)  # before the theme looks at its options
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
