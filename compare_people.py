"""Compare people's judgements of how different emotions are with each human attribute and with the whole model.

People judged any two emotions from 1, very similar, to 9, very different: a larger number is a larger distance.
"""

import hashlib
from pathlib import Path

from framework import artifacts, cli, sweep
from framework.analysis import rsa
from framework.errors import UserError

# isort: split
import numpy as np
import pandas as pd


def parse_flags():
    parser = cli.make_parser(__doc__)
    parser.add_argument("--attributes", required=True, metavar="FILE",
                        help="CSV, a column an attribute: ratings with a column `emotion`, or distances, a row a pair")
    parser.add_argument("--emotion_order", required=True, metavar="FILE",
                        help="the emotions of judgements and distances, one a line; the pairs are (1st, 2nd), "
                        "(1st, 3rd), ...")
    parser.add_argument("--similarity", required=True, metavar="FILE",
                        help="CSV of one column, a row a pair: the mean judgement, larger = more different")
    parser.add_argument("--individual", required=True, metavar="FILE",
                        help="CSV of a column a pair, a row a person: everyone's judgements")
    parser.add_argument("--activation_dir", default="./active_neuron_before_relu_csv", metavar="DIR",
                        help="activations that step 3 wrote with --activation_mode before_relu")
    parser.add_argument("--count_dir", metavar="DIR",
                        help="activations that step 3 wrote with --activation_mode after_relu, of which the "
                        "{emotion}-all.csv are compared too (default: they are left out)")
    parser.add_argument("--permutations", type=cli.positive, default=10000, metavar="M",
                        help="permutations of the emotions' labels, for p-values")
    parser.add_argument("--permutation_seed", type=cli.count, default=0, metavar="SEED",
                        help="seed of the permutations")
    parser.add_argument("--output_dir", default="./people", metavar="DIR", help="where the tables go")
    parser.add_argument("--overwrite", action="store_true", help="replace tables that other settings made")
    return parser.parse_args()


def main():
    flags = parse_flags()
    order = artifacts.read_emotion_order(flags.emotion_order)
    judgements, individual = artifacts.read_judgements(flags.similarity, flags.individual, order)
    attributes, emotions, numbers, are_ratings = artifacts.read_attributes(flags.attributes, flags.emotion_order)
    rdms = rsa.attribute_rdms(numbers) if are_ratings else numbers
    judged = [emotion for emotion in emotions if emotion in order]
    used = artifacts.activated_emotions(flags.activation_dir, judged)
    if set(used) != {*order, *emotions}:
        print(f"without {', '.join(sorted({*order, *emotions} - set(used)))}: not in all of the files")

    def select(rdms, emotions):
        return rsa.reorder_rdms(rdms, [emotions.index(emotion) for emotion in used])

    judgements, individual = select(judgements, order), select(individual, order)
    rdms = select(rdms, emotions)
    values, _ = artifacts.read_activations(flags.activation_dir, used)
    models, model_rdms = ["activations"], [rsa.population_rdm(values)]
    if flags.count_dir:
        counts, _ = artifacts.read_activations(flags.count_dir, used, ["all"])
        models.append("counts")
        model_rdms.append(rsa.population_rdm(counts, "correlation"))

    # RDMs of attributes and of the model in one stack: the same permutations for all.
    stack = np.concatenate([rdms, model_rdms])
    for name, rdm in zip(attributes + models, stack):
        if not np.ptp(rdm) > 0:  # NaN, from a pattern that never changes, included
            raise UserError(f"all distances of {name!r} are the same, they cannot be compared with people's")
    path = Path(flags.output_dir) / "attributes.csv"
    with sweep.alone(path):
        artifacts.prepare_output(path, {
            "made_by": "compare_people.py", "attributes": attributes, "emotions": used, "models": models,
            "rdms_sha256": hashlib.sha256(stack.tobytes()).hexdigest(), "permutations": flags.permutations,
            "judgements_sha256": hashlib.sha256(individual.tobytes()).hexdigest(),
            "permutation_seed": flags.permutation_seed}, flags.overwrite)
        table = pd.DataFrame({"attribute": attributes + models, **rsa.tau_with_people(stack, judgements, individual)})
        p, _, _ = rsa.permutation_test(judgements[None], stack, flags.permutations, flags.permutation_seed)
        table["permutation_p"] = p[0]
        model_path = path.with_name("model.csv")
        cli.write_config(flags, flags.output_dir)
        artifacts.write_table(model_path, table[len(attributes):].rename(columns={"attribute": "model"}))
        artifacts.write_table(path, table[:len(attributes)])

    print(table.to_string(index=False, float_format="{:.3f}".format))
    print(f"wrote {path}: Kendall's tau of each attribute with the judgements of {len(individual)} people")
    print(f"wrote {model_path}: of the distances between all neurons' activations")
    print(f"next: python plot_results.py --results DIR --weights {path}")


if __name__ == "__main__":
    cli.run(main)
