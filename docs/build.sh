#!/usr/bin/env bash
# Build the documentation as a static site in docs/_build/html; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
source requirements/environment.sh requirements/docs.txt
rm -rf docs/api  # what an earlier build made of the docstrings
python -m sphinx -W --keep-going --fresh-env --builder html docs docs/_build/html "$@"
echo "open docs/_build/html/index.html"
