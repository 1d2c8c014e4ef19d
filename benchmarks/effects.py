"""How far first-order effects agree with exact ones: single neurons set to zero, one at a time, in a trained model.

    python benchmarks/effects.py [--pretrained_model backbone --dataset demo --sentiment joy fear anger]

For each concept, trains a prompt for 6 epochs, sets 64 random neurons to zero one by one, and compares what the margin
loses with `framework.training.effects`, by rank. Then compares, for groups of neurons with the largest effects, the sum
of effects with what the margin loses without the whole group.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from framework.files import texts  # noqa: E402
from framework.measures import margin  # noqa: E402
from framework.model import loading  # noqa: E402
from framework.model.neurons import Intervention  # noqa: E402
from framework.tasks import Task  # noqa: E402
from framework.training.effects import effect  # noqa: E402
from framework.training.evaluate import answer  # noqa: E402
from framework.training.rows import task_rows  # noqa: E402
from framework.training.trainer import Finished, Job, PromptTrainer, TrainSettings  # noqa: E402

POSITIONS = 4096


def lost(model, tokens, rows, prompt, groups):
    """What the margin loses without each group of neurons (int arrays): array, one number per group."""
    multiply = torch.ones(len(groups), *model.shape)
    for mask, group in zip(multiply, groups):
        mask.view(-1)[torch.from_numpy(group)] = 0
    answers = (answer(model, tokens, rows, prompt, POSITIONS, intervention=change)
               for change in (None, Intervention(multiply)))
    with_all, without = (margin(logits, torch.from_numpy(rows.label)).mean(-1) for logits in answers)
    return (with_all - without).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pretrained_model", default="backbone")
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--sentiment", nargs="+", default=["joy", "fear", "anger"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--neurons", type=int, default=64)
    flags = parser.parse_args()
    splits = [texts.read(flags.dataset, split) for split in ("train", "dev")]
    model = loading.load(flags.pretrained_model).model
    start = "words" if model.tokenizer.mask_token_id is None else "mask"
    settings = TrainSettings(prompt_len=20, prompt_init=start, epochs=6, lr=0.002)
    tokens = [model.encode(split.texts, model.fit_length(settings.prompt_len, 64)) for split in splits]
    jobs = [Job(task, *(task_rows(split, task) for split in splits))
            for task in (Task(concept, flags.seed) for concept in flags.sentiment)]
    trainer = PromptTrainer(model, tokens[0], tokens[1], settings, POSITIONS)
    prompts = {event.task: event for event in trainer.run(jobs, len(jobs)) if isinstance(event, Finished)}
    for job in jobs:
        prompt, count = prompts[job.task].best_prompt, int(np.prod(model.shape))
        # What the margin loses without each neuron.
        effects = -effect(model, tokens[1], job.dev, prompt, POSITIONS).zeroed.numpy() / len(job.dev.row)
        drawn = np.random.default_rng(0).choice(count, flags.neurons, replace=False)
        agreement = spearmanr(effects[drawn], lost(model, tokens[1], job.dev, prompt, drawn[:, None])).statistic
        largest = np.argsort(-effects)
        sizes = [size for size in (1, 10, 100, 1000) if size < count]
        true = lost(model, tokens[1], job.dev, prompt, [largest[:size] for size in sizes])
        sums = "; ".join(f"{size}: {effects[largest[:size]].sum():.3f} and {loss:.3f}"
                         for size, loss in zip(sizes, true))
        print(f"{job.task.name}: dev accuracy {prompts[job.task].best_acc:.2f}; {flags.neurons} neurons, rank "
              f"correlation {agreement:.3f}; sum of the largest effects and what the margin loses without them: {sums}")


if __name__ == "__main__":
    main()
