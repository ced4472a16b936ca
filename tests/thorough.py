"""How much is tried: a fixed share, or everything with TINYTORCH_THOROUGH=1."""

import os

THOROUGH = os.environ.get("TINYTORCH_THOROUGH") == "1"
