#!/usr/bin/env bash
# All six steps on the embedded model and the demonstration corpus, in a few minutes; the figures are in pic/demo.
# Smaller than a study: 2 seeds, prompts of 20 vectors, one threshold. The ratings are an illustration, not people's.
# The prompts of seed 1 choose the neurons, those of seed 3 are tested, on comments that chose nothing.
set -euo pipefail
cd "$(dirname "$0")"
source environment.sh requirements.txt

study="--study runs/demo"
again=--overwrite  # what an older version of the model or of the corpus left in runs/demo is made again
attributes="--attributes data/demo/attribute_ratings.csv"

step() { printf '\n\033[1m%s\033[0m\n$ python %s\n' "$1" "${*:2}"; python "${@:2}"; }

step "Steps 1 and 2: train a prompt for each of 27 emotions and 2 seeds" \
    train.py $study --pretrained_model backbone --dataset demo --seed 1 3 --prompt_len 20 --prompt_init mask --epochs 6 --lr 0.002 $again
step "Step 3: read the neurons that each prompt switches on" \
    get_active_neuron.py $study $again
step "Step 4: rank the neurons by how well they mirror each attribute" \
    rsa_searchlight.py $study $attributes --seed 1 --permutations 500 $again
step "Step 5: masks of the best-ranked neurons, and a pool of 99 random ones" \
    gen_mask.py $study --thresholds 500 --random_draws 99 $again
step "Step 6: answers with these neurons masked" \
    eval_mask_neuron.py $study --seed 3 --split test $again
step "Figures" \
    plot_results.py $study $attributes --formats png --output_dir pic/demo
step "A page to look at" \
    make_report.py $study $attributes --output pic/demo/report.html

python - <<'END'
import pandas as pd

from framework.analysis import inference
from framework.files import results

accuracy = pd.read_csv("runs/demo/goemotions_prompt_tuning_accuracy.csv").groupby("sentiment").accuracy.mean()
top = accuracy.sort_values(ascending=False)
measured = results.read_all("runs/demo/eval_mask_neuron_result/RSA_14property_top_500_6000")
attributes = inference.accuracy_drop(measured, "attribute")
best = attributes.loc[attributes["drop"].idxmax()]
placebo = inference.placebo_shares(inference.placebo(measured)).set_index(["by", "test"]).share
print(f"""
What the demonstration found (its comments and ratings were made up for it: an illustration, not data from people)
  Prompts tell an emotion's comments from others with {accuracy.mean():.0%} accuracy on average (guessing gives about 50%),
  best for {', '.join(f'{name} ({value:.0%})' for name, value in top.head(3).items())}.
  With the 500 neurons masked that mirror an attribute best, accuracy falls by {100 * attributes["drop"].mean():.1f} points more than with 500
  random ones; most for {best.attribute}: {100 * best["drop"]:.1f} points, p = {best.p:.2f} in a pool of 99 random masks. {(attributes.q < 0.05).sum()} of {len(attributes)} attributes have
  q < 0.05. A random mask, tested in the same way, has p < 0.05 in {placebo["attribute", "masks"]:.0%} of cases.
  The figures are in pic/demo; the two of the study are
    pic/demo/Neurons_Correspond_Selectively_to_Emotional_Attributes.png
    pic/demo/Acc_after_masking_correspond_neuron.png
  All of it as one page, with the neurons and the comments that drive them: pic/demo/report.html""")
END
