"""Where a notebook can be opened without installing anything: the addresses behind the buttons of a page."""

from urllib.parse import quote

BRANCH = "launch"  # of the repository: `tito book launch` makes what is on it


def raw(repository: str, path: str) -> str:
    """The address of a file on the launch branch, as a download.

    Args:
        repository: https://github.com/OWNER/NAME.
        path: within the branch.
    """
    name = repository.removeprefix("https://github.com/")
    return f"https://raw.githubusercontent.com/{name}/{BRANCH}/{quote(path)}"


def services(repository: str, stem: str) -> dict[str, str]:
    """Name of a service -> the address that opens a module's exercise version there.

    The forms are those that the services document: molab and the playground of marimo (docs.marimo.io, Publishing, GitHub),
    Binder (mybinder.readthedocs.io, urlpath), Colab (its notebook on GitHub integration).

    Args:
        repository: https://github.com/OWNER/NAME.
        stem: the notebook, "01_tensor".
    """
    name = repository.removeprefix("https://github.com/")
    blob = f"{name}/blob/{BRANCH}/notebooks/{stem}"
    inside = quote(f"marimo/?file=notebooks/{stem}.py", safe="")
    return {
        "molab": f"https://molab.marimo.io/github/{blob}.py",
        "marimo playground": f"https://marimo.app/github.com/{blob}.py",
        "Binder": f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath={inside}",
        "Colab": f"https://colab.research.google.com/github/{blob}.ipynb",
    }
