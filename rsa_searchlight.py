"""Step 4: rank every neuron by how well it mirrors each human attribute of the concepts."""

from pathlib import Path
from typing import NamedTuple

from framework.errors import UserError
from framework.running import flags as known
from framework.running import script, work
from framework.tasks import Task

NAMES = {"14Properties": "14property", "3Spaces": "3space"}
LEAST_CONCEPTS = 4
FEW_CONCEPTS = 8
LEAST_NEURONS = 1024  # in a part: fewer, and preparing the permuted attributes takes longer than comparing them


def parse_flags():
    parser = known.make_parser(__doc__)
    known.add_path(parser, "--attributes", metavar="FILE", required=True,
                   help="CSV, a column an attribute: people's ratings, a row a concept, named in a column `emotion` or "
                   "`concept`; or distances, a row a pair of concepts")
    known.add_path(parser, "--concept_order", "--emotion_order", metavar="FILE",
                   help="for distances: the concepts, one a line; the pairs are (1st, 2nd), (1st, 3rd), ...")
    parser.add_argument("--mode", choices=NAMES, default="14Properties",
                        help="each attribute of the file by itself, however many, or the 14 of the study combined into "
                        "the affective, basic-emotions and appraisal spaces")
    known.add_path(parser, "--activation_dir", default=known.ACTIVATIONS.format(activation_mode="before_relu"),
                   help="activations that step 3 wrote, {concept}-{seed}.csv")
    known.add_path(parser, "--ranks", "--CSV_Path", "--rank", metavar="FILE",
                   help="where the ranks go; the other tables stand beside them "
                   f"(default: {known.RANKS}, or ..._3space.csv)")
    parser.add_argument("--num_layers", type=known.positive, metavar="L",
                        help="layers of the model (default: what step 3 recorded beside the activations, else 12)")
    group = parser.add_argument_group("tests")
    group.add_argument("--permutations", type=known.count, default=5000, metavar="M",
                       help="permutations of the concepts' labels; 0 leaves the tests out")
    group.add_argument("--permutation_seed", type=known.seed, default=0, metavar="SEED",
                       help="seed of the permutations")
    group.add_argument("--given", nargs="+", metavar="ATTRIBUTE",
                       help="also test whether neurons follow each attribute beyond these (partial correlations of "
                       "their profiles with ratings); `others`: beyond all others")
    known.add_task_flags(parser)
    known.add_machine_flags(parser, precision=False, ray=True)
    known.add_overwrite_flag(parser, "ranks")
    return parser.parse()


class Study(NamedTuple):
    """What is ranked, and by what: values [S, E, N], RDMs [A, P] and, unless the file has distances, ratings [E, A]."""

    values: object
    seeds: list
    concepts: list
    attributes: list
    rdms: object
    ratings: object


def main():
    flags = parse_flags()
    ranks_path = flags.ranks or (flags.study or Path()) / known.RANKS.replace("14property", NAMES[flags.mode])
    if ranks_path.suffix != ".csv":
        raise UserError(f"--ranks {ranks_path}: must end in .csv")

    import hashlib
    from itertools import product

    from framework.files import ranks as rank_files
    from framework.files.record import Output, Record

    # What goes in.
    study = read_study(flags)
    neurons = study.values.shape[2]
    read_with = Record.read(flags.activation_dir)
    num_layers = layers(flags, neurons, read_with.get("num_layers"))
    given = read_given(flags, study)
    machines = work.join(flags.ray, flags.device if flags.permutations else "cpu")

    # What makes the ranks what they are, and whose prompts chose the neurons: step 6 says when the same ones test.
    chosen_by = {Task(*task).name for task in product(study.concepts, study.seeds)}
    record = Record("rsa_searchlight.py", {
        "backbone": read_with.get("backbone"), "mode": flags.mode, "attributes": study.attributes,
        "attributes_sha256": hashlib.sha256(study.rdms.tobytes()).hexdigest(), "concepts": study.concepts,
        "seeds": study.seeds, "activations_sha256": hashlib.sha256(study.values.data).hexdigest(),
        "num_neurons": neurons, "num_layers": num_layers, "permutations": flags.permutations,
        "permutation_seed": flags.permutation_seed, "given": flags.given},
        {"pretrained_model": read_with.get("pretrained_model"),
         "prompts": {name: digest for name, digest in read_with.get("prompts", {}).items() if name in chosen_by}})
    with Output(ranks_path, record, flags.overwrite) as output:
        script.write_config(flags, ranks_path)
        ranks, tables = make_tables(flags, study, num_layers, given, machines)
        rank_files.write(output, ranks, tables)

    # What comes out, and next.
    print(f"{neurons} neurons x {len(study.attributes)} attributes, from {len(study.concepts)} concepts x "
          f"{len(study.seeds)} seeds")
    print(f"wrote {ranks_path}: ranks of the neurons, 1 = most similar")
    for name in tables:
        print(f"wrote {rank_files.table_path(ranks_path, name)}")
    from framework.analysis.searchlight import THRESHOLDS, thresholds_for

    fitting = thresholds_for(neurons)
    script.next_step("gen_mask.py", ranks=ranks_path, mode=None if flags.mode == "14Properties" else flags.mode,
                     thresholds=None if fitting == list(THRESHOLDS) else fitting)


def read_study(flags):
    import numpy as np

    from framework.analysis import rsa
    from framework.files import activations
    from framework.files.people import read_attributes

    attributes, rated, numbers, are_ratings = read_attributes(flags.attributes, flags.concept_order)
    rdms = rsa.attribute_rdms(numbers) if are_ratings else numbers
    if flags.mode == "3Spaces":
        for attribute in sum(rsa.SPACES.values(), ()):
            if attribute not in attributes:
                raise UserError(f"{flags.attributes}: has no {attribute!r}, --mode 3Spaces needs the study's 14")
        attributes, rdms, are_ratings = list(rsa.SPACES), rsa.space_rdms(rdms, attributes), False

    tasks = known.choose(flags, activations.tasks(flags.activation_dir), flags.activation_dir,
                         "get_active_neuron.py (step 3)")
    activated = list(dict.fromkeys(task.concept for task in tasks))
    concepts = [concept for concept in rated if concept in activated]
    missing = {f"no activations in {flags.activation_dir}": set(flags.sentiment or rated) & set(rated) - set(activated),
               f"not in {flags.attributes}": set(activated) - set(rated)}
    if named := [f"{', '.join(sorted(names))} ({where})" for where, names in missing.items() if names]:
        print("without", "; ".join(named))
    if len(concepts) < LEAST_CONCEPTS:
        raise UserError(f"{flags.activation_dir}: has activations for {len(concepts)} of the {len(rated)} concepts in "
                        f"{flags.attributes}; step 4 needs {LEAST_CONCEPTS}, of which an RDM has 6 pairs")
    if len(concepts) < FEW_CONCEPTS:
        print(f"warning: {len(concepts)} concepts are few, an RDM has only {len(concepts) * (len(concepts) - 1) // 2} "
              "pairs: many neurons match any attribute by chance")
    chosen = [rated.index(concept) for concept in concepts]
    rdms = rsa.reorder_rdms(rdms, chosen)
    for attribute, rdm in zip(attributes, rdms):
        if np.ptp(rdm) == 0:
            raise UserError(f"{flags.attributes}: all distances of {attribute!r} are the same; leave it out")
    values, seeds = activations.read(flags.activation_dir, concepts, flags.seed)
    if (values == values[:, :1]).all():
        raise UserError(f"{flags.activation_dir}: no neuron differs between concepts, there is nothing to rank")
    return Study(values, seeds, concepts, attributes, rdms, numbers[chosen] if are_ratings else None)


def layers(flags, neurons, recorded):
    num_layers = flags.num_layers or recorded or 12
    if recorded not in (None, num_layers):
        raise UserError(f"--num_layers {num_layers}: the model behind {flags.activation_dir} has {recorded} layers")
    if neurons % num_layers:
        raise UserError(f"--num_layers {num_layers}: {neurons} neurons cannot be divided evenly among so many layers")
    return num_layers


def read_given(flags, study):
    """For each attribute that `--given` tests, its number and those of the attributes given."""
    if not flags.given:
        return []
    if study.ratings is None:
        raise UserError("--given: compares profiles with ratings of single attributes; give --attributes a table of "
                        "ratings (a column `emotion` or `concept`) and --mode 14Properties")
    if not flags.permutations:
        raise UserError("--given: is tested by permutations; give --permutations more than 0")
    names = study.attributes if flags.given == ["others"] else flags.given
    for name in names:
        if name not in study.attributes:
            raise UserError(f"--given {name}: is no attribute of {flags.attributes}, which has "
                            f"{', '.join(study.attributes)}; or `others` alone")
    numbers = [study.attributes.index(name) for name in dict.fromkeys(names)]
    given = [[tested, *others] for tested in range(len(study.attributes))
             if (others := [number for number in numbers if number != tested])]
    if not given:
        raise UserError(f"--given {' '.join(flags.given)}: {flags.attributes} has no other attribute to test")
    most, bearable = max(map(len, given)) - 1, max(0, len(study.concepts) - 4)
    if most > bearable:
        raise UserError(f"--given: {len(study.concepts)} concepts bear {bearable} given attributes at most, not "
                        f"{most}; give fewer, or more concepts")
    from framework.analysis.profiles import beyond

    for tested, *others in given:
        if not beyond(study.ratings[:, tested], study.ratings[:, others]).any():
            raise UserError(f"--given: {study.attributes[tested]!r} follows from the attributes given; leave one out")
    return given


def search(study, part):
    """Tau of a slice of the neurons, its p, and what permutations do to them."""
    from framework.analysis import permutation, rsa

    values, attribute_rdms, permutations, seed, device, progress = study
    rdms = rsa.NeuronRDMs(values[:, :, part])
    tau, p = rsa.kendall_tau(rdms, attribute_rdms)
    if not permutations:
        return tau, p, None
    return tau, p, permutation.permute(rdms, attribute_rdms, permutations, seed, gpu(device), progress)


def gpu(device):
    """The GPU to compare on; None for the CPU, whose popcounts need no torch."""
    if device == "auto":
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    return device if device.startswith("cuda") else None


def make_tables(flags, study, num_layers, given, machines):
    """All that is written: the ranks [N, A], and the tables beside them, by name."""
    import numpy as np

    from framework.analysis import permutation, profiles, searchlight, stability
    from framework.analysis.rsa import NeuronRDMs

    values, attributes, rdms = study.values, study.attributes, study.rdms
    neurons = values.shape[2]
    needed = values, rdms, flags.permutations, flags.permutation_seed, machines.device, flags.ray is None
    if flags.ray is None:  # directly: nothing is lost if a signal ends it at once
        found = [search(needed, slice(None))]
    else:
        parts = min(4 * machines.size, -(-neurons // LEAST_NEURONS))
        bounds = np.linspace(0, neurons, 1 + parts).astype(int)
        by_start = {}
        with work.Bar(neurons, "neuron") as bar:
            for part, result in work.run(search, needed, map(slice, bounds, bounds[1:]), on=machines):
                by_start[part.start] = result
                bar.update(part.stop - part.start)
        found = [by_start[start] for start in bounds[:-1]]
    tau, p, permuted = zip(*found)
    tau, p = np.concatenate(tau), np.concatenate(p)
    permuted = permutation.Permuted.join(permuted) if flags.permutations else None
    ranks, tables = searchlight.rank_tables(tau, p, permuted, attributes, num_layers)

    thresholds = searchlight.thresholds_for(neurons)
    if flags.permutations and len(attributes) > 1:
        overlap = permutation.overlap_test(NeuronRDMs(values), rdms, thresholds, progress=True)
        tables["overlap"] = searchlight.overlap_table(overlap, attributes, thresholds)
    if given:
        partial = profiles.partial_correlations(values.mean(axis=0), study.ratings, given, flags.permutations,
                                                flags.permutation_seed)
        tables |= searchlight.partial_tables(partial, [attributes[tested] for tested, *_ in given])
    if len(study.seeds) > 1:
        tables["reliability"] = searchlight.reliability_table(values, rdms, attributes)
    if len(study.concepts) >= stability.LEAST_CONCEPTS:
        tables["stability"] = searchlight.stability_table(values, rdms, attributes, thresholds)
        tables["top_neurons"] = searchlight.top_table(values, rdms, attributes, tau, num_layers)
    return ranks, tables


if __name__ == "__main__":
    script.run(main)
