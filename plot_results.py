"""The figures: every one that the given files allow, each with the table of its numbers beside it."""

from itertools import combinations
from pathlib import Path

from framework import artifacts, cli
from framework.analysis import inference, rsa
from framework.errors import UserError
from framework.figures import results as figures
from framework.tasks import EMOTIONS

# isort: split
import numpy as np
import pandas as pd
from scipy.stats import rankdata
from tqdm import tqdm


def parse_flags():
    parser = cli.make_parser(__doc__)
    parser.add_argument("--rank", metavar="FILE", help="ranks of the neurons that step 4 wrote; its other tables are "
                        "looked for beside them")
    cli.add_result_flags(parser)
    parser.add_argument("--k", type=cli.positive, default=4000, metavar="K", help="masked neurons in figures of one K")
    parser.add_argument("--weights", metavar="FILE", help="the attributes' weights in people's judgements: "
                        "attributes.csv of compare_people.py")
    parser.add_argument("--attributes", metavar="FILE", help="people's ratings or distances, as for rsa_searchlight.py")
    parser.add_argument("--emotion_order", metavar="FILE", help="the emotions that distances are over, one a line")
    parser.add_argument("--similarity", metavar="FILE", help="people's mean judgement of any two emotions of "
                        "--emotion_order, as for compare_people.py")
    parser.add_argument("--activation_dir", metavar="DIR", help="activations that step 3 wrote, {emotion}-{seed}.csv")
    parser.add_argument("--simulations", type=cli.count, default=20, metavar="N", help="attributes to simulate for the "
                        "figure of false positives; 0 leaves it out")
    parser.add_argument("--formats", nargs="+", choices=("png", "pdf", "svg"), default=["png", "pdf"],
                        help="png has 300 dots an inch, pdf and svg are made of lines")
    parser.add_argument("--output_dir", default="./pic", metavar="DIR", help="where the figures go")
    return parser.parse_args()


def left_out(name, reason):
    print(f"left out {name}: {reason}")


def of_ranks(flags):
    """Figures of what step 4 wrote."""
    if not flags.rank:
        return left_out("neurons by attribute, significant neurons, permutation null", "no --rank")
    ranks, _ = artifacts.read_ranks(flags.rank)
    neurons = len(next(iter(ranks.values())))
    if flags.k > neurons:
        raise UserError(f"--k {flags.k}: {flags.rank} ranks {neurons} neurons; give a --k from 1 to {neurons}")
    top = figures.rank_selective_neurons(ranks, flags.k)
    yield ("Neurons_Correspond_Selectively_to_Emotional_Attributes", figures.selective_neurons(top, flags.k),
           top.reset_index())

    path = artifacts.searchlight_path(flags.rank, "significant_by_layer")
    if path.exists():
        table = artifacts.read_table(path, numeric=False, of=flags.rank)
        for column, name, criterion in (("count", "significant_neurons_by_layer",
                                         "q < 0.01, distances taken for independent"),
                                        ("count_fwe", "significant_neurons_by_layer_permutation",
                                         "family-wise p < 0.05")):
            if column in table:
                counts = table.pivot(index="layer", columns="attribute", values=column)[table["attribute"].unique()]
                yield name, figures.significant_neurons(counts, neurons // len(counts), criterion), counts.reset_index()
    else:
        left_out("significant neurons", f"no {path}")

    path = artifacts.searchlight_path(flags.rank, "permutation_max")
    if path.exists():
        largest = artifacts.read_table(path, of=flags.rank)
        tau_path = artifacts.searchlight_path(flags.rank, "tau")
        observed = artifacts.read_table(tau_path, largest.columns, of=flags.rank).max()
        yield ("permutation_null", figures.permutation_null(largest.to_numpy(), observed.to_numpy(), largest.columns),
               pd.concat([observed.to_frame().T, largest], keys=["as they are", "permuted"], names=["labels", None])
               .reset_index("labels"))
    else:
        left_out("permutation null", f"no {path}; rsa_searchlight.py --permutations makes it")


def of_accuracies(flags):
    """Figures of what step 6 wrote."""
    results, folder = cli.read_results(flags)
    if results is None:
        return left_out("accuracies and drops", "neither --results nor --attribute_results and --random_results")
    pairs = inference.pair_conditions(results)
    if pairs.empty:
        raise UserError(f"{folder}: has no accuracies under both an attribute's mask and its random one "
                        "(valence_top4000 and valence_top4000_random); gen_mask.py makes both")
    thresholds = sorted(pairs["k"].unique())
    if flags.k not in thresholds:
        raise UserError(f"--k {flags.k}: {folder} has results for {' '.join(map(str, thresholds))}; choose one of them")
    accuracy = inference.accuracy_by_condition(results, pairs)
    by_emotion, by_attribute = (inference.accuracy_drop(results, by) for by in ("emotion", "attribute"))
    yield ("Acc_after_masking_correspond_neuron", figures.accuracy_after_masking(accuracy, by_emotion, flags.k),
           accuracy[accuracy["k"].isin([0, flags.k])])
    yield "accuracy_drop_by_emotion", None, by_emotion
    yield "accuracy_by_threshold", figures.accuracy_by_threshold(accuracy), accuracy
    yield "accuracy_drop_by_attribute", figures.accuracy_drop_by_attribute(by_attribute, flags.k), by_attribute
    for by, drop in (("emotion", by_emotion), ("attribute", by_attribute)):
        drop = drop[drop["k"] == flags.k]
        print(f"k = {flags.k}: attribute-specific masks cost {100 * drop['drop'].mean():.1f} points of accuracy more "
              f"than random ones; q < {figures.SIGNIFICANT} for {(drop['q'] < figures.SIGNIFICANT).sum()} of "
              f"{len(drop)} {by}s")
    if not flags.weights:
        return left_out("drop against people", "no --weights")
    weights = artifacts.read_table(flags.weights, ["tau", "ci_low", "ci_high"])
    weights["attribute"] = artifacts.read_table(flags.weights, ["attribute"], numeric=False)
    both = by_attribute[by_attribute["k"] == flags.k].merge(weights, on="attribute", suffixes=("", "_people"))
    if both.empty:
        raise UserError(f"{flags.weights}: has none of the attributes in {folder}")
    yield "accuracy_drop_against_people", figures.drop_against_people(both, flags.k), both


def of_rdms(flags):
    """Figures of the dissimilarities between emotions: people's, the model's and the attributes'."""
    sources = {}  # titles of panels, emotions, and the RDMs over these
    if flags.similarity:
        _, emotions, rdms, are_ratings = artifacts.read_attributes(flags.similarity, flags.emotion_order)
        if are_ratings or len(rdms) != 1:
            raise UserError(f"--similarity {flags.similarity}: must have one column and a row a pair of emotions")
        sources["similarity"] = ["People"], emotions, rdms
    if flags.activation_dir:
        emotions = artifacts.activated_emotions(flags.activation_dir, EMOTIONS)
        values, _ = artifacts.read_activations(flags.activation_dir, emotions)
        sources["activation_dir"] = ["Model, all neurons"], emotions, rsa.population_rdm(values)[None]
    if flags.attributes:
        attributes, emotions, numbers, are_ratings = artifacts.read_attributes(flags.attributes, flags.emotion_order)
        sources["attributes"] = attributes, emotions, rsa.attribute_rdms(numbers) if are_ratings else numbers
    for flag in ("similarity", "activation_dir", "attributes"):
        if flag not in sources:
            left_out("an RDM", f"no --{flag}")
    if not sources:
        return
    common = [emotion for emotion in EMOTIONS if all(emotion in emotions for _, emotions, _ in sources.values())]
    if len(common) < 3:
        raise UserError(f"{', '.join(f'--{flag}' for flag in sources)}: have fewer than 3 emotions in common")
    panels = {flag: dict(zip(titles, rsa.reorder_rdms(rdms, [emotions.index(emotion) for emotion in common])))
              for flag, (titles, emotions, rdms) in sources.items()}
    # One order of the emotions for all matrices: people's, without them the model's, or the attributes' together.
    first = next(iter(panels.values()))
    order = figures.similarity_order(np.mean([rankdata(rdm) for rdm in first.values()], axis=0))
    pairs = pd.DataFrame(combinations(common, 2), columns=["emotion_1", "emotion_2"])
    for name, shown in (("rdm_people_and_model", panels.get("similarity", {}) | panels.get("activation_dir", {})),
                        ("rdm_attributes", panels.get("attributes"))):
        if shown:
            yield name, figures.rdm_matrices(shown, common, order), pairs.assign(**shown)


def of_simulations(flags):
    """How often both tests of step 4 find something in neurons that know nothing."""
    if not flags.simulations:
        return left_out("false positives", "--simulations 0")
    seeds = tqdm(range(flags.simulations), "simulations")
    p, permutation_p = np.concatenate([rsa.simulate_null(seed=seed) for seed in seeds], axis=1)
    alpha = np.arange(1, 51) / 200
    yield "false_positives", figures.false_positives(p, permutation_p), pd.DataFrame({
        "p": alpha, "independent_distances": [(p <= a).mean() for a in alpha],
        "permuted_emotions": [(permutation_p <= a).mean() for a in alpha]})


def main():
    flags = parse_flags()
    if not any([flags.rank, flags.results, flags.attribute_results, flags.random_results, flags.attributes,
                flags.similarity, flags.activation_dir]):
        raise UserError("nothing to draw: give --rank, --results, --attributes or another input; see --help")
    # Everything is drawn before anything is written: a wrong input leaves the last figures as they were.
    drawn = [*of_ranks(flags), *of_accuracies(flags), *of_rdms(flags), *of_simulations(flags)]
    cli.prepare_drawn(flags, flags.output_dir)
    cli.write_config(flags, flags.output_dir)
    for name, figure, table in drawn:
        path = Path(flags.output_dir) / name
        artifacts.write_table(f"{path}.csv", table)
        for form in flags.formats if figure else ():
            with artifacts.atomic_write(f"{path}.{form}") as file:
                figures.save(figure, file, form)
        print(f"wrote {path}.csv{''.join(f' .{form}' for form in flags.formats if figure)}")
    results = "".join(f" --{name} {vars(flags)[name]}" for name in ("results", "attribute_results", "random_results")
                      if vars(flags)[name])
    print(f"next: python make_report.py --rank {flags.rank or 'RANKS.csv'} --activation_dir "
          f"{flags.activation_dir or 'DIR'}{results}, with --pretrained_model, "
          "--checkpoint_dir and --dataset as given to train.py")


if __name__ == "__main__":
    cli.run(main)
