#!/usr/bin/env bash
# Step 6 with whatever flags it is given; uses .venv where demo.sh or test.sh has made it.
folder=$(dirname "$0")
[ -x "$folder/.venv/bin/python" ] && PATH="$folder/.venv/bin:$PATH"
exec python3 "$folder/eval_mask_neuron.py" "$@"
