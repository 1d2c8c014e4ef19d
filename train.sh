#!/usr/bin/env bash
# Runs step 1 with the given flags, in .venv if demo.sh or test.sh has made it.
folder=$(dirname "$0")
[ -x "$folder/.venv/bin/python" ] && PATH="$folder/.venv/bin:$PATH"
exec python3 "$folder/train.py" "$@"
