"""What a notebook in the browser loads from other hosts, in one folder: for a site that serves it itself, and for tests.

The folder is a Pyodide distribution with wheels beside it: Python for the browser, marimo, what marimo needs, and pytest. It is
flat, and its lock file names no file that is not there. NumPy is in it only if it is made from a whole distribution, because
no package registry has it for Pyodide.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from email.parser import HeaderParser
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import yaml
from marimo._pyodide.pyodide_constraints import PYODIDE_VERSION
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tito.errors import TitoError
from tito.files import read, write

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
LOCK = CORE[-1]
STAMP = "made_of.json"
# in the version that Pyodide's own lock file names
LOCKED = (
    "docutils",
    "iniconfig",
    "jedi",
    "micropip",
    "narwhals",
    "packaging",
    "parso",
    "pluggy",
    "pygments",
    "pyodide-http",
    "pytest",
)
# in the version that is installed here, because Pyodide has none or one that is too old; marimo-base goes with marimo
HERE = ("itsdangerous", "markdown", "msgspec", "pymdown-extensions", "python-multipart", "tomlkit")


def make(folder: Path, distribution: Path | None = None) -> bool:
    """Make the folder, unless it is there with the versions that are wanted. Whether it had to be made.

    It is put together beside its place and then moved, so that it is never half there.

    Args:
        folder: a new one, or one that was made so before.
        distribution: the unpacked archive of a Pyodide release, whose packages (NumPy, matplotlib, scikit-learn) are then in
            it too. None: its core is taken from npm.

    Raises:
        TitoError: npm, pip or the network is missing, or the folder holds something else.
    """
    wanted = versions() | {"from": str(distribution or "npm")}
    if _is_made_of(folder, wanted):
        return False
    if folder.exists() and any(folder.iterdir()) and not (folder / STAMP).exists():
        raise TitoError(f"{folder} holds something else: name a folder that is not there yet")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pyodide_", dir=folder.parent) as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        if distribution is None:
            _unpack_core(new)
        else:
            _copy_distribution(distribution, new)
        lock = json.loads(read(new / LOCK))
        _download(new, wanted, lock)
        _pack_yaml(new)
        write(new / LOCK, json.dumps(locked(new, lock), indent=1))
        write(new / STAMP, json.dumps(wanted, indent=1))
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    return True


def versions() -> dict[str, str]:
    """What the folder is made of, by name; where Pyodide's lock file decides on the version, it is empty.

    Raises:
        TitoError: one of the packages is not installed here.
    """
    try:
        here = {name: version(name) for name in HERE}
    except PackageNotFoundError as error:
        raise TitoError(
            f"{error.name} is not installed here, so its version is not known: install marimo again"
        ) from None
    here |= {"pyodide": PYODIDE_VERSION, "marimo-base": version("marimo"), "pyyaml": yaml.__version__}
    return dict.fromkeys(LOCKED, "") | here


def _is_made_of(folder: Path, wanted: dict[str, str]) -> bool:
    if not (folder / STAMP).exists() or json.loads(read(folder / STAMP)) != wanted:
        return False
    if not all((folder / name).exists() for name in CORE):
        return False
    return all((folder / entry["file_name"]).exists() for entry in json.loads(read(folder / LOCK))["packages"].values())


def _unpack_core(folder: Path) -> None:
    """Python for the browser; npm checks what it has loaded."""
    npm = shutil.which("npm")
    if npm is None:
        raise TitoError("npm is needed to load Pyodide: install Node.js, which brings it")
    with tempfile.TemporaryDirectory(prefix="npm_", dir=folder) as temporary:
        _run("npm pack", [npm, "pack", f"pyodide@{PYODIDE_VERSION}", "--pack-destination", temporary])
        with tarfile.open(next(Path(temporary).glob("*.tgz"))) as archive:
            for name in CORE:
                (folder / name).write_bytes(archive.extractfile(f"package/{name}").read())


def _copy_distribution(distribution: Path, folder: Path) -> None:
    if missing := [name for name in CORE if not (distribution / name).exists()]:
        raise TitoError(f"{distribution} is not an unpacked Pyodide distribution: it lacks {missing[0]}")
    names = {entry["file_name"] for entry in json.loads(read(distribution / LOCK))["packages"].values()}
    for path in (distribution / name for name in {*CORE, *names}):
        if path.exists():
            shutil.copyfile(path, folder / path.name)


def _download(folder: Path, wanted: dict[str, str], lock: dict) -> None:
    """The wheels, for the Python and the platform that the lock file is for."""
    pins = {name: wanted[name] for name in (*HERE, "marimo-base")}
    pins |= {name: lock["packages"][name]["version"] for name in LOCKED}
    python = _minor(lock)
    target = ["--python-version", python, "--implementation", "cp", "--abi", f"cp{python.replace('.', '')}"]
    target += ["--abi", "none", "--platform", f"pyemscripten_{lock['info']['abi_version']}_wasm32"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", *target]
    _run("pip download", [*command, "--dest", str(folder), *(f"{name}=={pin}" for name, pin in pins.items())])


def _minor(lock: dict) -> str:
    return ".".join(lock["info"]["python"].split(".")[:2])


def _run(name: str, command: list[str]) -> None:
    """Run a program; if it fails, the reason is the first line where it speaks of an error.

    Raises:
        TitoError: it failed.
    """
    run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if run.returncode:
        errors = [line.strip() for line in run.stderr.splitlines() if "error" in line.lower() or "No module" in line]
        raise TitoError(f"{name} failed, is there a network? {errors[0] if errors else 'It gave no reason.'}")


def _pack_yaml(folder: Path) -> None:
    """The `yaml` package that is installed here as a wheel without its C part; it works without, and no wheel is made so."""
    name = f"pyyaml-{yaml.__version__}"
    files = {f"yaml/{path.name}": path.read_bytes() for path in sorted(Path(yaml.__file__).parent.glob("*.py"))}
    about = f"Metadata-Version: 2.1\nName: PyYAML\nVersion: {yaml.__version__}\n"
    files[f"{name}.dist-info/METADATA"] = about.encode()
    files[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = f"{name}.dist-info/RECORD"
    files[record] = "".join(f"{path},,\n" for path in (*files, record)).encode()
    with ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(ZipInfo(path), content, ZIP_DEFLATED)  # with a date that is always the same


def locked(folder: Path, lock: dict) -> dict:
    """The lock file with the packages whose files are in the folder, and no other: what is missing fails at once."""
    present = {name: entry for name, entry in lock["packages"].items() if (folder / entry["file_name"]).exists()}
    known = {entry["file_name"] for entry in present.values()}
    wheels = {canonicalize_name(path.name.split("-")[0]): path for path in sorted(folder.glob("*.whl"))}
    ours = {name: path for name, path in wheels.items() if path.name not in known or name in (*LOCKED, *HERE)}
    browser = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "extra": ""}
    browser |= {"python_version": _minor(lock), "python_full_version": lock["info"]["python"]}
    entries = {name: _entry(name, path, set(wheels) | set(present), browser) for name, path in ours.items()}
    return lock | {"packages": present | entries}


def _entry(name: str, wheel: Path, present: set[str], browser: dict[str, str]) -> dict:
    """What the lock file says of a wheel: what it is imported as, and which of the others it needs in a browser."""
    with ZipFile(wheel) as archive:
        paths = [path for path in archive.namelist() if not path.split("/")[0].endswith((".dist-info", ".data"))]
        about = next(
            path for path in archive.namelist() if path.endswith(".dist-info/METADATA") and path.count("/") == 1
        )
        metadata = HeaderParser().parsestr(archive.read(about).decode("utf-8"))
    needs = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    names = {canonicalize_name(need.name) for need in needs if need.marker is None or need.marker.evaluate(browser)}
    return {
        "name": name,
        "version": metadata["Version"],
        "file_name": wheel.name,
        "sha256": sha256(wheel.read_bytes()).hexdigest(),
        "imports": sorted({path.split("/")[0].removesuffix(".py") for path in paths if path.endswith(".py")}),
        "depends": sorted(names & present),
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }
