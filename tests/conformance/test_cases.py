"""Every case and script: the same as PyTorch, on what hypothesis draws."""

import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinytorch
from tests.conformance import (  # noqa: F401  (they register cases)
    cases_attention,
    cases_dataloader,
    cases_embeddings,
    cases_layers,
    cases_losses,
    cases_optimizers,
    cases_spatial,
    cases_tensor,
    scripts,
)
from tests.conformance.compare import check_program, check_script
from tests.conformance.draws import CASES, DRAWN_SCRIPTS, SCRIPTS
from tests.thorough import THOROUGH

# derandomize: the same examples in every run of the same code; no deadline: another process may be busy
FIXED = settings(
    max_examples=100 if THOROUGH else 30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def calm():
    """PyTorch warns where a scheduler is used in an unusual way; numbers are compared all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", sorted(CASES))
@FIXED
@given(data=st.data())
def test_result_and_gradients(name, data):
    program, arrays = data.draw(CASES[name])
    wanted = [data.draw(st.integers(0, 4)) > 0 for _ in arrays]
    check_program(program, arrays, wanted)


@pytest.mark.parametrize("name", sorted(DRAWN_SCRIPTS))
@FIXED
@given(data=st.data())
def test_optimizers_and_schedulers(name, data):
    check_script(data.draw(DRAWN_SCRIPTS[name]))


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_script(name):
    check_script(SCRIPTS[name])


@pytest.mark.parametrize("name", scripts.refusals(tinytorch))
def test_refused_by_both(name):
    assert check_script(lambda lib: scripts.refusal(scripts.refusals(lib)[name])) == "refused"
