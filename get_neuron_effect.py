"""What each neuron does: the first-order effect of setting it to zero on a task's margin.

The margin is the logit of the right answer minus that of the wrong one, averaged over a task's rows. One backward pass
a row gives the effect of zeroing each neuron (attribution patching) and of adding 1 to it; together they give that of
any other intervention. Step 3 says when a neuron is active; this says what it does. Finished tasks are skipped.
"""

from framework.running import flags as known
from framework.running import script, work


def parse_flags():
    parser = known.Parser("Estimate, to first order, how each task's margin changes when a neuron is set to zero. "
                          "After an interruption, run the same command again; it starts the unfinished task anew.",
                          title="effects")
    known.add_path(parser, "--effects", "--output_dir",
                   help=f"where the effects go, {{concept}}-{{seed}}.csv (default: {known.EFFECTS})")
    known.add_path(parser, "--ranks", help="folder or file for the ranks by effect, which gen_mask.py reads (default: "
                   "--output_dir if that is given, else neuron_rank)", metavar="PATH")
    known.add_task_flags(parser)
    known.add_model_flags(parser)
    known.add_rows_flags(known.add_data_flags(parser))
    known.add_machine_flags(parser, eval_batch_size=True, ray=True)
    known.add_sweep_flags(parser, save_seconds=None)  # a task takes seconds to minutes: interrupted, it restarts
    flags = parser.parse()
    flags.ranks = flags.ranks or flags.effects or known.in_study(flags, "neuron_rank")
    flags.ranks = flags.ranks if flags.ranks.suffix == ".csv" else flags.ranks / "neuron_rank_by_effect.csv"
    flags.effects = flags.effects or known.in_study(flags, known.EFFECTS)
    return flags


# ---------------------------------------------------------------------------------------------- the work: a task's rows


def measure(study, task):
    """Measure each neuron's effects on a task's margin. Yields the rows done, then [2, L * D]: zeroed, 1 added."""
    import numpy as np

    from framework.training import effects

    total, done = np.zeros((2, np.prod(study.model.shape))), 0
    for part, effect in study.in_passes(task, effects.effect, training=True):
        total += np.stack(effect)
        done += len(part)
        yield done
    yield (total / done).astype(np.float32)


# ------------------------------------------------------------------------------------------------------------ the step


def main():
    flags = parse_flags()
    from framework.files import activations, ranks
    from framework.running import status, trained

    if flags.status:
        tasks = trained.tasks_there(flags)
        return status.show(*activations.progress(flags.effects, tasks), {})

    from framework.files.record import Output, Record
    from framework.running import measuring

    # Inputs; their errors are raised before anything is written.
    asked = measuring.Inputs(flags)
    prompts, (num_layers, units) = asked.prompts, asked.model.shape

    # What determines the effects.
    record = Record(
        "get_neuron_effect.py",
        {"kind": "effect", **asked.settings, "num_layers": num_layers, "units": units, "precision": asked.precision},
        notes=asked.notes)
    digests = {task: prompt.sha256 for task, prompt in prompts.items()}
    ranks_output(flags.ranks, record).check()

    # The work, task by task; this process writes the results.
    ends = activations.EFFECT_ENDS
    files = [task.name + end for task in prompts for end in ends]
    with Output(flags.effects, record, flags.overwrite, names=files) as output:
        left = activations.left(output, digests, ends, trained.trainings(prompts))
        study = asked.study(left)
        script.write_config(flags, flags.effects)
        print(f"{script.counted(len(prompts), 'task')} on {flags.split} rows, "
              f"{len(prompts) - len(left)} finished before; {asked.words}")
        with work.Bar(sum(len(rows.row) for rows in study.rows.values()), "row") as bar:
            for task, message in work.run(measure, study, left, on=asked.machines):
                if isinstance(message, int):  # rows
                    bar.tell(task, message, task.name)
                else:
                    activations.write_effect(output, task, message, digests[task])

    # Summary and next step.
    write_ranks(flags.effects, flags.ranks, num_layers, units)
    print(f"wrote {flags.effects}/{{concept}}-{{seed}}.csv: effects of setting each neuron to 0, "
          f"{script.counted(len(prompts), 'task')} x {num_layers * units} neurons; {{concept}}-{{seed}}-added.csv: "
          f"effects of adding 1 to each; {flags.ranks}: ranks, 1 is the neuron whose masking costs a concept most; "
          f"and {ranks.table_path(flags.ranks, 'most_needed')}: the first 20 of each concept")
    script.next_step("gen_mask.py", study=known.study_of("effects", flags.effects), ranks=flags.ranks)


def write_ranks(folder, path, num_layers, units):
    """Rank the neurons by their mean effect over seeds, from all effect files of a folder."""
    import pandas as pd
    from scipy.stats import rankdata

    from framework.analysis.effects import most_needed
    from framework.files import activations, ranks
    from framework.files.record import Record, input_digest

    there = activations.tasks(folder)
    by_seed = {concept: activations.read(folder, [concept])[0][:, 0]
               for concept in dict.fromkeys(task.concept for task in there)}
    effects = pd.DataFrame({concept: values.mean(axis=0) for concept, values in by_seed.items()})
    made_with = Record.read(folder)
    record = Record(
        "get_neuron_effect.py",
        {"kind": "effect", "effects": input_digest(folder), "backbone": made_with.get("backbone"),
         "concepts": list(effects), "seeds": sorted({task.seed for task in there}), "split": made_with.get("split"),
         "num_layers": num_layers, "units": units},
        notes={"pretrained_model": made_with.get("pretrained_model"), "prompts": made_with.get("prompts", {}),
               "chosen_on": made_with.get("data")})
    with ranks_output(path, record) as output:
        ranks.write(output, effects.apply(rankdata),  # the most negative effect costs most
                    {"effect": effects, "most_needed": most_needed(by_seed, num_layers)})


def ranks_output(path, record):
    """The output of ranks by effect and the tables beside them, replaced without `--overwrite`."""
    from framework.files import ranks
    from framework.files.record import Output

    return Output(path, record, redraw=True, names=[ranks.table_path(path, name) for name in ("effect", "most_needed")])


if __name__ == "__main__":
    script.run(main, resumes=True)
