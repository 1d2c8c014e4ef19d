"""Step 4: rank every neuron by how well it mirrors each human attribute of emotion."""

import hashlib
from pathlib import Path

from framework import artifacts, cli, cluster, sweep
from framework.analysis import rsa
from framework.errors import UserError

# isort: split
import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

LEAST = 1024  # neurons in a part: fewer, and preparing the permuted attributes takes longer than comparing them
NAMES = {"14Properties": "14property", "3Spaces": "3space"}


def parse_flags():
    parser = cli.make_parser(__doc__)
    parser.add_argument("--activation_dir", default="./active_neuron_before_relu_csv", metavar="DIR",
                        help="activations that step 3 wrote, {emotion}-{seed}.csv")
    parser.add_argument("--attributes", required=True, metavar="FILE",
                        help="CSV, a column an attribute: people's ratings, a row an emotion, named in a column "
                        "`emotion`; or distances, a row a pair of emotions")
    parser.add_argument("--emotion_order", metavar="FILE",
                        help="for distances: the emotions, one a line; the pairs are (1st, 2nd), (1st, 3rd), ...")
    parser.add_argument("--mode", choices=NAMES, default="14Properties",
                        help="each attribute of the file by itself, however many, or the 14 of the study combined into "
                        "the affective, basic-emotions and appraisal spaces")
    parser.add_argument("--CSV_Path", metavar="FILE", help="where the ranks go; the other tables stand beside them "
                        "(default: ./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv, or _3space.csv)")
    parser.add_argument("--num_layers", type=cli.positive, metavar="L",
                        help="layers of the model (default: what step 3 recorded beside the activations, else 12)")
    parser.add_argument("--permutations", type=cli.count, default=0, metavar="M",
                        help="permutations of the emotions' labels, on a GPU if there is one; 0 leaves the permutation "
                        "test out")
    parser.add_argument("--permutation_seed", type=cli.count, default=0, metavar="SEED",
                        help="seed of the permutations")
    parser.add_argument("--overwrite", action="store_true", help="replace ranks that other settings made")
    cli.add_ray_flag(parser)
    return parser.parse_args()


def layers(flags, neurons, recorded):
    num_layers = flags.num_layers or recorded or 12
    if recorded not in (None, num_layers):
        raise UserError(f"--num_layers {num_layers}: the model behind {flags.activation_dir} has {recorded} layers")
    if neurons % num_layers:
        raise UserError(f"--num_layers {num_layers}: {neurons} neurons cannot be divided evenly among so many layers")
    return num_layers


def search(study, part, progress=False):
    """Tau of a slice of the neurons, its p, and the counts of the permutations (see `rsa.permute`)."""
    values, attribute_rdms, permutations, seed = study
    rdms = rsa.NeuronRDMs(values[:, :, part])
    found = rsa.kendall_tau(rdms, attribute_rdms)
    if not permutations:
        return found
    return *found, *rsa.permute(rdms, attribute_rdms, permutations, seed, rsa.gpu(), progress)


def compare(flags, values, seeds, attributes, attribute_rdms, num_layers, machines):
    """All that is written: the ranks [N, A], and the tables beside them, by name."""
    neurons = values.shape[2]
    study = values, attribute_rdms, flags.permutations, flags.permutation_seed
    if machines:
        bounds = np.linspace(0, neurons, 1 + min(4 * machines.size, -(-neurons // LEAST))).astype(int)
        with cli.task_bar(neurons, "neuron") as bar:
            by_start = {}
            for part, result in machines.map(search, study, map(slice, bounds, bounds[1:])):
                by_start[part.start] = result
                bar.update(part.stop - part.start)
        found = [by_start[start] for start in bounds[:-1]]
    else:
        found = [search(study, slice(None), progress=True)]
    tau, p, *permuted = zip(*found)
    tau, p = np.concatenate(tau), np.concatenate(p)
    q = false_discovery_control(p.ravel()).reshape(p.shape)
    tables = {"tau": np.nan_to_num(tau), "p": p, "q": q}  # a neuron that never changes has no tau; 0 is written
    counts = {"count": rsa.significant_by_layer(q, num_layers, 0.01)}
    if flags.permutations:
        observed, reached, largest = permuted
        largest = np.max(largest, axis=0)  # over the neurons of all parts
        permutation_p, permutation_p_fwe = rsa.permutation_p(np.concatenate(observed), np.concatenate(reached), largest)
        tables |= {"permutation_p": permutation_p, "permutation_p_fwe": permutation_p_fwe, "permutation_max": largest}
        counts["count_fwe"] = rsa.significant_by_layer(permutation_p_fwe, num_layers, 0.05)
    tables = {name: pd.DataFrame(table, columns=attributes) for name, table in tables.items()}
    tables["significant_by_layer"] = pd.DataFrame({
        "layer": np.repeat(np.arange(num_layers), len(attributes)), "attribute": attributes * num_layers,
        **{name: count.ravel() for name, count in counts.items()}})
    if len(seeds) > 1:
        # 5,000 neurons tell a correlation to 0.015; it varies more than that with how the seeds are halved.
        reliability = rsa.split_half_reliability(values, attribute_rdms)
        tables["reliability"] = pd.DataFrame({"attribute": attributes, "reliability": reliability.mean(axis=0),
                                              "lowest": reliability.min(axis=0), "highest": reliability.max(axis=0)})
    return pd.DataFrame(rsa.rank_neurons(tau), columns=attributes), tables


def main():
    flags = parse_flags()
    rank_path = Path(flags.CSV_Path or f"./neuron_rank/neuron_rank_by_searchlight_RSA_{NAMES[flags.mode]}.csv")
    if rank_path.suffix != ".csv":
        raise UserError(f"--CSV_Path {rank_path}: must end in .csv")

    attributes, emotions, numbers, are_ratings = artifacts.read_attributes(flags.attributes, flags.emotion_order)
    attribute_rdms = rsa.attribute_rdms(numbers) if are_ratings else numbers
    if flags.mode == "3Spaces":
        for attribute in sum(rsa.SPACES.values(), ()):
            if attribute not in attributes:
                raise UserError(f"{flags.attributes}: has no {attribute!r}, --mode 3Spaces needs the study's 14")
        attributes, attribute_rdms = list(rsa.SPACES), rsa.space_rdms(attribute_rdms, attributes)
    used = artifacts.activated_emotions(flags.activation_dir, emotions)
    if used != emotions:
        print(f"without {', '.join(e for e in emotions if e not in used)}: no activations in {flags.activation_dir}")
    attribute_rdms = rsa.reorder_rdms(attribute_rdms, [emotions.index(emotion) for emotion in used])
    for attribute, rdm in zip(attributes, attribute_rdms):
        if np.ptp(rdm) == 0:
            raise UserError(f"{flags.attributes}: all distances of {attribute!r} are the same; leave it out")
    values, seeds = artifacts.read_activations(flags.activation_dir, used)
    if (values == values[:, :1]).all():
        raise UserError(f"{flags.activation_dir}: no neuron differs between emotions, there is nothing to rank")
    neurons = values.shape[2]
    read_with = artifacts.read_record(flags.activation_dir)
    num_layers = layers(flags, neurons, read_with.get("num_layers"))

    # Only the permutation test uses a GPU.
    machines = cluster.connect(flags.ray, "auto" if flags.permutations else "cpu") if flags.ray else None
    with sweep.alone(rank_path):
        artifacts.prepare_output(rank_path, {
            "made_by": "rsa_searchlight.py", "pretrained_model": read_with.get("pretrained_model"),
            "backbone": read_with.get("backbone"), "mode": flags.mode, "attributes": attributes,
            "attributes_sha256": hashlib.sha256(attribute_rdms.tobytes()).hexdigest(), "emotions": used, "seeds": seeds,
            "activations_sha256": hashlib.sha256(values.data).hexdigest(), "num_neurons": neurons,
            "num_layers": num_layers, "permutations": flags.permutations,
            "permutation_seed": flags.permutation_seed}, flags.overwrite)
        cli.write_config(flags, rank_path)
        ranks, tables = compare(flags, values, seeds, attributes, attribute_rdms, num_layers, machines)
        artifacts.write_searchlight(rank_path, ranks, tables)
        artifacts.seal(rank_path, rank_path, *(artifacts.searchlight_path(rank_path, name) for name in tables))

    print(f"{neurons} neurons x {len(attributes)} attributes, from {len(used)} emotions x {len(seeds)} seeds")
    print(f"wrote {rank_path}: ranks of the neurons, 1 = most similar")
    for name in tables:
        print(f"wrote {artifacts.searchlight_path(rank_path, name)}")
    # The study's thresholds where they fit; they are 1 to 16% of its 36,864 neurons.
    thresholds = "" if neurons > 6000 else f" --thresholds {max(1, neurons // 16)} {max(2, neurons // 8)}"
    study_folder = artifacts.study_folder(rank_path.parent, "neuron_rank")
    masks = "" if flags.CSV_Path is None else f" --PKL_File={study_folder}/masks/{rank_path.stem}.pkl"
    print(f"next: python gen_mask.py --CSV_Path={rank_path} --mode={flags.mode}{thresholds}{masks}")


if __name__ == "__main__":
    cli.run(main)
