"""A study's results as one HTML page, neuron by neuron. It needs no network."""

from __future__ import annotations

import os
from pathlib import Path

from framework.running import flags as known
from framework.running import script

INPUTS = ("ranks", "activation_dir", "effects", "masks", "attributes", "concept_order", "similarity", "results",
          "attribute_results", "random_results", "accuracy", "checkpoint_dir", *known.KINDS)


def parse_flags():
    parser = known.Parser("Show a study's results as one HTML page, which needs no network.", title="the page")
    known.add_path(parser, "--ranks", "--rank", "--CSV_Path", default=known.RANKS, metavar="FILE",
                   help="ranks of the neurons (step 4); the other tables of step 4 are read from the same folder. "
                   "If the ranks lie elsewhere than in the study's folder, name the other files, too")
    known.add_path(parser, "--activation_dir", default=known.ACTIVATIONS.format(activation_mode="before_relu"),
                   help="activations (step 3) that the ranks were made from")
    known.add_path(parser, "--effects", help="effects of neurons, from get_neuron_effect.py (default: "
                   f"{known.EFFECTS}, if it is there)")
    known.add_path(parser, "--masks", "--maskPath", "--PKL_File", metavar="FILE",
                   help="masks (step 5), to show how they were made")
    parser.add_argument("--top", type=known.positive, default=20, metavar="N", help="neurons shown for each attribute")
    parser.add_argument("--comments", type=known.count, default=5, metavar="N",
                        help="comments shown for each neuron; with 0 neither model nor data set is needed")
    known.add_comparison_flags(parser)
    known.add_path(parser, "--output", default="report.html", metavar="FILE.html", help="where the page goes")
    known.add_source_flags(parser)
    known.add_model_flags(parser)
    data = parser.add_argument_group("data")
    data.add_argument("--dataset", metavar="NAME", help="data set whose comments are shown: a folder, `goemotions` "
                      "(from the hub), or `demo` (default: as in training)")
    data.add_argument("--split", choices=("dev", "test"), default="dev", help="split whose comments are shown")
    data.add_argument("--max_length", type=known.text_length, default=256, metavar="TOKENS",
                      help="longer comments are cut to this many tokens")
    known.add_machine_flags(parser)
    return parser.parse()


def main():
    flags = parse_flags()
    # The page also shows these if they are in the study's folder and no flag names others, or ranks elsewhere.
    if flags.study or os.path.realpath(flags.ranks.parent) == os.path.realpath(Path(known.RANKS).parent):
        places = "results", "masks", "effects", *known.KINDS
        known.take_what_is_there(flags, {name: known.PLACES[name] for name in places})
    from framework.figures import page as pages
    from framework.files.record import Output, Record, unchanged_inputs
    from framework.running import rdms, report

    Output(flags.output, Record("make_report.py", {}), redraw=True).check()
    rdms.take_from_step_4(flags)
    page = report.empty()
    there = {name: path for name in INPUTS if (path := getattr(flags, name)) and path.exists()}
    with unchanged_inputs(there) as inputs:
        prompts = report.read_prompts(flags)
        report.say_what_is_invented(page, flags, prompts)
        activity = report.add_neurons(page, flags)
        report.add_accuracies(page, flags, prompts)
        report.add_layers(page, flags)
        report.add_masks(page, flags)
        report.add_kinds(page, flags)
        report.add_effects(page, flags, activity)
        report.add_stability(page, flags)
        report.add_settings(page, flags, prompts)
        found_with = report.add_comments(page, flags, prompts)

    record = Record("make_report.py", {"flags": known.as_given(flags), "inputs": inputs, **found_with})
    with Output(flags.output, record, redraw=True) as output:
        script.write_config(flags, flags.output)
        output.write_text(flags.output, pages.render(page))
    for section, reason in page["left_out"].items():
        print(f"left out {section}: {reason}")
    print(f"wrote {flags.output}\nnext: open it in a browser")


if __name__ == "__main__":
    script.run(main)
