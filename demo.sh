#!/usr/bin/env bash
# All six steps, and at the end figures and a page.
#   ./demo.sh                    the small model, 1 to 3 minutes
#   ./demo.sh --model smollm2    SmolLM2-135M-Instruct, a real decoder, about ten minutes (fetches 93 MB, once)
# Step 1 trains two prompts as an example. The other steps take the study's prompts (docs/study.md), which were trained
# on GoEmotions for hours: those of some seeds choose neurons, those of the others test them.
# The ratings, and the comments on which masks are tested, are invented, not people's.
set -euo pipefail
cd "$(dirname "$0")"

case "$*" in
"" | "--model backbone")
    name=backbone requirements=requirements.txt model=backbone prompts=backbone/prompts k=500 draws=19 permutations=300
    study_ranks=neuron_rank/study/backbone/of_choosing_seeds.csv
    folder=runs/demo pictures=pic/demo
    choose="1 3 5" test="7 9 11"
    training=(--prompt_init mask --epochs 4) ;;
"--model smollm2")
    name=smollm2 requirements=requirements/models.txt prompts=data/prompts/smollm2 k=4000 draws=9 permutations=100
    model=data/models/SmolLM2-135M-Instruct
    study_ranks=neuron_rank/study/smollm2/tested_by_four_seeds/of_choosing_seeds.csv
    folder=runs/demo_smollm2 pictures=pic/demo_smollm2
    choose="1 3" test="5"
    question="Is this emotion in the comment above? Answer with just one word, negative or positive. Answer:"
    training=(--prompt_init "text: $question" --epochs 1 --max_train_rows 32) ;;
*)
    echo "usage: ./demo.sh [--model backbone | --model smollm2]" >&2
    exit 2 ;;
esac
source requirements/environment.sh $requirements

[ ! -e $folder ] || [ -e $folder/.demo ] || {
    echo "$folder: something else made it, or an earlier version of demo.sh; move it away" >&2
    exit 2
}
mkdir -p $folder
touch $folder/.demo # so this folder's files may be made again
study="--study $folder"
prompts="--checkpoint_dir $prompts"
attributes="--attributes data/demo/attribute_ratings.csv"
precision="--precision fp32"  # so every machine gives the README's numbers
again=--overwrite  # remakes what an older version of the model or corpus left in the folder

step() {
    printf '\n\033[1m%s\033[0m\n$ python' "$1" && printf ' %q' "${@:2}" && echo
    python "${@:2}"
}

[ $name = backbone ] || step "Before step 1: fetch the model" \
    download_data.py --model $name
step "Steps 1 and 2: train a prompt for each of two emotions" \
    train.py $study --pretrained_model $model --dataset demo --sentiment fear joy --seed 1 --prompt_len 20 "${training[@]}" --lr 0.002 $precision $again
step "Step 3: read the neurons that each of the study's prompts switches on" \
    get_active_neuron.py $study $prompts --seed $choose $test $again
step "Step 4: rank the neurons by how well they mirror each attribute, with half of the prompts; then test them with the others" \
    rsa_searchlight.py $study $attributes --seed $choose --replicate $test --permutations $permutations $again
step "Step 5: masks of the best-ranked neurons, and a pool of random ones" \
    gen_mask.py $study --thresholds $k --random_draws $draws $again
step "Step 6: answers with these neurons masked" \
    eval_mask_neuron.py $study $prompts --dataset demo --seed $test --split test --max_rows 4 $precision $again
step "Figures" \
    plot_results.py $study $attributes --simulations 0 --formats png --output_dir $pictures
step "A page to look at" \
    make_report.py $study $prompts $attributes --dataset demo $precision --output $pictures/report.html

python - $study_ranks $folder $k "$choose" "$test" $pictures <<'END'
import sys
from pathlib import Path
from textwrap import fill

from framework.analysis import inference
from framework.files import results
from framework.files.ranks import table_path
from framework.files.record import Record
from framework.files.tables import read_table
from framework.running import script

sys.argv[0] = "demo.sh"  # for errors
study_ranks, folder, k, choose, test, pictures = sys.argv[1:]


def replication(ranks):
    return read_table(table_path(ranks, "replication"), words=["attribute"], of=ranks)


def main():
    here = replication(f"{folder}/neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv")
    study = replication(study_ranks)
    measured = results.read_all(Path(folder) / "eval_mask_neuron_result/RSA_14property_top_500_6000")
    accuracy = measured.groupby("sentiment").best.mean().sort_values(ascending=False)
    attributes = inference.accuracy_drop(measured, "attribute")
    most = attributes.loc[attributes["drop"].idxmax()]
    placebo = inference.placebo_shares(inference.placebo(measured)).set_index(["by", "test"]).loc[("attribute", "masks")]
    print("\nWhat the demonstration found (its comments and ratings are invented: an illustration, not data from people)")
    for said in (
        f"Accuracy in telling an emotion's comments from others: {accuracy.mean():.0%} on average (guessing gives "
        f"about 50%), best for {', '.join(f'{name} ({value:.0%})' for name, value in accuracy.head(3).items())}. The prompts "
        f"were trained on comments of GoEmotions, and reach more on those.",
        f"Neurons that replicate: some seeds' prompts ({choose}) find {len(here)} pairs of a neuron and an attribute (family-wise "
        f"p < 0.05); those of the others ({test}) find {(here.q < 0.05).sum()} of them again (q < 0.05). With people's ratings "
        f"and seeds {' '.join(map(str, Record.read(study_ranks).get('replicate')))} as the others, it is {(study.q < 0.05).sum()} of {len(study)}.",
        f"Masking the {k} neurons that mirror an attribute best costs {100 * attributes['drop'].mean():.1f} points of accuracy "
        f"more than masking {k} random ones; most for {most.attribute}: {100 * most['drop']:.1f} points, p = {most.p:.2f}, "
        f"against {placebo.tests} random masks. {(attributes.q < 0.05).sum()} of {len(attributes)} attributes have q < 0.05.",
        f"Placebo: of {placebo.tests} random masks, tested in the same way, {placebo.share * placebo.tests:.0f} have p < 0.05. "
        "Every p and q here is one-sided.",
        f"All of it as one page, with the neurons and the comments that drive them: {pictures}/report.html",
    ):
        print(fill(said, 116, initial_indent="  ", subsequent_indent="    "))


script.run(main)
END
