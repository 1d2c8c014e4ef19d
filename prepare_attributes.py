"""From people's ratings of emotions to the table of attributes that step 4 reads."""

from pathlib import Path

from framework import artifacts, cli, sweep
from framework.analysis import ratings as people
from framework.errors import UserError
from framework.figures import ratings as rating_figures
from framework.figures import results as figures
from framework.tasks import EMOTIONS


def main():
    parser = cli.make_parser(__doc__)
    parser.add_argument("--ratings", metavar="FILE", type=Path, required=True,
                        help="CSV with the columns participant, emotion, attribute, rating: one row a rating, "
                        "missing answers empty")
    parser.add_argument("--output", metavar="FILE", type=Path, default=Path("./ratings/attribute_ratings.csv"),
                        help="the table, each attribute from 0 (lowest emotion) to 1 (highest); what belongs to it "
                        "goes beside it")
    parser.add_argument("--scale", metavar=("MIN", "MAX"), type=float, nargs=2, default=[1, 9],
                        help="ends of the rating scale; a rating off it is an error")
    parser.add_argument("--check", metavar="NAME=ANSWER", nargs="+",
                        help="attention checks: emotions or attributes that are none, and the number to be answered")
    parser.add_argument("--max_failed", metavar="N", type=cli.count, default=0,
                        help="leave out participants who fail more than N checks")
    parser.add_argument("--pca", metavar="ATTRIBUTE", nargs="*",
                        help="replace these attributes (all, if none is named) by their principal components: parallel "
                        "analysis, varimax")
    parser.add_argument("--pca_draws", metavar="N", type=cli.positive, default=500,
                        help="permutations of the parallel analysis")
    parser.add_argument("--pca_seed", metavar="SEED", type=cli.count, default=0, help="seed of these permutations")
    parser.add_argument("--icc", choices=["auto", "1", "2", "3"], default="auto", help="model of the intraclass "
                        "correlation: 1 each participant rates another emotion, 2 absolute agreement, 3 consistency of "
                        "participants who rate several; auto is 1 or 2")
    parser.add_argument("--q", metavar="Q", type=float, default=0.05,
                        help="an attribute is reliable below this false discovery rate")
    parser.add_argument("--drop_unreliable", action="store_true", help="leave the others out of the table")
    parser.add_argument("--overwrite", action="store_true", help="replace a table that other settings made")
    args = parser.parse_args()
    if args.output.suffix != ".csv":
        raise UserError(f"--output {args.output}: must end in .csv")

    checks = dict(map(parse_check, args.check or []))
    ratings = artifacts.read_ratings(args.ratings)
    try:
        ratings, failed = people.pass_checks(ratings, checks, args.max_failed)
        ratings = people.valid_ratings(ratings, *args.scale)
        components = None
        if args.pca is not None:
            ratings, components = people.replace_by_components(ratings, args.pca, args.pca_draws, args.pca_seed)
        means = people.mean_ratings(ratings)
        reliability = people.reliability_table(ratings, None if args.icc == "auto" else int(args.icc), args.q)
        kept = reliability["attribute"][reliability["reliable"] | (not args.drop_unreliable)]
        if kept.empty:
            raise UserError("no attribute is reliable; without --drop_unreliable they are kept all the same")
        table = people.scale_to_unit(means[kept])
    except UserError as error:
        raise UserError(f"{args.ratings}: {error}") from None

    settings = {"made_by": "prepare_attributes.py", "ratings_sha256": artifacts.sha256(args.ratings),
                "scale": args.scale, "check": args.check,
                "max_failed": args.max_failed, "pca": args.pca, "pca_draws": args.pca_draws, "pca_seed": args.pca_seed,
                "icc": args.icc, "q": args.q, "drop_unreliable": args.drop_unreliable}
    with sweep.alone(args.output):
        artifacts.prepare_output(args.output, settings, args.overwrite)
        cli.write_config(args, args.output)
        artifacts.write_table(beside(args.output, "means.csv"), means.reset_index())
        artifacts.write_table(beside(args.output, "reliability.csv"), reliability)
        drawn = {"means": rating_figures.rating_means(table),
                 "reliability": rating_figures.rating_reliability(reliability)}
        if components is not None:
            loadings = components.loadings.rename_axis("item").reset_index()
            artifacts.write_table(beside(args.output, "loadings.csv"), loadings)
            drawn["components"] = rating_figures.rating_components(components)
        for name, figure in drawn.items():
            for form in ("png", "pdf"):
                with artifacts.atomic_write(beside(args.output, f"{name}.{form}")) as file:
                    figures.save(figure, file, form)
        artifacts.write_table(args.output, table.rename_axis("emotion").reset_index())

    if len(failed):
        print(f"left out for failing attention checks: {', '.join(failed.index)}")
    unreliable = reliability["attribute"][~reliability["reliable"]]
    if len(unreliable):
        left_out = " and left out" if args.drop_unreliable else ""
        print(f"not reliable (q >= {args.q:g}){left_out}: {', '.join(unreliable)}")
    print(f"{args.output}: {len(table)} emotions x {table.shape[1]} attributes; beside it means, reliability, figures")
    others = [emotion for emotion in table.index if emotion not in EMOTIONS]
    if others:
        print(f"step 4 takes GoEmotions' 27 emotions only, and not {', '.join(others)}: leave their ratings out for it")
    else:
        # Ranks of one's own: those by the study's attributes stay what they are.
        print(f"next: python rsa_searchlight.py --attributes {args.output} "
              f"--CSV_Path ./neuron_rank/{args.ratings.stem}.csv")


def parse_check(text):
    """``NAME=ANSWER`` -> name, number."""
    name, _, answer = text.rpartition("=")
    try:
        return name, float(answer)
    except ValueError:
        raise UserError(f"--check {text}: give a name, = and a number") from None


def beside(output, name):
    """A file that belongs to `output`, named after it."""
    return output.with_name(f"{output.stem}_{name}")


if __name__ == "__main__":
    cli.run(main)
