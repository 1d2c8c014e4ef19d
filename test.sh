#!/usr/bin/env bash
# Makes the environment and runs all tests; flags go to pytest (./test.sh -k golden).
set -euo pipefail
cd "$(dirname "$0")"
source environment.sh requirements-dev.txt
exec python -m pytest "$@"
