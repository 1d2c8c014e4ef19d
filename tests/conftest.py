"""Fixtures that the tests share."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared():
    """The folder of reference data beside the repository; tests that need it are skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the reference data (../shared) are not beside this checkout")
    return SHARED


@pytest.fixture
def script(tmp_path):
    """Run a script of the repository as a user does, in an empty folder; returns the finished process."""

    def run(name, *flags, status=0, cwd=tmp_path, **options):
        process = subprocess.run([sys.executable, str(ROOT / name), *map(str, flags)], cwd=cwd, text=True,
                                 capture_output=True, timeout=600, **options)
        assert process.returncode == status, f"exit status {process.returncode}\n{process.stdout}\n{process.stderr}"
        assert "Traceback" not in process.stderr, process.stderr
        return process

    return run
