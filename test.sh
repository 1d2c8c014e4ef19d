#!/usr/bin/env bash
# Makes the environment and runs all tests in two processes, on one core each; flags go to pytest (./test.sh -k golden).
set -euo pipefail
cd "$(dirname "$0")"
source requirements/environment.sh requirements/dev.txt
OMP_NUM_THREADS=1 exec python -m pytest --numprocesses 2 --dist loadfile "$@"
