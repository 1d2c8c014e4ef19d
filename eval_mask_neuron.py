"""Step 6: evaluate each prompt with neurons masked.

A mask changes each layer's neurons at every position: it multiplies them and, if it has a second part, adds to them.
Under every mask, and without one, two numbers are kept of a task's rows: the accuracy, and the margin, which is the
logit of the right answer minus that of the wrong one, mean over rows. Finished tasks are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from framework.running import flags as known
from framework.running import script, work


def parse_flags():
    parser = known.make_parser("Step 6: evaluate each prompt with neurons masked.", title="evaluation")
    known.add_path(parser, "--masks", "--maskPath", "--PKL_File", default=known.MASKS, metavar="FILE",
                   help="masks, as gen_mask.py (step 5) writes them")
    known.add_path(parser, "--results", "--resultPath", default=known.RESULTS, help="where the results go, one JSON a "
                   "task")
    parser.add_argument("--masks_per_batch", type=known.positive, default=16, metavar="N",
                        help="masks that are applied to the same rows in one pass, for speed")
    known.add_task_flags(parser)
    known.add_model_flags(parser)
    data = known.add_data_flags(parser)
    known.add_rows_flags(data)
    known.add_machine_flags(parser, eval_batch_size=True, ray=True)
    known.add_sweep_flags(parser, save_seconds=10)
    return parser.parse()


# ------------------------------------------------------------------------------- the work: some masks on a task's rows


@dataclass
class Study:
    """What any pass needs."""

    model: Any
    device: str
    tokens: list
    rows: dict
    prompts: dict
    masks: dict
    eval_rows: int | None
    positions: int | None = None


class Progress(NamedTuple):
    """How many rows have been measured under the item's masks."""

    rows: int


class Measured(NamedTuple):
    """By mask: accuracy and margin."""

    accuracies: dict[str, float]
    margins: dict[str, float]


def measure(study, item):
    """Measure a task under some masks, or without any where none are named; yields `Progress`, then `Measured`."""
    import torch

    from framework.model import loading
    from framework.model.neurons import Intervention
    from framework.tasks import TaskRows
    from framework.training import evaluate, passes

    task, names = item
    model, rows = study.model.to(study.device), study.rows[task]
    if study.positions is None:
        loading.prepare(model.device)
        study.positions = passes.positions_per_batch(model, training=False)
    prompt = study.prompts[task].to(study.device)
    # Without a mask means under one that changes nothing: the same arithmetic on both sides of every difference.
    change = Intervention.stack([study.masks[name] for name in names] or [torch.ones(model.shape)]).to(
        model.device, model.dtype)
    right, margin = (torch.zeros(max(1, len(names)), dtype=torch.double) for _ in range(2))
    done = 0
    for part in passes.cut_by_length(study.tokens, rows.row, len(prompt), study.positions // max(1, len(names)),
                                     study.eval_rows):
        some = TaskRows(rows.row[part], rows.label[part])
        measured, study.positions = passes.within_memory(lambda positions: evaluate.measure(
            model, study.tokens, some, prompt, positions, study.eval_rows, change), study.positions)
        right, margin, done = right + measured.right, margin + measured.margin * len(part), done + len(part)
        yield Progress(done)
    accuracies, margins = ((each / len(rows.row)).tolist() for each in (right, margin))
    yield Measured(*(dict(zip(names or ["best"], values)) for values in (accuracies, margins)))


# ------------------------------------------------------------------------------------------------------------ the step


def main():
    flags = parse_flags()
    from framework.analysis import inference
    from framework.analysis.masks import MaskName
    from framework.errors import UserError
    from framework.files import masks as mask_files
    from framework.files import opening, results, texts
    from framework.files.record import Record
    from framework.files.taskfolder import progress
    from framework.model import loading
    from framework.running import status, trained
    from framework.training.rows import subset, task_rows

    if flags.status:
        tasks = trained.tasks_there(flags)
        begun = {task: f"{count} masks" for task in tasks if (count := results.masks_measured(flags.results, task))}
        return status.show(tasks, progress(flags.results, ".json", tasks, results.read_record, ["prompt"]), begun)

    # What goes in.
    prompts = trained.read(flags)
    masks = mask_files.read(flags.masks)
    split = texts.read(flags.dataset, flags.split)
    machines = work.join(flags.ray, flags.device)
    device, dtype = machines.agree(loading.resolve, flags.precision)
    loaded = trained.load_model(flags, prompts, dtype)
    shape = tuple(next(iter(masks.values())).shape[-2:])
    if shape != loaded.model.shape:
        raise UserError(f"{flags.masks}: masks are {list(shape)}, {flags.pretrained_model} has "
                        f"{list(loaded.model.shape)} (layers, units); make them with gen_mask.py for this model")
    prompt_len = len(next(iter(prompts.values())).best_prompt)
    max_length = loaded.model.fit_length(prompt_len, flags.max_length)

    # What makes the results what they are.
    made_with = Record.read(flags.masks)
    check_statistics(flags, made_with.get("statistics_data"))
    chosen_by = made_with.get("prompts", {})
    record = Record(
        "eval_mask_neuron.py",
        {"backbone": loaded.fingerprint, "label_words": flags.label_words, "data": texts.fingerprint(split),
         "split": flags.split, "max_rows": flags.max_rows, "negatives": flags.negatives, "max_length": max_length,
         "masks": opening.sha256(flags.masks), "precision": str(dtype).removeprefix("torch.")},
        notes={"pretrained_model": flags.pretrained_model, "dataset": flags.dataset,
               "seeds_that_chose": sorted({int(name.rpartition("-")[2]) for name in chosen_by})})
    own = {task: {"prompt": prompt.sha256} for task, prompt in prompts.items()}
    if same := sum(prompt.sha256 in chosen_by.values() for prompt in prompts.values()):
        print(f"{same} of these {len(prompts)} prompts also chose the neurons of the masks; to choose and to test on "
              "different ones, name different seeds with --seed in steps 4 and 6")

    # Refused before anything is written.
    rows = {task: subset(task_rows(split, task, flags.negatives), flags.max_rows, task) for task in prompts}

    # The work, some masks of a task at a time; this process writes what comes back.
    with results.Folder(flags.results, record, flags.overwrite, own) as folder:
        left = folder.left(prompts)
        script.write_config(flags, flags.results)
        print(f"{len(prompts)} tasks x {len(masks)} masks on {flags.split} rows, {len(prompts) - len(left)} tasks "
              f"finished before; {flags.pretrained_model} in {record.get('precision')} on "
              f"{machines if flags.ray else device}; comments of {flags.dataset}")
        rows = {task: rows[task] for task in left}
        study = Study(loaded.model, str(device), loaded.model.encode(split.texts, max_length) if left else [], rows,
                      {task: prompts[task].best_prompt for task in left}, masks, flags.eval_batch_size)
        names = list(masks)
        parts = [(), *(tuple(names[start:start + flags.masks_per_batch])
                       for start in range(0, len(names), flags.masks_per_batch))]
        measured = {}  # of the tasks under way
        time_to_save = work.Every(flags.save_seconds)

        def parts_left():
            """A task's parts that no interrupted run has measured; one at least, after which the result is written."""
            for task in left:
                if folder.claim(task):
                    measured[task] = folder.partial(task)
                    done = [part for part in parts[1:] if measured[task][0].keys() >= set(part)]
                    for part in done:
                        bar.tell((task, part), len(part) * len(rows[task].row))
                    yield from ((task, part) for part in parts if part not in done)

        with work.Bar(sum(len(each.row) for each in rows.values()) * (1 + len(masks)), "row") as bar:
            for (task, part), message in work.run(measure, study, parts_left(), on=machines):
                if isinstance(message, Progress):
                    bar.tell((task, part), message.rows * max(1, len(part)), task.name)
                    continue
                for kept, values in zip(measured[task], message):
                    kept.update(values)
                if measured[task][0].keys() >= {"best", *names}:
                    accuracies, margins = ({name: kept[name] for name in ("best", *names)} for kept in
                                           measured.pop(task))
                    folder.write(task, accuracies, margins)
                    folder.release(task)
                if time_to_save():
                    for unfinished, so_far in measured.items():
                        folder.write_partial(unfinished, *so_far)

    # What comes out, and next.
    print(f"wrote {flags.results}/{{concept}}-{{seed}}.json: {len(prompts) - folder.elsewhere} tasks x {len(masks)} "
          "masks")
    if folder.elsewhere:
        print(f"{folder.elsewhere} tasks are in the hands of another process on this folder")
    else:
        for line in inference.placebo_in_words(inference.placebo(results.read_all(flags.results, tasks=prompts))):
            print(line)
    sizes = {name.k for name in map(MaskName.parse, masks) if name}
    script.next_step("plot_results.py", results=flags.results,
                     k=max(sizes) if sizes and 4000 not in sizes else None)  # figures of one k are of 4000


def check_statistics(flags, data):
    """Refuse masks whose means or samples are of other comments than the training comments of this data set."""
    from framework.errors import UserError
    from framework.files import texts

    if data is None:  # the masks are made without statistics, or nobody knows of which comments
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
