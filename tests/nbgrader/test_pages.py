"""What students write, on the pages that others open: nothing of it runs, and nothing of it is lost. In a real browser."""

import re
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, unquote
from urllib.request import Request, urlopen

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="runs only where nbgrader is installed: make test-nbgrader")

from nbconvert.exporters import HTMLExporter

from tests.nbgrader.students import MODULE, UNSAFE, answered, cell_of, hand_in, solved
from tests.nbgrader.test_formgrade import CHROMIUM, formgrader
from tests.tito.student import done, tito
from tito.assignments.pages import FEEDBACK_POLICY, SafePage, hardened
from tito.assignments.sanitize import clean_html, markdown_html, reduced

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="runs only where chromium is installed")
MARK = "window.marker = 'ran'"
# as prose, as what a cell printed, as HTML that it showed
ATTACKS = [
    f"<script>{MARK}</script>",
    f'<img src="x" onerror="{MARK}">',
    f'<svg onload="{MARK}"><a href="javascript:{MARK}">x</a></svg>',
    f'<details open ontoggle="{MARK}">x</details>',
    f'<iframe srcdoc="<script>parent.{MARK}</script>"></iframe>',
    f'<input autofocus onfocus="{MARK}">',
    f'<a id="opened" href="javascript:{MARK}">x</a>',
    f"[opened](javascript:{MARK})",
    f'<math><mtext><table><mglyph><style><img src=x onerror="{MARK}">',
    f'<noscript><p title="</noscript><img src=x onerror={MARK}>">',
    f'$\\text{{<img src=x onerror="{MARK}">}}$',
    f"$\\href{{javascript:{MARK}}}{{x}}$",
    f'```mermaid\n<img src=x onerror="{MARK}">\n```',
    f'![x](data:image/svg+xml;base64,x" onerror="{MARK})',
    f"`</code><script>{MARK}</script>`",
    '<meta http-equiv="refresh" content="0; url=http://127.0.0.1:9/">',
    "<style>body { display: none }</style><base href='http://127.0.0.1:9/'>",
    '<form action="/formgrader/api/students"><button>Full credit</button></form>',
    "<script>fetch('/formgrader/api/grade/1', {method: 'PUT', body: '{\"manual_score\": 50}'})</script>",
]
PROSE = "if $p<q$ then stop, and a <b and c> d; $a<b$ and $c>d$; it costs $5 or $6"


def evil(released):
    """A notebook, handed in, with every attack in an answer, in a cell of prose, and in what a cell prints."""
    nb = answered(solved(released, relu=f"print({ATTACKS[1]!r})\nreturn np.maximum(x, 0)"))
    cell_of(nb, "question_softmax_memory").source += "\n\n" + "\n\n".join([PROSE, *ATTACKS])
    nb.cells.append(nbformat.v4.new_markdown_cell("# question_softmax_memory\n\n" + "\n\n".join(ATTACKS)))
    nb.cells.append(nbformat.v4.new_code_cell(f"print({ATTACKS!r})\nraise ValueError({ATTACKS[0]!r})"))
    return nb


def forged(nb):
    """A graded notebook in whose file somebody has written what no step of `tito` would leave there."""
    attack, everywhere = ATTACKS[1], "\n".join(ATTACKS)
    kinds = ("text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex", "image/png")
    shown = [{"output_type": "display_data", "metadata": {}, "data": {kind: everywhere}} for kind in kinds]
    shown[0]["metadata"] = {"text/html": {"isolated": True}}
    shown.append({"output_type": "stream", "name": "stdout", "text": f"\x1b[31m{everywhere}"})
    shown.append({"output_type": "error", "ename": attack, "evalue": attack, "traceback": [everywhere]})
    code = {"cell_type": "code", "id": "one", "metadata": {"tags": [attack]}, "source": everywhere, "outputs": shown}
    graded = {"grade_id": f'x">{attack}', "grade": False, "solution": False, "points": attack, "comment": everywhere}
    attached = {"x.png": {"image/png": f'AA"><script>{MARK}</script>', "text/html": everywhere}}
    nb.cells += [
        nbformat.from_dict(code | {"execution_count": 1}),
        nbformat.from_dict({"cell_type": "raw", "id": "two", "metadata": {}, "source": everywhere}),
        nbformat.from_dict(
            {"cell_type": "markdown", "id": "three", "metadata": {"nbgrader": graded}, "source": everywhere}
        ),
        nbformat.from_dict(
            {"cell_type": "markdown", "id": "four", "metadata": {}, "source": "![](attachment:x.png)"}
            | {"attachments": attached}
        ),
    ]
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": everywhere}}
    return nb


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class of three: one attacks with what is handed in, one with a notebook changed after grading, one with a name."""
    root = tmp_path_factory.mktemp("pages")
    folder = root / "class"
    done(tito("nbgrader", "init", folder, cwd=root))
    done(tito("nbgrader", "generate", "02", cwd=folder))
    released = nbformat.read(folder / "release" / MODULE.stem / f"{MODULE.stem}.ipynb", 4)
    work = {"eve": ({"x.ipynb": evil(released)},), "mallory": ({"x.ipynb": answered(solved(released))},)}
    hand_in(root / "incoming", work)
    done(tito("nbgrader", "collect", "02", root / "incoming", cwd=folder))
    done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    path = folder / "autograded" / "mallory" / MODULE.stem / f"{MODULE.stem}.ipynb"
    nb = forged(nbformat.read(path, 4))
    path.write_text(nbformat.v4.writes(nb), encoding="utf-8")
    with sqlite3.connect(folder / "gradebook.db") as gradebook:  # as an earlier version would have let it in
        gradebook.execute("insert into student (id, last_name, first_name) values (?, ?, ?)", [ATTACKS[1]] * 3)
        gradebook.execute("update student set last_name = ?, first_name = ? where id = 'eve'", [ATTACKS[1]] * 2)
    done(tito("nbgrader", "feedback", "02", "--to", root / "out", cwd=folder))
    return folder


def database(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "gradebook.db") as gradebook:
        return list(gradebook.iterdump())


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        yield tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]).new_page()


def assert_harmless(page, url: str) -> None:
    """Open a page, click on what looks like a link of an attack, and see that nothing has run and that it is still there."""
    page.goto(url)
    page.wait_for_timeout(400)
    for link in page.locator("a:has-text('opened')").all():
        link.click(timeout=1000)
    page.wait_for_timeout(100)
    assert page.evaluate("window.marker") is None, url
    assert unquote(page.url).partition("?")[0] == unquote(url).partition("?")[0], "it led elsewhere"
    assert page.evaluate("getComputedStyle(document.body).display") == "block"


@in_browser
def test_nothing_of_a_submission_runs_in_the_formgrader_and_the_database_stays(folder, page):
    before = database(folder)
    with formgrader(folder) as address:
        base = address.partition("?")[0]
        page.goto(address)
        for path in ("manage_assignments", "gradebook", f"gradebook/{MODULE.stem}", "manage_students"):
            assert_harmless(page, f"{base}/{path}")
        for path in (f"manage_submissions/{MODULE.stem}", f"gradebook/{MODULE.stem}/{MODULE.stem}"):
            assert_harmless(page, f"{base}/{path}")
        assert_harmless(page, f"{base}/manage_students/{quote(ATTACKS[1])}")
        for (identity,) in sqlite3.connect(folder / "gradebook.db").execute("select id from submitted_notebook"):
            assert_harmless(page, f"{base}/submissions/{identity}/")
            assert page.locator("input.score").count() == 10 and page.locator("form, iframe, svg").count() == 0
    assert database(folder) == before


@in_browser
def test_nothing_of_a_submission_runs_on_a_page_of_feedback(folder, page):
    for student in ("eve", "mallory"):
        path = folder.parent / "out" / student / f"{MODULE.stem}.html"
        text = path.read_text(encoding="utf-8")
        assert FEEDBACK_POLICY in text and "<script" not in text.lower()
        assert_harmless(page, path.as_uri())
        page.set_content(text.replace(FEEDBACK_POLICY, ""))  # the first layer holds without the second
        page.wait_for_timeout(300)
        assert page.evaluate("window.marker") is None
    page.goto((folder.parent / "out" / "eve" / f"{MODULE.stem}.html").as_uri())
    answer = page.locator(".nbgrader_cell", has_text="384 MiB.").inner_text()
    assert "a <b and c> d" in answer and "it costs $5 or $6" in answer and f"<script>{MARK}</script>" in answer
    assert [m.get_attribute("alttext") for m in page.locator(".nbgrader_cell math").all()][-5:-2] == [
        "p<q",
        "a<b",
        "c>d",
    ]


@in_browser
@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_made_harmless_without_a_policy(page, attack):
    exporter = HTMLExporter()
    exporter.register_preprocessor(SafePage, enabled=True)
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(attack)])
    html, _ = exporter.from_notebook_node(forged(nb))
    page.set_content(html.replace(FEEDBACK_POLICY, ""))
    page.wait_for_timeout(100)
    assert page.evaluate("window.marker") is None
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', html))


@in_browser
def test_the_attacks_are_real(page):
    """Without any of the layers the first ones run: so the markers are worth something."""
    for attack in ATTACKS[:3]:
        page.goto("about:blank")
        page.set_content(f"<p>{attack}</p>")
        page.wait_for_timeout(200)
        assert page.evaluate("window.marker") == "ran", attack


@in_browser
def test_the_policy_alone_is_enough(folder, page):
    """Whatever the first layer might let through: inline code does not run, and no other host is asked."""
    asked = []
    page.on("request", lambda request: asked.append(request))
    with formgrader(folder) as address:
        page.goto(address)

        def spoiled(route):
            answer = route.fetch()
            attack = "".join([*ATTACKS, '<img src="http://127.0.0.1:9/x.png"><script src="/x.js"></script>'])
            route.fulfill(response=answer, body=answer.text().replace("<body>", f"<body>{attack}"))

        page.route("**/gradebook", spoiled)
        page.goto(f"{address.partition('?')[0]}/gradebook")
        page.wait_for_selector(f"text={MODULE.stem}")  # NBGrader's own script has filled the table
        assert page.evaluate("window.marker") is None
    base = address.partition("/formgrader")[0]
    elsewhere = [request for request in asked if not request.url.startswith((base, "data:", "about:"))]
    assert elsewhere and all(request.failure == "csp" for request in elsewhere)


@in_browser
@contextmanager
def saved(page):
    """Wait until what is entered inside has reached the gradebook."""
    with page.expect_response(lambda answer: answer.request.method in ("PUT", "POST")) as answer:
        yield
    assert answer.value.ok


def test_marking_by_hand_works_with_everything_that_the_page_offers(folder, page):
    with formgrader(folder) as address:
        base = address.partition("?")[0]
        blocked = []
        page.on("console", lambda message: blocked.append(message.text) if "Content Security" in message.text else None)
        page.on("pageerror", lambda error: blocked.append(str(error)))
        page.goto(address)
        page.goto(f"{base}/gradebook/{MODULE.stem}/{MODULE.stem}")
        page.wait_for_selector("text=Submission #1")
        page.click("text=Show All Names")
        page.click("text=mallory")
        page.wait_for_selector("input.score")
        page.wait_for_load_state("networkidle")  # before that, the page's script does not listen
        box = page.locator("input.score#question_softmax_memory")
        with saved(page):
            box.fill("1.5")
            box.press("Tab")
        extra = page.locator("input#question_softmax_memory_extra_credit")
        with saved(page):
            extra.fill("50")
            extra.press("Tab")
        comment = page.locator("textarea#question_softmax_memory-comment")
        with saved(page):
            comment.fill(f"Good. $p<q$ {ATTACKS[0]}")
            comment.press("Tab")
        with saved(page):
            page.locator(".nbgrader_cell", has=page.locator("#question_vanishing_slope")).locator(
                ".full-credit"
            ).click()
        page.reload(wait_until="networkidle")
        assert (box.input_value(), extra.input_value()) == ("1.5", "50") and comment.input_value().startswith(
            "Good. $p<q$"
        )
        assert page.locator("input.score#question_vanishing_slope").input_value() == "2"
        page.click(".glyphicon-eye-open")
        assert page.locator("a.name-shown").is_visible() and page.locator("a.name-shown").get_attribute("href") is None
        page.goto(f"{base}/manage_students", wait_until="networkidle")
        page.click("text=Add new student")
        page.wait_for_selector("#add-student-modal")
    assert blocked == []
    said = done(tito("nbgrader", "export", "02", cwd=folder))
    assert (
        "CHECK mallory, 02_activations: above the maximum: question_softmax_memory 51.5 of 2; in all 76.5 of 27" in said
    )
    for command in (["autograde", "02", *UNSAFE], ["report", "02"]):
        assert "CHECK: above the maximum: question_softmax_memory 51.5 of 2" in done(
            tito("nbgrader", *command, cwd=folder)
        )
    done(tito("nbgrader", "feedback", "02", "--to", folder.parent / "marked", cwd=folder))
    text = (folder.parent / "marked" / "mallory" / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    assert 'alttext="p&lt;q"' in text and "&lt;script&gt;" in text and "<script" not in text


def answer(url: str, method: str = "GET", **headers: str) -> tuple[int, dict, str]:
    try:
        with urlopen(Request(url, method=method, headers=headers), timeout=10) as said:
            return said.status, dict(said.headers), said.read().decode("utf-8", "replace")
    except HTTPError as error:
        return error.code, dict(error.headers), error.read().decode("utf-8", "replace")


def test_the_server_has_the_formgrader_and_nothing_else(folder):
    (identity,) = sqlite3.connect(folder / "gradebook.db").execute("select id from submitted_notebook").fetchone()
    with formgrader(folder) as address:
        base, token = address.partition("/formgrader")[0], address.partition("token=")[2]
        known = {"Authorization": f"token {token}"}
        for path in (
            "/api/contents /api/kernels /api/terminals /api/sessions /api/config/x /api/status /api /terminals/1 /lab /tree "
            "/notebooks/x /edit/nbgrader_config.py /files/gradebook.db /view/x /nbconvert/html/x /static/x /logout / "
            f"/formgrader/submissions/{identity}/{MODULE.stem}.ipynb /formgrader/nothing"
        ).split():
            assert answer(f"{base}{path}", **known)[0] == 404, path
            for method in ("POST", "PUT", "DELETE"):
                assert answer(f"{base}{path}", method, **known)[0] in (403, 404, 405), path
        for path in ("/formgrader", "/formgrader/gradebook", "/formgrader/api/students", "/formgrader/api/grade/1"):
            assert answer(f"{base}{path}")[0] == 403, "without a token"
        assert answer(f"{base}/formgrader/api/students", Host="evil.example", **known)[0] == 403
        nonces = []
        for path in (
            "/formgrader/gradebook",
            "/formgrader/api/students",
            "/formgrader/static/js/utils.js",
            "/nothing",
        ) * 2:
            policy = answer(f"{base}{path}", **known)[1]["Content-Security-Policy"]
            nonces += re.findall(r"script-src 'nonce-([^']+)';", policy)
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert len(set(nonces)) == 8
        _, _, text = answer(f"{base}/formgrader/gradebook/{MODULE.stem}/{MODULE.stem}", **known)
        scripts = re.findall(r"<script[^>]*>", text)
        assert len(scripts) > 8 and all("nonce=" in script for script in scripts)
        assert not re.search(r"\son\w+=", text, re.IGNORECASE)


def test_an_address_cannot_make_the_formgrader_run_settings_of_another_folder(folder, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("open('ran', 'w', encoding='utf-8').close()\n", encoding="utf-8")
    with formgrader(folder) as address:
        answer(f"{address}&path={tmp_path}")
    assert not list(tmp_path.rglob("ran")) and not (folder / "ran").exists()


def test_the_token_is_in_a_private_file_and_on_no_command_line(folder):
    with formgrader(folder) as address:
        token = address.partition("token=")[2]
        opener = folder / ".tito" / "formgrade.html"
        assert token in opener.read_text(encoding="utf-8")
        if hasattr(opener, "chmod") and Path("/proc/self/cmdline").exists():
            assert opener.stat().st_mode & 0o777 == 0o600
            lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
            assert lines and not any(token.encode() in line for line in lines)
        assert token not in (folder / ".tito" / "formgrade.log").read_text(encoding="utf-8")
    assert not opener.exists(), "it ends with the server"


def test_nbgraders_own_command_writes_harmless_pages_too(folder):
    import subprocess
    import sys

    command = [sys.executable, "-m", "nbgrader", "generate_feedback", MODULE.stem, "--force"]
    run = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stderr
    text = (folder / "feedback" / "mallory" / MODULE.stem / f"{MODULE.stem}.html").read_text(encoding="utf-8")
    assert FEEDBACK_POLICY in text and "<script" not in text.lower()


def test_a_template_of_another_version_makes_no_page(folder, monkeypatch):
    from tito.assignments import pages, returning
    from tito.assignments.classroom import Classroom

    monkeypatch.setattr(pages, "hardened", lambda source: source)
    (page,) = [
        page for page in returning.feedback(Classroom(folder), MODULE, folder.parent / "other") if page.student == "eve"
    ]
    assert page.path is None and "it could run code" in page.why


def test_no_formula_and_no_sentence_is_lost():
    text = markdown_html(PROSE + "\n\n$$\\sum_{i<n} x_i$$\n\n| $a<b$ | <i> |\n|:--|--:|\n| 1 | 2 |\n")
    formulas = re.findall(r'alttext="([^"]*)"', text)
    assert formulas == ["p&lt;q", "a&lt;b", "c&gt;d", r"\sum_{i&lt;n} x_i", "a&lt;b"]
    for part in ("then stop, and a &lt;b and c&gt; d;", "it costs $5 or $6", "&lt;i&gt;", 'style="text-align:right"'):
        assert part in text
    assert markdown_html("$" + "{" * 500 + "$").count("{") >= 500, "a formula that cannot be read is shown as it is"
    assert markdown_html("x" * 200_000).count("x") == 200_000
    assert clean_html('<p id="relu" class="score" style="x">a</p>') == "<p>a</p>"


def test_every_formula_of_the_course_can_be_drawn():
    from tito import course
    from tito.notebook import parse, prose
    from tito.place import COURSE

    count = 0
    for module in course.available():
        for cell in parse(COURSE.notebook(module)).cells:
            if cell.kind == "markdown":
                text = markdown_html(prose(cell))
                count += text.count("<math")
                assert "<code>$" not in text and not re.search(r"<m[a-z]+>\\[a-z]+<", text), prose(cell)
    assert count > 400


def test_a_picture_in_an_answer_is_shown_and_one_of_another_host_is_not_fetched():
    attachments = {"x.png": {"image/png": "aGVsbG8="}}
    assert 'src="data:image/png;base64,aGVsbG8="' in markdown_html("![y](attachment:x.png)", attachments)
    assert "<img" not in markdown_html("![y](http://127.0.0.1:9/x.png)")
    assert "http://127.0.0.1:9/x.png" in markdown_html("![y](http://127.0.0.1:9/x.png)")


def test_what_a_page_needs_of_a_notebook_stays():
    said = {"grade_id": "relu", "grade": True, "solution": False, "points": 2, "score": 1.5, "comment": "x"}
    cell = nbformat.v4.new_code_cell("a < b", metadata={"nbgrader": said})
    cell.outputs = [nbformat.v4.new_output("execute_result", data={"text/html": "<b>7</b>", "text/plain": "7"})]
    made = reduced(nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_raw_cell("raw <b>")])).cells
    assert {name: made[0].metadata.nbgrader[name] for name in said} == said
    cell.metadata.nbgrader.grade_id = f'x">{ATTACKS[1]}'
    cell.execution_count = cell.id = ATTACKS[1]
    (made_of_forged,) = reduced(nbformat.from_dict({"cells": [cell]})).cells
    assert ATTACKS[1] not in str(made_of_forged) and "nbgrader" not in made_of_forged.metadata
    assert made[0].outputs[0].text == "7\n" and [cell.source for cell in made] == ["a < b", "raw <b>"]


def test_a_hardened_template_has_no_inline_code():
    assert 'onclick="' not in hardened('<b onclick="a()"><i onClick="b(true);">')
    assert hardened("<head>{{ mathjax() }}</head>").count("mathjax") == 0
