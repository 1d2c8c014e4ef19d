"""Step 5: masks that knock out the neurons most similar to each attribute, and random ones to compare with."""

from pathlib import Path

from framework import artifacts, cli, sweep
from framework.analysis import masks, rsa
from framework.errors import UserError

# isort: split
import torch

NAMES = {"14Properties": "14property", "3Spaces": "3space"}
METHODS = {"1": "BINARY_MASK", "2": "FLOAT_MASK"}
THRESHOLDS = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000]


def main():
    parser = cli.make_parser(__doc__)
    parser.add_argument("--CSV_Path", metavar="FILE", help="ranks of the neurons, one column an attribute, 1 = best "
                        "(default: ./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv, or _3space.csv)")
    parser.add_argument("--mode", choices=NAMES, default="14Properties",
                        help="which of step 4's rank files: of the 14 attributes or of the 3 spaces")
    parser.add_argument("--mask_method", choices=[*METHODS, *METHODS.values()], default="1",
                        help="multiply masked neurons by 0 (1 or BINARY_MASK) or by random numbers in [0, 1) "
                        "(2 or FLOAT_MASK)")
    parser.add_argument("--PKL_File", metavar="FILE", help="where the masks go "
                        "(default: ./masks/RSA_14property_top_500_6000.pkl, or RSA_3space_...)")
    parser.add_argument("--thresholds", metavar="K", type=cli.positive, nargs="+", default=THRESHOLDS,
                        help="how many neurons to mask; one set of masks for each K")
    parser.add_argument("--num_layers", metavar="L", type=cli.positive,
                        help="layers of the model (default: what step 4 recorded beside the ranks, else 12)")
    parser.add_argument("--mask_seed", metavar="SEED", type=cli.count, default=0, help="seed of whatever is random")
    parser.add_argument("--random_baseline", choices=["uniform", "layer_matched"], default="uniform",
                        help="random masks draw from all neurons, or as many from each layer as the attribute's mask "
                        "has there, without those it masks")
    parser.add_argument("--random_draws", metavar="R", type=cli.positive, default=1,
                        help="random masks for each attribute and K")
    parser.add_argument("--overwrite", action="store_true", help="replace masks that other settings made")
    args = parser.parse_args()
    rank_path = Path(args.CSV_Path or f"./neuron_rank/neuron_rank_by_searchlight_RSA_{NAMES[args.mode]}.csv")
    mask_path = Path(args.PKL_File or f"./masks/RSA_{NAMES[args.mode]}_top_500_6000.pkl")
    matching_path = mask_path.with_name(f"{mask_path.stem}_matching.csv")
    if mask_path.suffix != ".pkl":
        raise UserError(f"--PKL_File {mask_path}: must end in .pkl")

    ranks, made_with = artifacts.read_ranks(rank_path)
    if made_with.get("mode", args.mode) != args.mode:
        raise UserError(f"{rank_path}: was made with --mode {made_with['mode']}; give the same --mode here")
    spaces = [space for space in rsa.SPACES if space in ranks]
    if args.mode == "3Spaces" and len(spaces) < len(rsa.SPACES):
        raise UserError(f"{rank_path}: has no column {next(space for space in rsa.SPACES if space not in spaces)!r}, "
                        "--mode 3Spaces needs the three spaces; rsa_searchlight.py --mode 3Spaces ranks them")
    if args.mode == "14Properties" and len(spaces) == len(ranks):
        raise UserError(f"{rank_path}: holds the ranks of the three spaces; give --mode 3Spaces")
    num_layers = args.num_layers or made_with.get("num_layers", 12)
    if num_layers != made_with.get("num_layers", num_layers):
        raise UserError(f"--num_layers {num_layers}: {rank_path} has ranks of {made_with['num_layers']} layers")

    method = METHODS.get(args.mask_method, args.mask_method)
    thresholds = sorted(set(args.thresholds))
    made = masks.make_masks(ranks, thresholds, num_layers, "zero" if method == "BINARY_MASK" else "float",
                            args.random_baseline, args.random_draws, args.mask_seed)
    num_units = next(iter(made.values())).shape[1]

    settings = {"made_by": "gen_mask.py", "rank_sha256": artifacts.sha256(rank_path),
                "pretrained_model": made_with.get("pretrained_model"), "backbone": made_with.get("backbone"),
                "mode": args.mode, "mask_method": method, "thresholds": thresholds, "num_layers": num_layers,
                "num_units": num_units, "mask_seed": args.mask_seed, "random_baseline": args.random_baseline,
                "random_draws": args.random_draws, "names": list(made)}
    with sweep.alone(mask_path):
        artifacts.prepare_output(mask_path, settings, args.overwrite)
        cli.write_config(args, mask_path)
        artifacts.write_masks(mask_path, {name: torch.from_numpy(mask) for name, mask in made.items()})
        artifacts.write_table(matching_path, masks.matching(made))
        artifacts.seal(mask_path, mask_path, matching_path)
    print(f"{mask_path}: {len(made)} masks of {num_layers} x {num_units} neurons for {', '.join(ranks)}")
    print(f"{matching_path}: how far random masks match each attribute's own, layer by layer")
    study_folder = artifacts.study_folder(mask_path.parent, "masks")
    results = "" if study_folder == Path() else f" --resultPath={study_folder}/eval_mask_neuron_result/{mask_path.stem}"
    print(f"next: python eval_mask_neuron.py --maskPath={mask_path}{results}, with --pretrained_model, "
          "--checkpoint_dir, --dataset, --sentiment and --random_seed as given to train.py")


if __name__ == "__main__":
    cli.run(main)
