"""A study's results as one HTML page to look at: what was found, neuron by neuron. It needs no network."""

from __future__ import annotations

from pathlib import Path

from framework.errors import UserError
from framework.running import flags as known
from framework.running import script

# What the page also shows where the study's folder has it and no flag names another.
PLACES = {"results": known.RESULTS.format(masks=Path(known.MASKS)), "masks": known.MASKS, "effects": known.EFFECTS}
INPUTS = ("ranks", "activation_dir", "effects", "masks", "attributes", "concept_order", "similarity", "results",
          "attribute_results", "random_results", "accuracy", "checkpoint_dir")


def parse_flags():
    parser = known.make_parser("Show a study's results as one HTML page, which needs no network.", title="the page")
    known.add_path(parser, "--ranks", "--rank", "--CSV_Path", default=known.RANKS, metavar="FILE",
                   help="ranks of the neurons (step 4); its other tables are looked for beside them")
    known.add_path(parser, "--activation_dir", default=known.ACTIVATIONS.format(activation_mode="before_relu"),
                   help="activations (step 3) that the ranks were made from")
    known.add_path(parser, "--effects", help="effects of neurons, from get_neuron_effect.py (default: "
                   f"{known.EFFECTS}, if it is there)")
    known.add_path(parser, "--masks", "--maskPath", "--PKL_File", metavar="FILE",
                   help="masks (step 5), to show what made them")
    parser.add_argument("--top", type=known.positive, default=20, metavar="N", help="neurons shown for each attribute")
    parser.add_argument("--comments", type=known.count, default=5, metavar="N",
                        help="comments shown for each neuron; with 0 neither model nor data set is needed")
    parser.add_argument("--test", choices=("unit", "study"), default="unit",
                        help="of masks: with the mask as the unit; or the study's t-test, which counts pairs that "
                             "share a mask as independent")
    parser.add_argument("--intervention", metavar="NAME",
                        help="which of the interventions in --results: zero (also of float masks), mean, resample, "
                             "scale0.5 ... (default: zero, else the first)")
    parser.add_argument("--permutations", type=known.positive, default=200, metavar="M",
                        help="permutations of the concepts' labels, for effect against resemblance")
    known.add_path(parser, "--output", default="report.html", metavar="FILE", help="where the page goes")
    people = parser.add_argument_group("people: what the order of concepts follows, as in the figures")
    known.add_path(people, "--attributes", metavar="FILE", help="ratings or distances (default: step 4's, if the file "
                   "is still there)")
    known.add_path(people, "--concept_order", "--emotion_order", metavar="FILE",
                   help="the concepts that distances are over, one a line")
    known.add_path(people, "--similarity", metavar="FILE", help="the mean judgement of any two concepts of "
                   "--concept_order, as for compare_people.py")
    known.add_result_flags(parser)
    known.add_model_flags(parser)
    data = parser.add_argument_group("data")
    data.add_argument("--dataset", metavar="NAME", help="whose comments to read: a folder, `goemotions` (from the "
                      "hub), or `demo` (default: as in training)")
    data.add_argument("--split", choices=("dev", "test"), default="dev", help="which of its comments")
    data.add_argument("--max_length", type=known.text_length, default=256, metavar="TOKENS",
                      help="longer comments are cut to so many tokens")
    known.add_machine_flags(parser)
    return parser.parse()


def take_what_is_there(flags):
    """What no flag names is taken from the study's folder, if it is there."""
    for name, place in PLACES.items():
        path = (flags.study or Path()) / place
        elsewhere = name != "effects" and (flags.attribute_results or flags.random_results)
        if getattr(flags, name) is None and path.exists() and not elsewhere:
            setattr(flags, name, path)


def main():
    flags = parse_flags()
    if flags.output.suffix != ".html":
        raise UserError(f"--output {flags.output}: must end in .html")
    take_what_is_there(flags)
    from framework.figures import page as pages
    from framework.files.record import Output, Record, input_digest
    from framework.running import rdms, report

    rdms.take_from_step_4(flags)
    page = report.empty()
    prompts = report.read_prompts(flags)
    report.say_what_is_invented(page, flags, prompts)
    activity = report.add_neurons(page, flags)
    report.add_accuracies(page, flags, prompts)
    report.add_layers(page, flags)
    report.add_masks(page, flags)
    report.add_effects(page, flags, activity)
    report.add_stability(page, flags)
    report.add_settings(page, flags, prompts)
    found_with = report.add_comments(page, flags, prompts)

    inputs = {name: input_digest(path) for name in INPUTS if (path := getattr(flags, name)) and path.exists()}
    record = Record("make_report.py", {"flags": known.as_given(flags), "inputs": inputs, **found_with})
    with Output(flags.output, record, redraw=True) as output:
        script.write_config(flags, flags.output)
        output.write_text(flags.output, pages.render(page))
    for section, reason in page["left_out"].items():
        print(f"left out {section}: {reason}")
    print(f"wrote {flags.output}\nnext: open it in a browser")


if __name__ == "__main__":
    script.run(main)
