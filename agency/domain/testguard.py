"""The guard that keeps tests inside their own directory: no test may touch the user's data or tmux server."""

from collections.abc import Mapping

TEST_ROOT_VARIABLE = "AGENCY_TEST_ROOT"
"""Set by the test suite to the directory of one test."""


def allowed_under_test(real_path: str, environ: Mapping[str, str]) -> bool:
    """Whether ``real_path`` (absolute, links resolved) may be used: always outside tests, else only inside the root."""
    root = environ.get(TEST_ROOT_VARIABLE)
    if root is None:
        return "PYTEST_CURRENT_TEST" not in environ
    return bool(root) and (real_path + "/").startswith(root.rstrip("/") + "/")
