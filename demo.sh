#!/usr/bin/env bash
# All six steps on the embedded model and the demonstration corpus, in a few minutes; the figures are in pic/demo.
# Smaller than a study: 2 seeds, prompts of 20 vectors, 2 thresholds. The ratings are an illustration, not people's.
set -euo pipefail
cd "$(dirname "$0")"
source environment.sh requirements.txt

seeds="1 3"
model="--pretrained_model backbone --checkpoint_dir runs/demo/checkpoint --random_seed $seeds"
again=--overwrite  # what an older version of the model or of the corpus left in runs/demo is made again
ranks=runs/demo/neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv
masks=runs/demo/masks/RSA_14property_top_250_500.pkl
results=runs/demo/eval_mask_neuron_result

step() { printf '\n\033[1m%s\033[0m\n$ python %s\n' "$1" "${*:2}"; python "${@:2}"; }

step "Steps 1 and 2: train a prompt for each of 27 emotions and $(wc -w <<< "$seeds") seeds" \
    train.py $model --dataset demo --prompt_len 20 --prompt_init mask --epochs 6 --lr 0.02 $again
step "Step 3: read the neurons that each prompt switches on" \
    get_active_neuron.py $model --output_dir runs/demo/active_neuron_before_relu_csv $again
step "Step 4: rank the neurons by how well they mirror each attribute" \
    rsa_searchlight.py --activation_dir runs/demo/active_neuron_before_relu_csv \
    --attributes data/demo/attribute_ratings.csv --CSV_Path $ranks --permutations 200 $again
step "Step 5: masks of the best-ranked neurons, and random ones" \
    gen_mask.py --CSV_Path $ranks --PKL_File $masks --thresholds 250 500 $again
step "Step 6: accuracies with these neurons masked" \
    eval_mask_neuron.py $model --dataset demo --split test --maskPath $masks --resultPath $results $again
step "Figures" \
    plot_results.py --rank $ranks --results $results --k 500 --attributes data/demo/attribute_ratings.csv \
    --activation_dir runs/demo/active_neuron_before_relu_csv --formats png --output_dir pic/demo
step "A page to look at" \
    make_report.py --pretrained_model backbone --checkpoint_dir runs/demo/checkpoint --dataset demo --rank $ranks \
    --activation_dir runs/demo/active_neuron_before_relu_csv --results $results --maskPath $masks --output pic/demo/report.html

python - <<'END'
import pandas as pd
accuracy = pd.read_csv("runs/demo/goemotions_prompt_tuning_accuracy.csv").groupby("sentiment").accuracy.mean()
drop = pd.read_csv("pic/demo/accuracy_drop_by_emotion.csv").query("k == 500").sort_values("drop")
top = accuracy.sort_values(ascending=False)
print(f"""
What the demonstration found (its comments and ratings were made up for it: an illustration, not data from people)
  Prompts tell an emotion's comments from others with {accuracy.mean():.0%} accuracy on average (guessing gives about 50%),
  best for {', '.join(f'{name} ({value:.0%})' for name, value in top.head(3).items())}.
  With the 500 neurons masked that mirror an attribute best, accuracy changes by {-100 * drop['drop'].mean():+.1f} points against 500
  random ones, on comments that chose nothing; most for {drop['emotion'].iloc[-1]} ({-100 * drop['drop'].iloc[-1]:+.1f} points). With attributes and
  seeds as the units, one-sided q < 0.05 for {(drop.q < 0.05).sum()} of {len(drop)} emotions; docs/inference.md says what that means.
  The figures are in pic/demo; the two of the study are
    pic/demo/Neurons_Correspond_Selectively_to_Emotional_Attributes.png
    pic/demo/Acc_after_masking_correspond_neuron.png
  All of it as one page, with the neurons and the comments that drive them: pic/demo/report.html""")
END
