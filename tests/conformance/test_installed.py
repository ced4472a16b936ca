"""The one test that is collected everywhere, so that a run without PyTorch shows that a part is missing."""

import pytest

WHY = "conformance: only where PyTorch and hypothesis are installed (make test-conformance)"


def test_pytorch_is_installed():
    """The rest of this folder is collected where both are; see conftest.py."""
    for package in ("torch", "hypothesis"):
        pytest.importorskip(package, reason=WHY)
