"""The addresses behind the buttons: each in the form that its service documents, and always the exercise version."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tito.course import available
from tito.services import BRANCH, raw, services

REPOSITORY = "https://github.com/owner/na.me"
# service -> host, path, and where the file stands
FORMS = {
    "molab": ("molab.marimo.io", "/github/owner/na.me/blob/launch/notebooks/{stem}.py"),
    "marimo playground": ("marimo.app", "/github.com/owner/na.me/blob/launch/notebooks/{stem}.py"),
    "Binder": ("mybinder.org", "/v2/gh/owner/na.me/launch"),
    "Colab": ("colab.research.google.com", "/github/owner/na.me/blob/launch/notebooks/{stem}.ipynb"),
}


@pytest.mark.parametrize("module", available(), ids=lambda module: module.slug)
def test_every_button_has_the_form_of_its_service(module):
    found = services(REPOSITORY, module.stem)
    assert found.keys() == FORMS.keys()
    for name, (host, path) in FORMS.items():
        parts = urlsplit(found[name])
        assert (parts.scheme, parts.netloc, parts.path) == ("https", host, path.format(stem=module.stem))
        assert BRANCH in parts.path.split("/"), "main has the solutions"
    inside = parse_qs(urlsplit(found["Binder"]).query)["urlpath"]
    assert inside == [f"marimo/?file=notebooks/{module.stem}.py"]


def test_a_download_from_the_branch():
    address = raw(REPOSITORY, "wheels/tinytorch_course-0.1.0+abc-py3-none-any.whl")
    assert address.startswith("https://raw.githubusercontent.com/owner/na.me/launch/wheels/")
    assert "+" not in address and unquote(address).endswith("0.1.0+abc-py3-none-any.whl")
