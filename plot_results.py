"""The figures: every one that the given files allow, each with the table of its numbers beside it."""

from __future__ import annotations

from framework.errors import UserError
from framework.measures import MEASURES
from framework.running import flags as known
from framework.running import script

# Files of a study's folder that a run without inputs draws.
PLACES = {name: known.PLACES[name] for name in ("ranks", "activation_dir", "results", "masks", "effects",
                                              *known.KINDS)}
PLACES["weights"] = "people/attributes.csv"
PEOPLE = ("attributes", "concept_order", "similarity", "weights")
OTHER_RESULTS = ("attribute_results", "random_results", "accuracy")
INPUTS = tuple(dict.fromkeys((*PLACES, *PEOPLE, *OTHER_RESULTS)))


def parse_flags():
    parser = known.Parser(
        "Draw the figures: every one that the given files allow, each with the table of its numbers. If no flag "
        "names a file of a model, those in the study's folder are drawn.", title="what is drawn")
    known.add_path(parser, "--ranks", "--rank", "--CSV_Path", metavar="FILE",
                   help="ranks of the neurons (step 4); the other tables of step 4 are read from the same folder")
    known.add_path(parser, "--activation_dir", help="activations (step 3)")
    known.add_path(parser, "--effects", help="effects of neurons, from get_neuron_effect.py")
    known.add_path(parser, "--masks", "--maskPath", "--PKL_File", metavar="FILE",
                   help="the masks of --results (step 5), to show whether the effects of single neurons add up")
    known.add_path(parser, "--weights", metavar="FILE", help="how well each attribute agrees with people's "
                   "judgements: attributes.csv of compare_people.py")
    parser.add_argument("--k", type=known.positive, metavar="K", help="number of masked neurons in the figures that "
                        "show only one (default: 4000, else the largest in the results; in the figure of ranks: 4000, "
                        "or a ninth of the neurons if that is fewer)")
    parser.add_argument("--measure", choices=[*MEASURES], default="accuracy",
                        help="measure of results; " + "; ".join(
                            f"{name}: {measure.words}" for name, measure in MEASURES.items()))
    known.add_comparison_flags(parser)
    parser.add_argument("--simulations", type=known.count, default=20, metavar="N",
                        help="attributes to simulate for the figure of false positives; 0 leaves it out")
    parser.add_argument("--formats", nargs="+", choices=("png", "pdf", "svg"), default=["png", "pdf"],
                        help="png has 300 dots per inch; pdf and svg are vector graphics")
    known.add_path(parser, "--output_dir", default="pic", help="where the figures go")
    known.add_source_flags(parser)
    return parser.parse()


def take_what_is_there(flags):
    """Set inputs that are not given to their places in the study's folder; returns whether that was done.

    A run that names files of a model without `--study` draws those alone. Files about people go with either.
    """
    if flags.study is None and any(getattr(flags, name) for name in INPUTS if name not in PEOPLE):
        return False
    known.take_what_is_there(flags, PLACES)
    if not any(getattr(flags, name) for name in INPUTS):
        raise UserError(f"nothing to draw: {flags.study or 'this folder'} holds no study; give --ranks, --results, "
                        "--attributes or another input, see --help")
    return True


def main():
    flags = parse_flags()
    of_study = take_what_is_there(flags)
    from framework.figures import style
    from framework.files import names
    from framework.files.record import Output, Record, unchanged_inputs
    from framework.running import drawing, drawing_masks, rdms

    named = {name: getattr(flags, name) for name in INPUTS if name != "weights"}
    if of_study:
        rdms.take_from_step_4(flags)
    # Everything is drawn before anything is written: a wrong input leaves the last figures as they were.
    with unchanged_inputs({name: path for name in INPUTS if (path := getattr(flags, name))}) as inputs:
        drawn = [*drawing.of_ranks(flags), *drawing_masks.of_results(flags), *drawing_masks.of_doses(flags),
                 *drawing_masks.of_kinds(flags), *drawing_masks.of_own_masks(flags), *drawing_masks.of_effects(flags),
                 *drawing.of_rdms(flags), *drawing.of_simulations(flags)]

    record = Record("plot_results.py", {"flags": known.as_given(flags), "inputs": inputs})
    ends = {name: ["csv", *(flags.formats if figure else ())] for name, figure, _ in drawn}
    files = [f"{name}.{end}" for name, of in ends.items() for end in of]
    with Output(flags.output_dir, record, redraw=True, names=files) as output:
        script.write_config(flags, flags.output_dir)
        for name, figure, table in drawn:
            output.write_table(f"{name}.csv", table)
            for form in ends[name][1:]:
                output.write_bytes(f"{name}.{form}", style.picture(figure, form))
            print(f"wrote {flags.output_dir / name}.csv{''.join(f' .{form}' for form in ends[name][1:])}")
    if older := sorted(output.record.before):
        print(f"older files in {flags.output_dir}, drawn from other inputs or with other flags: {names.listed(older)}")
    script.next_step("make_report.py", study=flags.study, **named)


if __name__ == "__main__":
    script.run(main)
