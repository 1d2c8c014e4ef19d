"""Step 5: make masks that change the neurons most similar to each attribute, and random ones to compare with."""

from framework.errors import UserError
from framework.interventions import METHODS
from framework.running import flags as known
from framework.running import script


def method(text):
    """A method by any of its names; other text is returned unchanged, and argparse refuses it."""
    return next((name for name, method in METHODS.items() if text in method.aliases), text)


def parse_flags():
    parser = known.Parser(__doc__)
    known.add_path(parser, "--ranks", "--CSV_Path", "--rank", metavar="FILE",
                   help="ranks of the neurons, one column per attribute, 1 = best: from step 4, or "
                   f"neuron_rank_by_effect.csv (default: {known.RANKS}, or ..._3space.csv)")
    parser.add_argument("--mode", choices=known.RANKED, default="14Properties",
                        help="which rank file of step 4: that of the 14 attributes or that of the 3 spaces")
    known.add_path(parser, "--masks", "--PKL_File", "--maskPath", metavar="FILE.pkl",
                   help=f"where the masks go (default: {known.MASKS}; RSA_3space_... or effect_... for other ranks)")
    parser.add_argument("--thresholds", metavar="K", type=known.positive, nargs="+",
                        help="how many neurons to change; one set of masks for each K (default: those of the "
                        "study, 500 to 6000, that are below a sixth of the model's neurons, else a sixteenth and an "
                        "eighth of them)")
    parser.add_argument("--num_layers", metavar="L", type=known.positive,
                        help="layers of the model (default: what is recorded beside the ranks, else 12)")
    parser.add_argument("--mask_seed", metavar="SEED", type=known.seed, default=0, help="seed of all random numbers")

    group = parser.add_argument_group("what is done to the neurons")
    group.add_argument("--mask_method", type=method, choices=METHODS, nargs="+", metavar="METHOD",
                       help="one or more of: " + "; ".join(
                           f"{', '.join((name, *method.aliases))}: {method.does}" for name, method in METHODS.items())
                       + " (default: scale with --scale, else zero)")
    group.add_argument("--scale", metavar="C", type=known.finite, nargs="+",
                       help="factors, one mask for each; above 1 amplifies")
    group.add_argument("--resamples", metavar="N", type=known.positive, default=1,
                       help="random positions of method resample, one mask for each; step 6 averages over them")
    known.add_path(group, "--statistics", "--statistics_file", metavar="FILE",
                   help="statistics of the neurons, for mean, resample and activation_matched; get_active_neuron.py "
                   f"--statistics makes them (default: {known.STATISTICS} where they are needed)")

    group = parser.add_argument_group("random masks")
    group.add_argument("--random_baseline", choices=["uniform", "layer_matched", "activation_matched"],
                       default="uniform", help="uniform: drawn from all neurons; layer_matched: from all but the "
                       "attribute's own, as many in each layer; activation_matched: likewise, and as many in each "
                       "twentieth of a layer by mean absolute activation")
    group.add_argument("--random_draws", metavar="R", type=known.positive, default=1,
                       help="random masks for each K; 1: each attribute has its own, as in the study; more: uniform "
                       "ones form a pool that all attributes share (99 give an exact p), matched ones are drawn for "
                       "each attribute")
    known.add_overwrite_flag(parser, "masks")
    return parser.parse()


def main():
    flags = parse_flags()
    ranks_path = flags.ranks = known.ranks_of(flags)
    flags.mask_method = flags.mask_method or ["scale" if flags.scale else "zero"]
    if ("scale" in flags.mask_method) != bool(flags.scale):
        raise UserError("--scale C and --mask_method scale need each other; give both or neither")
    same = [name for name in dict.fromkeys(flags.mask_method) if not METHODS[name].in_names]
    if len(same) > 1:
        raise UserError(f"--mask_method {' '.join(same)}: their masks have the same names, as in the study; run this "
                        "once for each, with another --masks")

    import torch

    from framework.analysis import masks
    from framework.analysis.searchlight import thresholds_for
    from framework.files import masks as mask_files
    from framework.files import opening
    from framework.files import ranks as rank_files
    from framework.files.names import parse_task, task_files
    from framework.files.record import Output, Record

    with opening.unchanged(ranks_path) as rank_sha256:
        ranks, ranked = rank_files.read(ranks_path)
    by_effect = ranked.get("kind") == "effect" or ranks_path.stem == "neuron_rank_by_effect"
    ranked_by = "effect" if by_effect else f"RSA_{known.RANKED[flags.mode]}"
    masks_path = flags.masks = flags.masks or known.in_study(flags, f"masks/{ranked_by}_top_500_6000.pkl")
    check_mode(flags, ranks_path, ranks, ranked)
    num_layers = known.layers_of(flags, ranked.get("num_layers"), ranks_path)
    if any(METHODS[name].add for name in flags.mask_method) or flags.random_baseline == "activation_matched":
        flags.statistics = flags.statistics or known.in_study(flags, known.STATISTICS)
    statistics = None
    if flags.statistics:
        with opening.unchanged(flags.statistics) as statistics_sha256:
            statistics = read_statistics(flags, ranks_path, len(next(iter(ranks.values()))), ranked)

    thresholds = sorted(set(flags.thresholds or thresholds_for(len(next(iter(ranks.values()))))))
    made: dict = {}
    for name in flags.mask_method:
        made |= masks.make_masks(ranks, thresholds, num_layers, name, flags.random_baseline, flags.random_draws,
                                 flags.mask_seed, flags.scale or (), flags.resamples, statistics)
        if sum(mask.nbytes + masks.HEADER_BYTES for mask in made.values()) > masks.MOST_BYTES:
            raise UserError(f"--mask_method {' '.join(flags.mask_method)}: together these are more than a file of "
                            "masks may hold; make one file for each method, with --masks")
    matching = masks.matching(made, None if statistics is None else statistics["mean_abs"].to_numpy())

    num_units = next(iter(made.values())).shape[-1]
    settings = {"rank_sha256": rank_sha256, "backbone": ranked.get("backbone"), "mode": flags.mode,
                "mask_method": " ".join(flags.mask_method), "thresholds": thresholds, "num_layers": num_layers,
                "num_units": num_units, "mask_seed": flags.mask_seed, "random_baseline": flags.random_baseline,
                "random_draws": flags.random_draws, "names": list(made)}
    if statistics is not None:
        of_statistics = Record.read(flags.statistics)
        settings |= {"backbone": settings["backbone"] or of_statistics.get("backbone"),
                     "statistics_sha256": statistics_sha256,
                     "statistics_data": of_statistics.get("data")}  # fingerprint of the training comments
    # Step 6 warns if the prompts or comments that chose the neurons also test them.
    record = Record("gen_mask.py", settings, {"pretrained_model": ranked.get("pretrained_model"),
                                              "prompts": ranked.get("prompts", {}),
                                              "chosen_on": ranked.get("chosen_on")})

    matching_path = masks_path.with_name(f"{masks_path.stem}_matching.csv")
    with Output(masks_path, record, flags.overwrite, names=[matching_path]) as output:
        script.write_config(flags, masks_path)
        output.write_table(matching_path, matching)
        mask_files.write(output, {name: torch.from_numpy(mask) for name, mask in made.items()})
    print(f"{masks_path}: {script.counted(len(made), 'mask')} of {num_layers} x {num_units} neurons for "
          f"{', '.join(ranks)}")
    share, tied, k, attribute = max((tied / k, tied, k, name) for name, rank in ranks.items() for k in thresholds
                                    for tied in [masks.tied_at_boundary(rank, k)])
    if share > 0.05:  # few concepts give few different ranks
        print(f"{tied} of the {k} neurons of {attribute} have the same rank as neurons left out; those of the first "
              "layers were taken. More concepts give fewer ties" + (
                  "; --random_baseline layer_matched compares with neurons of the same layers"
                  if flags.random_baseline == "uniform" else ""))
    print(f"{matching_path}: how closely the random masks match each attribute's, by layer"
          + (" and activity" if statistics is not None else ""))
    # Prompts that chose no neuron test the masks, if there are any.
    chose = {task.seed for name in record.get("prompts") if (task := parse_task(name))}
    study = known.study_of("masks", masks_path)
    prompts = known.in_study(flags, known.CHECKPOINTS) if study is None else study / known.CHECKPOINTS
    there = {task.seed for task in task_files(prompts, ".pt")}
    script.next_step("eval_mask_neuron.py", masks=masks_path, seed=sorted(there - chose) if chose & there else None)


def check_mode(flags, ranks_path, ranks, ranked):
    """Refuse ranks of the 14 attributes where the 3 spaces are meant, and the reverse."""
    from framework.analysis import rsa

    if ranked.get("mode", flags.mode) != flags.mode:
        raise UserError(f"{ranks_path}: was made with --mode {ranked.get('mode')}; give the same --mode here")
    missing = [space for space in rsa.SPACES if space not in ranks]
    if flags.mode == "3Spaces" and missing:
        raise UserError(f"{ranks_path}: has no column {missing[0]!r}, --mode 3Spaces needs the three spaces; "
                        "rsa_searchlight.py --mode 3Spaces ranks them")
    if flags.mode == "14Properties" and set(ranks) <= set(rsa.SPACES):
        raise UserError(f"{ranks_path}: holds the ranks of the three spaces; give --mode 3Spaces")


def read_statistics(flags, ranks_path, size, ranked):
    """The neurons' statistics."""
    from framework.files import activations
    from framework.files.record import Record

    statistics = activations.read_statistics(flags.statistics)
    models = {Record.read(flags.statistics).get("backbone"), ranked.get("backbone")} - {None}  # None: unknown
    if len(statistics) != size or len(models) > 1:
        raise UserError(f"--statistics {flags.statistics}: are of another model than {ranks_path}; make them again "
                        "with get_active_neuron.py --statistics and the model of the ranks")
    return statistics


if __name__ == "__main__":
    script.run(main)
