"""What a student wrote, as HTML that cannot do anything: on the pages of the formgrader, and on those that students get back.

Three layers. A notebook is reduced to text before a template sees it; what Markdown makes of that text goes through nh3;
and each page has a Content-Security-Policy that allows no code of its own. The last two are not needed if the first holds.
"""

import html
import re
from xml.etree.ElementTree import tostring

import nh3
from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode, v4

MAX_PROSE_CHARS = 100_000  # of a cell; a longer one is shown as plain text
MAX_FORMULA_CHARS = 2_000
PRICES = re.compile(r"\d.*\s", re.DOTALL)  # the text between the dollars of "$5 or $6" is not a formula
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
ELSEWHERE = re.compile(r"https?://|mailto:", re.IGNORECASE)
PICTURE_TYPES = ("image/png", "image/jpeg")
GRADE_ID = re.compile(r"[\w.-]+")


def _words(text: str) -> set[str]:
    return set(text.split())


TEXT_TAGS = _words("p br hr h1 h2 h3 h4 h5 h6 em strong del code pre blockquote ul ol li div span")
TABLE_TAGS = _words("table thead tbody tr th td")
MATH_TAGS = _words(
    "math mrow mi mn mo ms mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd "
    "mpadded mphantom menclose mmultiscripts mprescripts none mstyle"
)
MATH_ATTRIBUTES = _words(
    "display alttext stretchy fence form accent accentunder movablelimits separator lspace rspace width height depth "
    "linethickness columnalign rowspacing columnspacing columnlines rowlines mathvariant notation minsize maxsize "
    "displaystyle scriptlevel largeop symmetric"
)
ATTRIBUTES = {
    **dict.fromkeys(MATH_TAGS, MATH_ATTRIBUTES),
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    **{tag: {"class"} for tag in ("div", "span", "pre", "code")},
    **{tag: {"style"} for tag in ("th", "td")},
}
# what Pygments and ANSI colours need; any other class could be one that the formgrader's scripts look for
CLASS = re.compile(r"[a-z]{1,3}\d?|highlight|hl-\w+|ansi-[\w-]+")


def clean_html(text: str) -> str:
    """HTML with nothing in it but text, tables, formulas, pictures that are part of the page, and links to elsewhere."""
    return nh3.clean(
        text,
        tags=TEXT_TAGS | TABLE_TAGS | MATH_TAGS | {"a", "img"},
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties={"text-align"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if ELSEWHERE.match(value) else None
    if name == "src":
        return value if PICTURE.fullmatch(value) else None
    if name == "class":
        return " ".join(filter(CLASS.fullmatch, value.split())) or None
    return value


def markdown_html(text: str, attachments: dict | None = None) -> str:
    """Markdown as HTML. Tags in it are shown as text, so no `a <b and c> d` is lost; formulas become MathML.

    >>> print(markdown_html("if $p<q$ then <b>stop</b>").strip())
    <p>if <math display="inline" alttext="p&lt;q"><mrow><mi>p</mi><mo>&lt;</mo><mi>q</mi></mrow></math> then &lt;b&gt;stop&lt;/b&gt;</p>
    """
    if len(text) > MAX_PROSE_CHARS:
        return plain_html(text)
    markdown = MarkdownWithMath(renderer=_Renderer(escape=True, attachments=attachments or {}))
    for rules in (
        markdown.block.rules,
        markdown.block.list_rules,
        markdown.block.block_quote_rules,
        markdown.inline.rules,
    ):
        rules[:] = [rule for rule in rules if rule not in ("raw_html", "inline_html")]  # `<p> $x$` has a formula
    try:
        html = markdown.render(text)
    except Exception:  # such as quotes nested too deeply: text that cannot be rendered can still be read
        return plain_html(text)
    return clean_html(html)


def plain_html(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


class _Renderer(IPythonRenderer):
    """nbconvert's, with formulas that need no script, and a picture's name where its data is missing."""

    def block_math(self, body: str) -> str:
        return formula_html(body, "block")

    def inline_math(self, body: str) -> str:
        if PRICES.fullmatch(body):
            return html.escape(f"${body}$")
        return formula_html(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return formula_html(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def block_mermaidjs(self, code: str) -> str:
        return plain_html(code)

    def heading(self, text: str, level: int, **attributes: object) -> str:
        return f"<h{level}>{text}</h{level}>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        data = self.attachments.get(name) if url.startswith("attachment:") else None
        kind = next((kind for kind in PICTURE_TYPES if isinstance(data, dict) and kind in data), None)
        source = url if kind is None else f"data:{kind};base64,{_joined(data[kind])}"
        if PICTURE.fullmatch(source):
            return f'<img src="{html.escape(source)}" alt="{html.escape(html.unescape(text))}">'
        return f"[{text}]({html.escape(url[:200])})"  # it would be fetched from elsewhere, and tell who has read this


def formula_html(tex: str, display: str) -> str:
    """A formula as MathML, which browsers draw without a script; its TeX where it cannot be read."""
    delimiter = "$$" if display == "block" else "$"
    source = html.escape(f"{delimiter}{tex}{delimiter}")
    if len(tex) > MAX_FORMULA_CHARS:
        return f"<code>{source}</code>"
    try:
        root = convert_to_element(tex.replace("{aligned}", "{align*}"), display=display)
        for element in root.iter():  # it has entities in its texts, and tags, if a student wrote some
            element.text = html.unescape(element.text or "")
        root.set("alttext", tex)
        return tostring(root, encoding="unicode")
    except Exception:  # it raises whatever comes up
        return f"<code>{source}</code>"


# A notebook


def reduced(nb: NotebookNode) -> NotebookNode:
    """A notebook of cells with text and grades, pictures, and nothing else that a page could take for HTML."""
    cells = [_cell(cell, number) for number, cell in enumerate(nb.cells)]
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def _cell(cell: NotebookNode, number: int) -> NotebookNode:
    grading = _grading(cell.get("metadata", {}).get("nbgrader"))
    about = {"id": f"cell-{number}", "metadata": {"nbgrader": grading} if grading else {}}
    source = _joined(cell.get("source", ""))
    if cell.cell_type == "markdown":
        clean_cell = v4.new_markdown_cell(source, **about)
        pictures = cell.get("attachments", {})
        clean_cell["attachments"] = pictures if isinstance(pictures, dict) else {}
        return clean_cell
    outputs = [text for output in cell.get("outputs", []) for text in _outputs(output)]
    return v4.new_code_cell(source, outputs=outputs, **about)  # raw cells, too


def _grading(metadata: object) -> dict:
    """What NBGrader's templates print of a cell, of the types that they should have."""
    if not isinstance(metadata, dict) or not GRADE_ID.fullmatch(str(metadata.get("grade_id", ""))):
        return {}
    kinds = {"grade_id": str, "comment": str, "points": int | float, "score": int | float}
    kept = {name: metadata[name] for name, kind in kinds.items() if isinstance(metadata.get(name), kind)}
    return kept | {name: metadata.get(name) is True for name in ("grade", "solution", "locked", "task")}


def _outputs(output: NotebookNode) -> list[NotebookNode]:
    """A cell's output as text; of HTML, SVG and JavaScript the source."""
    kind = output.get("output_type")
    if kind == "stream":
        return [v4.new_output("stream", name="stdout", text=_joined(output.get("text", "")))]
    if kind == "error":
        lines = [_joined(line) for line in output.get("traceback", [])]
        return [v4.new_output("error", ename="", evalue="", traceback=lines)]
    data = output.get("data", {})
    for picture in PICTURE_TYPES:
        if picture in data and PICTURE.fullmatch(f"data:{picture};base64,{_joined(data[picture])}"):
            return [v4.new_output("display_data", data={picture: _joined(data[picture])})]
    name = "text/plain" if "text/plain" in data else next(iter(data), None)
    return [] if name is None else [v4.new_output("stream", name="stdout", text=_joined(data[name]) + "\n")]


def _joined(text: object) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text)
