"""Step 4: rank every neuron by how well it mirrors each human attribute of the concepts."""

from framework.running import flags as known
from framework.running import script, work

SIDES = {**dict.fromkeys(("p", "q", "permutation_p", "permutation_p_fwe", "permutation_p_fwe_by_attribute"),
                         "one-sided, tau > 0"),
         **dict.fromkeys(("partial_p", "partial_p_fwe", "partial_p_fwe_by_attribute"), "two-sided, r is not 0"),
         "replication": "permutation_p_fwe and permutation_p are one-sided, tau > 0",
         "overlap": "its permutation_p is one-sided, more neurons shared than by chance"}
LEAST_NEURONS = 1024  # per part: with fewer, preparing the permuted attributes takes longer than comparing them


def parse_flags():
    parser = known.Parser(__doc__)
    known.add_path(parser, "--attributes", metavar="FILE", required=True,
                   help="CSV, one column per attribute: people's ratings, one row per concept, named in a column "
                   "`emotion` or `concept`; or distances, one row per pair of concepts")
    known.add_path(parser, "--concept_order", "--emotion_order", metavar="FILE",
                   help="for distances: the concepts, one per line; the pairs are (1st, 2nd), (1st, 3rd), ...")
    parser.add_argument("--mode", choices=known.RANKED, default="14Properties",
                        help="14Properties: each attribute of the file by itself, however many; 3Spaces: the 14 of the "
                        "study combined into the affective, basic-emotions and appraisal spaces")
    known.add_path(parser, "--activation_dir", default=known.ACTIVATIONS.format(activation_mode="before_relu"),
                   help="activations that step 3 wrote, {concept}-{seed}.csv")
    known.add_path(parser, "--ranks", "--CSV_Path", "--rank", metavar="FILE.csv",
                   help="where the ranks go; the other tables go beside them "
                   f"(default: {known.RANKS}, or ..._3space.csv)")
    parser.add_argument("--num_layers", type=known.positive, metavar="L",
                        help="layers of the model (default: what step 3 recorded beside the activations, else 12)")
    group = parser.add_argument_group("tests")
    group.add_argument("--permutations", type=known.count, default=5000, metavar="M",
                       help="permutations of the concepts' labels; 0 leaves the tests out (the overlap of attributes "
                       "uses at most 1,000)")
    group.add_argument("--permutation_seed", type=known.seed, default=0, metavar="SEED",
                       help="seed of the permutations")
    group.add_argument("--given", nargs="+", metavar="ATTRIBUTE",
                       help="also test whether neurons follow each attribute beyond those named here (partial "
                       "correlations of their profiles with ratings); `others`: beyond all other attributes")
    group.add_argument("--replicate", nargs="+", type=known.seed, metavar="SEED",
                       help="test the neurons that are found (family-wise p < 0.05) again with these seeds, which are "
                       "not used to find them")
    known.add_task_flags(parser)
    known.add_machine_flags(parser, precision=False, ray=True)
    known.add_overwrite_flag(parser, "ranks")
    return parser.parse()


def main():
    flags = parse_flags()
    ranks_path = flags.ranks = known.ranks_of(flags)

    import hashlib
    from itertools import product

    from framework.analysis import permutation
    from framework.analysis.masks import units_of
    from framework.files import ranks as rank_files
    from framework.files.record import Output, Record
    from framework.running import compared

    # Inputs.
    study = compared.read(flags)
    neurons = study.values.shape[2]
    read_with = Record.read(flags.activation_dir)
    num_layers = known.layers_of(flags, read_with.get("num_layers"), flags.activation_dir)
    units_of(neurons, num_layers, f"--num_layers {num_layers}")
    given = compared.given(flags, study)
    others = compared.others(flags, study)
    machines = work.join(flags.ray, flags.device if flags.permutations else "cpu")
    device = machines.agree(gpu)

    # What determines the ranks, and which prompts chose the neurons: step 6 warns if they also test them.
    chosen_by = {f"{concept}-{seed}" for concept, seed in product(study.concepts, study.seeds)}
    named = chosen_by | {f"{concept}-{seed}" for concept, seed in product(study.concepts, flags.replicate or ())}
    trainings = {digest for name, digest in read_with.get("trainings", {}).items() if name in named}
    if len(trainings) > 1:
        print(f"warning: {flags.activation_dir} holds activations of prompts that were trained differently; what "
              "differs between them may come from this")
    made = table_names(flags, study, given)
    record = Record("rsa_searchlight.py", {
        "backbone": read_with.get("backbone"), "mode": flags.mode, "attributes": study.attributes,
        "attributes_sha256": hashlib.sha256(study.rdms.tobytes()).hexdigest(), "concepts": study.concepts,
        "seeds": study.seeds, "activations_sha256": hashlib.sha256(study.values.data).hexdigest(),
        "num_neurons": neurons, "num_layers": num_layers, "permutations": flags.permutations,
        "permutation_seed": flags.permutation_seed, "given": flags.given, "replicate": flags.replicate,
        "replicate_sha256": None if others is None else hashlib.sha256(others.data).hexdigest()},
        {"pretrained_model": read_with.get("pretrained_model"),
         "prompts": {name: digest for name, digest in read_with.get("prompts", {}).items() if name in chosen_by},
         "p_values": {name: SIDES[name] for name in made if name in SIDES}})
    names = [rank_files.table_path(ranks_path, name) for name in made]
    with Output(ranks_path, record, flags.overwrite, names=names) as output:
        ranks, tables = make_tables(made, flags, study, num_layers, given, others, machines, device)
        script.write_config(flags, ranks_path)
        rank_files.write(output, ranks, tables)

    # Summary and next step.
    print(f"{neurons} neurons x {script.counted(len(study.attributes), 'attribute')}, from "
          f"{len(study.concepts)} concepts x {script.counted(len(study.seeds), 'seed')}")
    if flags.permutations:
        drawn = permutation.count_orders(len(study.concepts), flags.permutations)
        print(f"{drawn:,} permutations: no permutation p is below {1 / (1 + drawn):.2g}")
    if flags.replicate:
        again = tables["replication"]
        print(f"of {len(again)} pairs of a neuron and an attribute found with these seeds, {(again.q < 0.05).sum()} "
              f"are found again with seeds {' '.join(map(str, flags.replicate))} (one-sided q < 0.05)")
    print(f"wrote {ranks_path}: ranks of the neurons, 1 = most similar")
    for name in tables:
        print(f"wrote {rank_files.table_path(ranks_path, name)}" + (f": {SIDES[name]}" if name in SIDES else ""))
    script.next_step("gen_mask.py", ranks=ranks_path, mode=None if flags.mode == "14Properties" else flags.mode)


def search(study, part):
    """Tau and p of a slice of the neurons, and their `permutation.Permuted`, None without permutations."""
    from framework.analysis import permutation, rsa

    values, attribute_rdms, permutations, seed, device, progress = study
    rdms = rsa.NeuronRDMs(values[:, :, part])
    tau, p = rsa.kendall_tau(rdms, attribute_rdms)
    if not permutations:
        return tau, p, None
    return tau, p, permutation.permute(rdms, attribute_rdms, permutations, seed, device, progress)


def gpu(device):
    """The GPU to compare on; None for the CPU, whose popcounts need no torch."""
    if device == "cpu":
        return None
    from framework.model.device import resolve_device

    found = resolve_device(device)
    return str(found) if found.type == "cuda" else None


def table_names(flags, study, given):
    """The tables that `make_tables` makes beside the ranks."""
    from framework.analysis import stability

    names = ["tau", "p", "q", "significant_by_layer"]
    tests = "p", "p_fwe", "p_fwe_by_attribute"
    if flags.permutations:
        names += [f"permutation_{test}" for test in (*tests, "max")]
        names += ["overlap"] if len(study.attributes) > 1 else []
        names += ["replication"] if flags.replicate else []
    names += [f"partial_{test}" for test in ("r", *tests)] if given else []
    names += ["reliability"] if len(study.seeds) > 1 else []
    return names + (["stability", "top_neurons"] if len(study.concepts) >= stability.LEAST_CONCEPTS else [])


def make_tables(made, flags, study, num_layers, given, others, machines, device):
    """The ranks [N, A], and the tables beside them by name, as `table_names` names them."""
    import numpy as np

    from framework.analysis import permutation, profiles, searchlight
    from framework.analysis.rsa import NeuronRDMs

    values, attributes, rdms = study.values, study.attributes, study.rdms
    neurons = values.shape[2]
    needed = values, rdms, flags.permutations, flags.permutation_seed, device, flags.ray is None
    if flags.ray is None:  # called directly: a signal may end it at once, as there is nothing to save
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
    taus, ps, parts_permuted = zip(*found)
    tau, p = np.concatenate(taus), np.concatenate(ps)
    permuted = permutation.Permuted.join(parts_permuted) if flags.permutations else None
    ranks, tables = searchlight.rank_tables(tau, p, permuted, attributes, num_layers)

    thresholds = searchlight.thresholds_for(neurons)
    if "overlap" in made:
        overlap = permutation.overlap_test(NeuronRDMs(values), rdms, thresholds, progress=True,
                                           permutations=min(flags.permutations, permutation.OWN_PERMUTATIONS))
        tables["overlap"] = searchlight.overlap_table(overlap, attributes, thresholds)
    if "replication" in made:
        tables["replication"] = searchlight.replication_table(
            tables["tau"], tables["permutation_p_fwe"], others, rdms, num_layers, flags.permutations,
            flags.permutation_seed)
    if given:
        partial = profiles.partial_correlations(values.mean(axis=0), study.ratings, given, flags.permutations,
                                                flags.permutation_seed, progress=True)
        tables |= searchlight.partial_tables(partial, [attributes[tested] for tested, *_ in given])
    described = {
        "reliability": lambda: searchlight.reliability_table(values, rdms, attributes),
        "stability": lambda: searchlight.stability_table(values, rdms, attributes, thresholds),
        "top_neurons": lambda: searchlight.top_table(values, rdms, attributes, tau, num_layers)}
    wanted = [name for name in described if name in made]
    with work.Bar(len(wanted), "table") as bar:
        for name in wanted:
            bar.set_description(name)
            tables[name] = described[name]()
            bar.update()
    return ranks, tables


if __name__ == "__main__":
    script.run(main)
