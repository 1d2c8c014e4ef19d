"""Compare people's judgements of how different concepts are with each human attribute and with the whole model.

People judged any two concepts from 1, very similar, to 9, very different: a larger number is a larger distance.
"""


from framework.errors import UserError
from framework.running import flags as known
from framework.running import script


def parse_flags():
    parser = known.Parser(__doc__, title="this script")
    known.add_path(parser, "--attributes", metavar="FILE", required=True,
                   help="CSV, one column per attribute: ratings with a column `emotion` or `concept`, or distances, "
                   "one row per pair")
    known.add_path(parser, "--concept_order", "--emotion_order", metavar="FILE", required=True,
                   help="the concepts of judgements and distances, one per line; the pairs are (1st, 2nd), (1st, 3rd), "
                   "...")
    known.add_path(parser, "--similarity", metavar="FILE", required=True,
                   help="CSV of one column, one row per pair: the mean judgement, larger = more different")
    known.add_path(parser, "--individual", metavar="FILE", required=True,
                   help="CSV with one column per pair and one row per person: everyone's judgements")
    known.add_path(parser, "--activation_dir", default=known.ACTIVATIONS.format(activation_mode="before_relu"),
                   help="activations that step 3 wrote with --activation_mode before_relu")
    known.add_path(parser, "--read_over_dir", help="activations that step 3 wrote with --read_over: compare their "
                   "agreement with people, and their reliability over seeds, with those of --activation_dir")
    known.add_path(parser, "--count_dir", help="activations that step 3 wrote with --activation_mode after_relu: "
                   "compare their {concept}-all.csv, too (default: leave them out)")
    parser.add_argument("--permutations", type=known.positive, default=10000, metavar="M",
                        help="permutations of the concepts' labels, for p-values")
    parser.add_argument("--bootstraps", type=known.positive, default=2000, metavar="N",
                        help="draws of people and concepts, for intervals")
    parser.add_argument("--permutation_seed", type=known.seed, default=0, metavar="SEED",
                        help="seed of the permutations and of the draws")
    known.add_path(parser, "--output_dir", default="people", help="where the tables go")
    known.add_overwrite_flag(parser, "tables")
    known.add_task_flags(parser)
    return parser.parse()


def main():
    flags = parse_flags()
    import hashlib

    import numpy as np
    import pandas as pd

    from framework.analysis import people, permutation, rsa, stability
    from framework.files import activations
    from framework.files.names import parse_task
    from framework.files.people import read_attributes, read_emotion_order, read_judgements
    from framework.files.record import Output, Record, digest
    from framework.running import compared

    # Inputs, over the concepts that all of them share.
    order = read_emotion_order(flags.concept_order)
    judgements, individual = read_judgements(flags.similarity, flags.individual, order)
    attributes, rated, numbers, are_ratings = read_attributes(flags.attributes, flags.concept_order)
    rdms = rsa.attribute_rdms(numbers) if are_ratings else numbers
    activations.check_are_effects(flags.activation_dir, effects=False)
    tasks = known.choose(flags, activations.tasks(flags.activation_dir), flags.activation_dir, activations.MADE_BY)
    activated = {task.concept for task in tasks}
    used = [concept for concept in rated if concept in order and concept in activated]
    if missing := sorted(({*flags.sentiment} if flags.sentiment else {*order, *rated, *activated}) - {*used}):
        print(f"left out: {', '.join(missing)} (not in all of the files)")
    if len(used) < 4:
        raise UserError(f"{flags.activation_dir}: has activations for {len(used)} of the concepts that are in both the "
                        f"judgements and {flags.attributes}; give files that share at least 4, which make 6 pairs"
                        + (", or name more with --sentiment" if flags.sentiment else ""))

    def select(rdms, concepts):
        return rsa.reorder_rdms(rdms, [concepts.index(concept) for concept in used])

    judgements, individual = select(judgements, order), select(individual, order)
    if (alike := np.ptp(individual, axis=1) == 0).any():  # no order to compare with
        print(f"left out: {alike.sum()} of {len(alike)} people (the same judgement for all pairs of these concepts)")
        individual = individual[~alike]
        if len(individual) < 2:
            raise UserError(f"{flags.individual}: of all people, {len(individual)} told pairs of these concepts apart; "
                            "intervals over people need two or more, so use more concepts")
    rdms = select(rdms, rated)
    models, model_rdms, reliability, readings = [], [], [], []
    for name, folder in (("activations", flags.activation_dir), ("read_over", flags.read_over_dir)):
        if folder:
            activations.check_are_effects(folder, effects=False)
            read = Record.read(folder)
            if name == "read_over" and read.made_by and not read.get("kind"):
                raise UserError(f"--read_over_dir {folder}: was read without comments; get_active_neuron.py "
                                "--read_over N reads with them")
            if name == "activations" and read.get("kind"):
                raise UserError(f"--activation_dir {folder}: was read with comments ({read.get('kind')}); give it as "
                                "--read_over_dir, and here what get_active_neuron.py reads without --read_over")
            values, seeds = compared.read_activations(folder, used, flags.seed)
            prompts = {name: own for name, own in read.get("prompts", {}).items()
                       if (task := parse_task(name)) and task.concept in used and task.seed in seeds}
            readings.append(Record("", {"backbone": read.get("backbone"), "seeds": seeds,
                                        "prompts": digest(prompts) if prompts else None}))
            unknown = {which for reading in readings for which, value in reading.settings.items() if value is None}
            if difference := readings[-1].difference(readings[0], unknown):
                raise UserError(f"--read_over_dir {folder}: cannot be compared with --activation_dir "
                                f"{flags.activation_dir} ({difference}); read the same prompts with "
                                "get_active_neuron.py, with and without --read_over")
            models.append(name)
            model_rdms.append(rsa.population_rdm(values))
            reliability.append(stability.split_half_reliability(values, rdms).mean() if len(seeds) > 1 else np.nan)
    if flags.count_dir:
        models.append("counts")
        counts, _ = activations.read(flags.count_dir, used, flags.seed or ["all"])
        model_rdms.append(rsa.population_rdm(counts.sum(axis=0, keepdims=True), "correlation"))
        reliability.append(np.nan)
    folders = {"activations": flags.activation_dir, "read_over": flags.read_over_dir, "counts": flags.count_dir}
    for name, rdm in zip(attributes + models, [*rdms, *model_rdms]):
        compared.check_varied(folders.get(name, flags.attributes), name, rdm)
    stack = np.concatenate([rdms, model_rdms])  # the same permutations and draws for all

    # What determines the tables, and the work.
    record = Record("compare_people.py", {
        "attributes": attributes, "concepts": used, "models": models,
        "rdms_sha256": hashlib.sha256(stack.tobytes()).hexdigest(), "permutations": flags.permutations,
        "bootstraps": flags.bootstraps, "judgements_sha256": hashlib.sha256(individual.tobytes()).hexdigest(),
        "permutation_seed": flags.permutation_seed})
    path = flags.output_dir / "attributes.csv"
    model_path = path.with_name("model.csv")
    with Output(path, record, flags.overwrite, names=[model_path]) as output:
        found = people.tau_with_people(stack, judgements, individual)
        low, high = people.bootstrap_people_and_concepts(stack, individual, flags.bootstraps, flags.permutation_seed,
                                                         progress=True)
        lower, upper = people.noise_ceiling(individual)
        p = permutation.permutation_test(judgements[None], stack, flags.permutations, flags.permutation_seed).p[0]
        table = pd.DataFrame({
            "attribute": attributes + models, "tau": found.pop("tau"), "ci_low": low, "ci_high": high, **found,
            "permutation_p": p, "ceiling_low": lower, "ceiling_high": upper,
            **people.share_of_ceiling(stack, individual),
            "test": "labels permuted, one-sided: tau > 0; not corrected for the number of rows"})
        of_models = table[len(attributes):].rename(columns={"attribute": "model"}).assign(reliability=reliability)
        script.write_config(flags, flags.output_dir)
        output.write_table(model_path, of_models)
        output.write_table(path, table[:len(attributes)])

    # Summary and next step.
    shown = table[["attribute", "tau", "ci_low", "ci_high", "permutation_p", "individual_tau", "share_of_ceiling",
                   "share_ci_low", "share_ci_high"]]
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    print("permutation_p is one-sided (tau > 0), comes from permuting the concepts' labels, and is not corrected for "
          f"the {len(shown)} rows")
    print("intervals of tau are over people and concepts; "
          f"the noise ceiling is tau {lower:.2f} (a person with the others) to {upper:.2f} (a person with all); "
          + (f"shares are of {lower:.2f}, their intervals over people alone" if lower > 0 else
             "there is no share of it, since people do not agree"))
    print(f"wrote {path}: Kendall's tau of each attribute with the judgements of {len(individual)} people")
    reliable = ", ".join(f"{name} {value:.2f}" for name, value in zip(models, reliability) if not np.isnan(value))
    print(f"wrote {model_path}: the same for distances between concepts in the activations of all neurons"
          + (f"; and how reliable step 4's maps are over seeds, mean over attributes: {reliable}" if reliable else ""))
    script.next_step("plot_results.py", study=flags.study, weights=path)


if __name__ == "__main__":
    script.run(main)
