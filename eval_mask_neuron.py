"""Step 6: evaluate each prompt with neurons masked.

A mask changes each layer's neurons at every position: it multiplies them and, if it has a second part, adds to them.
For each mask, and without one, the step records the measures of `framework/measures.py` over a task's rows.
Finished tasks are skipped.
"""

from functools import partial

from framework.running import flags as known
from framework.running import script, work


def parse_flags():
    parser = known.Parser("Step 6: evaluate each prompt with neurons masked.", title="evaluation")
    known.add_path(parser, "--masks", "--maskPath", "--PKL_File", default=known.MASKS, metavar="FILE",
                   help="masks, as gen_mask.py (step 5) writes them")
    known.add_path(parser, "--results", "--resultPath", default=known.RESULTS, help="where the results go, one JSON "
                   "file per task")
    parser.add_argument("--masks_per_batch", type=known.positive, default=16, metavar="N",
                        help="masks applied to the same rows in one pass, for speed")
    known.add_task_flags(parser)
    known.add_model_flags(parser)
    known.add_rows_flags(known.add_data_flags(parser))
    known.add_machine_flags(parser, eval_batch_size=True, ray=True)
    known.add_sweep_flags(parser, save_seconds=10)
    return parser.parse()


# ------------------------------------------------------------------------------- the work: some masks on a task's rows


def measure(study, item):
    """Measure a task under some masks, or without one. Yields the rows done, then the values by measure and mask."""
    import torch

    from framework.measures import of_answers
    from framework.model.neurons import Intervention
    from framework.training import evaluate

    task, names = item
    # "Without a mask" is under one that changes nothing, so both sides of every difference use the same arithmetic.
    masks = [study.masks[name] for name in names] or [torch.ones(study.model.shape)]
    change = Intervention.stack(masks).to(torch.device(study.device), study.model.dtype)
    label = torch.from_numpy(study.rows[task].label)
    answers, done = torch.empty(len(masks), len(label), 2, dtype=torch.double), 0
    for part, found in study.in_passes(task, partial(evaluate.answer, intervention=change), times=len(masks)):
        answers[:, part] = found
        done += len(part)
        yield done
    # If a mask makes numbers too large for the precision, the model has no answer, right or wrong.
    unanswered = ~answers.isfinite().flatten(1).all(1)
    yield {measure: dict(zip(names or ["best"], values.masked_fill(unanswered, torch.nan).tolist()))
           for measure, values in of_answers(answers, label).items()}


# ------------------------------------------------------------------------------------------------------------ the step


def main():
    flags = parse_flags()
    from framework.files import results
    from framework.files.taskfolder import progress
    from framework.running import status, trained

    if flags.status:
        tasks = trained.tasks_there(flags)
        begun = {task: script.counted(count, "mask") for task in tasks
                 if (count := results.masks_measured(flags.results, task))}
        found = progress(flags.results, ".json", tasks, lambda path: results.read(path).record, ["prompt"])
        return status.show(*found, begun)

    from framework.analysis import inference
    from framework.files import masks as mask_files
    from framework.files import opening
    from framework.files.record import Record
    from framework.running import measuring

    # Inputs; their errors are raised before anything is written.
    with opening.unchanged(flags.masks) as masks_sha256:
        masks, made_with = mask_files.read(flags.masks), Record.read(flags.masks)
    asked = measuring.Inputs(flags)
    check_masks(flags, masks, made_with, asked)
    prompts, chosen_by = asked.prompts, made_with.get("prompts", {})
    # A prompt's digests: a rounded one's record names the original, too.
    digests = {task.name: {prompt.sha256, *prompt.record.get("prompts", {}).values()}
               for task, prompt in prompts.items()}
    if same := sum(not of_prompt.isdisjoint(chosen_by.values()) for of_prompt in digests.values()):
        print(f"{same} of {script.counted(len(prompts), 'prompt')} also chose the neurons of the masks; to test with "
              "other prompts than those that chose, name different seeds with --seed in steps 4 and 6")
    if again := sum(name in chosen_by and chosen_by[name] not in of_prompt for name, of_prompt in digests.items()):
        print(f"{again} of {script.counted(len(prompts), 'prompt')}: another prompt of the same name chose the neurons "
              "of the masks; if you have trained again, run steps 3 to 5 again, too")
    if made_with.get("chosen_on") == asked.settings["data"]:
        print(f"the comments of {flags.split} also chose the neurons of the masks; test on others, such as --split "
              "test")

    by_effect = made_with.get("chosen_on") is not None or known.study_of("effect_results", flags.results) is not None

    # What determines the results.
    record = Record(
        "eval_mask_neuron.py",
        {**asked.settings, "masks": masks_sha256, "precision": asked.precision},
        # Figures compare this with the ranks of step 4; masks by effect, which comments chose, are of other ranks.
        notes={**asked.notes, "ranks_of_masks": None if by_effect else made_with.get("rank_sha256"),
               "methods_of_masks": made_with.get("mask_method"),  # the names of masks do not tell zero from float
               "seeds_that_chose": sorted({int(name.rpartition("-")[2]) for name in chosen_by})})
    own = {task: {"prompt": prompt.sha256} for task, prompt in prompts.items()}

    # The work, some masks of a task at a time; this process writes the results.
    with results.Folder(flags.results, record, flags.overwrite, own) as folder:
        left = folder.left(prompts)
        study, time_to_save = asked.study(left, masks), work.Every(flags.save_seconds)
        script.write_config(flags, flags.results)
        print(f"{script.counted(len(prompts), 'task')} x {script.counted(len(masks), 'mask')} on {flags.split} rows, "
              f"{len(prompts) - len(left)} tasks finished before; {asked.words}")
        with work.Bar((1 + len(masks)) * sum(len(rows.row) for rows in study.rows.values()), "row") as bar:
            parts = parts_left(folder, study, flags.masks_per_batch, bar)
            for (task, names), message in work.run(measure, study, parts, on=asked.machines):
                if isinstance(message, int):  # rows
                    bar.tell((task, names), message * max(1, len(names)), task.name)
                else:
                    folder.add(task, message, of=masks)
                    if time_to_save():
                        folder.save()

    # Summary and next step.
    print(f"wrote {flags.results}/{{concept}}-{{seed}}.json: "
          f"{script.counted(len(prompts) - folder.elsewhere, 'task')} x {script.counted(len(masks), 'mask')}")
    if folder.elsewhere:
        print(f"left to another process, which works in the same folder: {script.counted(folder.elsewhere, 'task')}")
    else:
        measured = results.read_each(flags.results, prompts)
        accuracies = measured["accuracy"]
        if unanswered := list(accuracies.columns[accuracies.isna().any()]):
            print(f"no answers under {script.counted(len(unanswered), 'mask')}, such as {unanswered[0]}: numbers get "
                  f"too large for {asked.precision}; later steps take the answers (null) as missing")
        placebos = {name: inference.placebo(of) for name, of in measured.items()}
        for line in inference.placebo_in_words(placebos.pop("accuracy"), **placebos):
            print(line)
    script.next_step("plot_results.py", **{"effect_results" if by_effect else "results": flags.results})


def parts_left(folder, study, together, bar):
    """The work items: each task without a mask, then under some masks at a time; parts measured before are skipped."""
    names = list(study.masks)
    parts = [tuple(names[start:start + together]) for start in range(0, len(names), together)]
    for task, rows in study.rows.items():
        if folder.claim(task):
            measured = folder.take_up(task)
            yield task, ()  # always: a result is written only when a part arrives
            for part in parts:
                if measured >= set(part):
                    bar.tell((task, part), len(part) * len(rows.row), resumed=True)
                else:
                    yield task, part


def check_masks(flags, masks, made_with, asked):
    """Refuse masks of another model, or with statistics of comments other than this data set's training comments."""
    from framework.errors import UserError
    from framework.files import texts

    shape = tuple(next(iter(masks.values())).shape[-2:])
    if shape != asked.model.shape:
        raise UserError(f"{flags.masks}: masks are {list(shape)}, {flags.pretrained_model} has "
                        f"{list(asked.model.shape)} (layers, units); make them with gen_mask.py for this model")
    if made_with.get("backbone") not in (None, asked.settings["backbone"]):
        raise UserError(f"{flags.masks}: was made from ranks or statistics of another model than "
                        f"{flags.pretrained_model}; make those again with this model, then the masks with gen_mask.py")
    data = made_with.get("statistics_data")
    if data is None:  # made without statistics, or of unknown comments
        return
    try:
        train = texts.read(flags.dataset, "train")
    except UserError:  # a folder of dev or test comments alone has nothing to compare with
        return
    if texts.fingerprint(train) != data:
        raise UserError(f"{flags.masks}: was made with statistics of other comments than the training comments of "
                        f"{flags.dataset}; make both again, with get_active_neuron.py --statistics --dataset "
                        f"{flags.dataset} and gen_mask.py")


if __name__ == "__main__":
    script.run(main, resumes=True)
