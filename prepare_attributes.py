"""Before step 4: turn people's ratings of concepts into the table of attributes that rsa_searchlight.py reads."""

import argparse
from pathlib import Path

from framework.errors import UserError
from framework.running import flags as known
from framework.running import script


def parse_flags():
    parser = known.Parser(__doc__, title="this script")
    known.add_path(parser, "--ratings", metavar="FILE", required=True,
                   help="CSV with the columns participant, emotion (or concept), attribute and rating: one row "
                   "per rating, missing answers empty")
    known.add_path(parser, "--output", metavar="FILE.csv", default="ratings/attribute_ratings.csv",
                   help="the table, each attribute from 0 (lowest concept) to 1 (highest); means, reliability and "
                   "figures go beside it")
    parser.add_argument("--scale", metavar=("MIN", "MAX"), type=known.finite, nargs=2, default=[1, 9],
                        help="lowest and highest value of the rating scale; a rating outside is an error")
    parser.add_argument("--check", metavar="NAME=ANSWER", nargs="+", type=check, default=[],
                        help="attention checks: the check's name in the column of concepts or attributes, and the "
                        "right answer, a number (default: none)")
    parser.add_argument("--max_failed", metavar="N", type=known.count, default=0,
                        help="leave out participants who fail more than N checks")
    parser.add_argument("--icc", choices=["auto", "1", "2", "3"], default="auto", help="model of the intraclass "
                        "correlation: 1 where no participant rates two concepts, else 2 for absolute agreement or 3 "
                        "for consistency; auto takes 1 or 2")
    parser.add_argument("--q", metavar="Q", type=known.fraction, default=0.05,
                        help="an attribute is reliable if its q (false discovery rate) is below this")
    parser.add_argument("--drop_unreliable", action="store_true", help="leave unreliable attributes out of the table")
    group = parser.add_argument_group("components")
    group.add_argument("--pca", metavar="ATTRIBUTE", nargs="*",
                       help="replace these attributes (all, if none is named) by their principal components, their "
                       "number from parallel analysis, rotated by varimax")
    group.add_argument("--pca_draws", metavar="N", type=known.positive, default=500,
                       help="permutations of the parallel analysis")
    group.add_argument("--pca_seed", metavar="SEED", type=known.seed, default=0, help="seed of these permutations")
    known.add_overwrite_flag(parser, "a table")
    return parser.parse()


def check(text):
    """An argparse type: ``NAME=ANSWER``, the answer a number."""
    name, _, answer = text.rpartition("=")
    try:
        known.finite(answer if name else "")
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r}: give a name, = and a number") from None
    return text


def main():
    flags = parse_flags()
    from framework.analysis import ratings as people
    from framework.figures import ratings as figures
    from framework.figures.style import picture
    from framework.files.opening import unchanged
    from framework.files.people import read_ratings
    from framework.files.record import Output, Record

    if flags.scale[0] >= flags.scale[1]:
        raise UserError(f"--scale {flags.scale[0]:g} {flags.scale[1]:g}: give the lowest value first, then the highest")
    with unchanged(flags.ratings) as ratings_sha256:
        ratings = everything = read_ratings(flags.ratings)
    answers = {name: float(answer) for name, _, answer in (text.rpartition("=") for text in flags.check)}
    try:
        ratings, failed = people.pass_checks(ratings, answers, flags.max_failed)
        missing = ratings["rating"].isna().sum()
        ratings = people.valid_ratings(ratings, *flags.scale)
        people.check_nothing_is_lost(everything, ratings, answers)
        components = None
        if flags.pca is not None:
            ratings, components = people.replace_by_components(ratings, flags.pca, flags.pca_draws, flags.pca_seed)
        means = people.mean_ratings(ratings)
        reliability = people.reliability_table(ratings, None if flags.icc == "auto" else int(flags.icc), flags.q)
        unreliable = reliability["attribute"][~reliability["reliable"]]
        kept = means.drop(columns=unreliable if flags.drop_unreliable else [])
        if kept.empty:
            raise UserError("no attribute is reliable; leave --drop_unreliable out to keep them")
        table = people.scale_to_unit(kept)
    except UserError as error:
        raise UserError(f"{flags.ratings}: {error}") from None

    settings = {name: getattr(flags, name) for name in ("scale", "check", "max_failed", "pca", "pca_draws", "pca_seed",
                                                        "icc", "q", "drop_unreliable")}
    record = Record("prepare_attributes.py", {"ratings_sha256": ratings_sha256, **settings})
    stem, forms = flags.output.stem, ("png", "pdf")
    tables = {"means": means.reset_index(), "reliability": reliability}
    drawn = {"means": figures.rating_means(table), "reliability": figures.rating_reliability(reliability, flags.q)}
    if components is not None:
        tables["loadings"] = components.loadings.rename_axis("item").reset_index()
        drawn["components"] = figures.rating_components(components)
    names = [f"{stem}_{name}.csv" for name in tables] + [f"{stem}_{name}.{form}" for name in drawn for form in forms]
    with Output(flags.output, record, flags.overwrite, names=names) as output:
        script.write_config(flags, flags.output)
        for name, found in tables.items():
            output.write_table(f"{stem}_{name}.csv", found)
        for name, figure in drawn.items():
            for form in forms:
                output.write_bytes(f"{stem}_{name}.{form}", picture(figure, form))
        output.write_table(flags.output, table.reset_index())

    if missing:
        print(f"missing answers: {missing:,}")
    if components is not None and components.filled:
        print(f"for the components, means of their attributes stand in for {components.filled:,} missing ratings")
    if len(failed):
        print(f"participants left out for failed attention checks: {', '.join(failed.index)}")
    if len(unreliable):
        left_out = " and left out" if flags.drop_unreliable else ""
        print(f"attributes not reliable (q >= {flags.q:g}){left_out}: {', '.join(unreliable)}")
    print(f"{flags.output}: {len(table)} concepts x {table.shape[1]} attributes; beside it means, reliability, figures")
    # Without a study's folder: a name of their own, so these ranks do not replace those by the study's attributes.
    ranks = None if flags.study else Path("neuron_rank") / f"{flags.ratings.stem}.csv"
    script.next_step("rsa_searchlight.py", study=flags.study, attributes=flags.output, ranks=ranks)


if __name__ == "__main__":
    script.run(main)
