"""Steps 1 and 6 against the published way of doing them, on a random roberta-base and GoEmotions' text lengths.

    python benchmarks/speed.py                  # a CPU takes about fifteen minutes; let nothing else run
    python benchmarks/speed.py --device cuda

Prints, for (a) the published way, (b) ours in float32 and (c) ours in `--precision auto`: examples a second (the median
of several steps, and the slowest and fastest), the ratio to (a), the share of the floor and the peak of memory; how
long the full study would take; then how the cost grows with tasks, masks and text length.

The floor is 2 x parameters x tokens FLOP for a forward pass, and as many again for the backward pass through
activations, over the rate of matrix products measured in the same precision right after. There are two: for torch's own
products, and for those with weights laid out for oneDNN beforehand, the faster ones that ours are made of on a CPU.
Tokens are those of mask, prompt and text, without padding; parameters are the encoder's matrices (85M). What is read at
position 0 only, and what is the same under all masks, need not be computed everywhere: more than 100% is possible.
"""

import argparse
import ctypes
import gc
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import RobertaConfig, RobertaForMaskedLM

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from framework.model import loading  # noqa: E402
from framework.model.speed import FrozenLinear  # noqa: E402
from framework.old_trainer import PromptTrainer, Task, TrainSettings, count_right  # noqa: E402
from framework.roberta import ROBERTA_LABEL_IDS, RobertaForMaskedLMPrompt  # noqa: E402
from framework.tasks import TaskRows  # noqa: E402

# Tokens of `<s>` text `</s>` over GoEmotions' train split in RoBERTa's vocabulary, at these percentiles.
PERCENTILES = [0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9]
LENGTHS = [3, 5, 6, 8, 11, 13, 16, 18, 21, 24, 27, 31, 33, 37, 46]
PROMPT_LEN, MAX_LENGTH, BATCH, MASK_ID, PAD_ID = 100, 256, 16, 50264, 1
BASE = dict(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=PAD_ID)


def make_comments(random, count, length=None):
    """Random comments: `<mask>`, then as many tokens as GoEmotions' have (or `length`)."""
    lengths = np.interp(random.uniform(0, 99.9, count), PERCENTILES, LENGTHS).astype(int)
    return [np.array([MASK_ID, 0, *random.integers(5, 50000, (length or n) - 2), 2]) for n in lengths]


# ------------------------------------------------------------------------------------- (a) the published way, plainly


def published_logits(model, prompt, comments):
    """Pad to 256 tokens, run every layer at every position, and the whole head at every position."""
    ids = torch.full((len(comments), MAX_LENGTH), PAD_ID)
    for row, comment in enumerate(comments):
        ids[row, : len(comment) - 1] = torch.from_numpy(comment[1:])
    ids = ids.to(prompt.device)
    words = model.roberta.embeddings.word_embeddings
    mask = words(torch.full((len(comments), 1), MASK_ID, device=prompt.device))
    embedded = torch.cat([mask, prompt.expand(len(comments), -1, -1), words(ids)], dim=1)
    attended = torch.cat([ids.new_ones(len(comments), 1 + len(prompt)), (ids != PAD_ID).long()], dim=1)
    positions = torch.arange(embedded.shape[1], device=prompt.device)[None]
    states = model.roberta(inputs_embeds=embedded, attention_mask=attended, position_ids=positions).last_hidden_state
    return model.lm_head(states)[:, 0, list(ROBERTA_LABEL_IDS)]


def published_training(model, comments, labels):
    """One step of one prompt, 16 rows."""
    prompt = torch.nn.Parameter(torch.randn(PROMPT_LEN, model.config.hidden_size, device=model.device) * 0.02)
    optimizer = torch.optim.AdamW([prompt], lr=2e-3, eps=1e-6)
    model.train()

    def step(number):
        rows = range(number * BATCH, (number + 1) * BATCH)
        logits = published_logits(model, prompt, [comments[row] for row in rows])
        F.cross_entropy(logits, labels[rows.start: rows.stop].to(model.device)).backward()
        optimizer.step()
        optimizer.zero_grad()
        return BATCH

    return step


def published_evaluation(model, comments, mask):
    """Sixteen rows under one mask."""
    prompt = torch.randn(PROMPT_LEN, model.config.hidden_size, device=model.device) * 0.02
    for layer, row in zip(model.roberta.encoder.layer, mask):
        layer.intermediate.register_forward_hook(lambda module, inputs, output, row=row: output * row)
    model.eval()

    @torch.no_grad()
    def step(number):
        return len(published_logits(model, prompt, comments[number * BATCH: (number + 1) * BATCH]).argmax(-1))

    return step


# ---------------------------------------------------------------------------------------------------------- (b, c) ours


def our_training(model, comments, labels, tasks):
    """One step of `tasks` prompts, 16 rows each."""
    positions = loading.positions_per_batch(model, training=True)
    trainer = PromptTrainer(model, comments, comments, TrainSettings(), positions)
    random = np.random.default_rng(0)
    for seed in range(tasks):
        row = random.integers(0, len(comments), 512)
        rows = TaskRows(row, labels.numpy()[row])
        trainer.add(Task("fear", seed, train=rows, dev=rows))
    return lambda number: trainer.step(trainer.next_rows()) is not None and tasks * BATCH


def our_evaluation(model, comments, labels, masks):
    """A few rows of all lengths under each of `masks`: about 256 examples, or two passes where one takes more."""
    positions = loading.positions_per_batch(model, training=False)
    rows = max(4, max(256, 2 * positions // 128) // len(masks))
    chosen = np.argsort([len(comment) for comment in comments])[np.linspace(0, len(comments) - 1, rows).astype(int)]
    prompt = torch.randn(PROMPT_LEN, model.config.hidden_size, device=model.device) * 0.02
    asked = TaskRows(chosen, labels.numpy()[chosen])
    masks = masks.to(model.device, model.dtype)

    def step(number):
        count_right(model, comments, asked, prompt, positions, neuron_masks=masks)
        return rows * len(masks)

    return step


# -------------------------------------------------------------------------------------------------------- measuring


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(step, device, repeats, warmup=1):
    """Seconds an example in each step after a warm-up, sorted."""
    for number in range(warmup):
        step(number)
    seconds = []
    for number in range(warmup, warmup + repeats):
        synchronize(device)
        start = time.perf_counter()
        examples = step(number)
        synchronize(device)
        seconds.append((time.perf_counter() - start) / examples)
    return sorted(seconds)


@torch.no_grad()
def matmul_rates(device, dtype, hidden):
    """FLOP a second of torch's products and of those with weights in our layout: the better of two shapes."""
    rates = []
    for kind in (torch.nn.Linear, FrozenLinear):
        rates.append(0.0)
        for inner, outer in ((4096, 4096), (hidden, 4 * hidden)):
            states = torch.randn(4096, inner, device=device).to(dtype)
            linear = kind(inner, outer).to(device, dtype).requires_grad_(False)
            seconds = statistics.median(timed(lambda number: len(linear(states)), device, 5))
            rates[-1] = max(rates[-1], 2 * inner * outer / seconds)
    return rates


class Peak:
    """Peak of memory since it was made, GB: the device's on a GPU, the process' on a CPU (Linux)."""

    def __init__(self, device):
        self.device = device
        gc.collect()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        else:
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")

    def read(self):
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 1e9
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9


def make_model(device, dtype, layers, hidden):
    torch.manual_seed(0)
    config = RobertaConfig(num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=hidden // 64,
                           intermediate_size=4 * hidden, **BASE)
    return RobertaForMaskedLMPrompt(config, prompt_len=PROMPT_LEN).to(device, dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--layers", type=int, default=12, help="layers of the model; 12 is roberta-base")
    parser.add_argument("--hidden", type=int, default=768, help="width of the model; 768 is roberta-base")
    parser.add_argument("--repeats", type=int, default=5, help="timed steps, of which the median is taken")
    parser.add_argument("--tasks", type=int, help="prompts that train together; default: as many as in train.py")
    parser.add_argument("--masks", type=int, default=16, help="masks in one pass")
    parser.add_argument("--no_growth", action="store_true", help="leave out the cost against tasks, masks and length")
    flags = parser.parse_args()
    device = loading.resolve_device(flags.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    print(f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}; "
          f"{flags.layers} layers of width {flags.hidden}, prompts of {PROMPT_LEN}")

    random = np.random.default_rng(0)
    comments = make_comments(random, 4096)
    labels = torch.from_numpy(random.integers(0, 2, 4096))
    tokens = statistics.mean(map(len, comments)) + PROMPT_LEN
    auto = loading.resolve_precision("auto", device)
    if flags.tasks is None:
        model = make_model(device, auto, flags.layers, flags.hidden)
        flags.tasks = loading.group_size("auto", loading.positions_per_batch(model, training=True), BATCH, PROMPT_LEN)
        del model
    print(f"{flags.tasks} tasks train together, {flags.masks} masks in a pass")
    parameters = flags.layers * 12 * flags.hidden**2
    masks = (torch.rand(flags.masks, flags.layers, 4 * flags.hidden) > 0.1).float()

    config = make_model("cpu", torch.float32, flags.layers, flags.hidden).config
    config._attn_implementation = "eager"  # as transformers computed attention when the study was published
    torch.manual_seed(0)
    plain = RobertaForMaskedLM(config).to(device).requires_grad_(False)
    rows: dict[str, list] = {"training": [], "masked evaluation": []}

    def measure(label, dtype, training, evaluation):
        """One line of each table, with the rates of matrix products at that time."""
        measured = []
        for make_step in (training, evaluation):
            peak = Peak(device)
            measured.append((timed(make_step(), device, flags.repeats), peak.read()))
        rates = matmul_rates(device, dtype, flags.hidden)
        print(f"{label}: matrix products at {rates[0] / 1e9:,.0f} GFLOP/s, with packed weights {rates[1] / 1e9:,.0f}")
        for part, (seconds, memory) in zip(rows.values(), measured):
            part.append((label, seconds, memory, rates))

    measure("(a) published way", torch.float32, lambda plain=plain: published_training(plain, comments, labels),
            lambda plain=plain: published_evaluation(plain, comments, masks[0].to(device)))
    del plain
    loading.prepare(device)  # as the scripts do
    for label, dtype in (("(b) ours, float32", torch.float32), (f"(c) ours, auto: {str(auto)[6:]}", auto)):
        model = make_model(device, dtype, flags.layers, flags.hidden)
        measure(label, dtype, lambda: our_training(model, comments, labels, flags.tasks),
                lambda: our_evaluation(model, comments, labels, masks))

    for part, passes in (("training", 2), ("masked evaluation", 1)):
        print(f"\n{part:<28}{'examples/s':>12}{'of steps':>20}{'ratio to (a)':>14}{'of floors':>14}{'peak GB':>10}")
        slowest = statistics.median(rows[part][0][1])
        for label, steps, memory, rates in rows[part]:
            seconds = statistics.median(steps)
            floors = " /".join(f"{passes * 2 * parameters * tokens / rate / seconds:5.0%}" for rate in rates)
            print(f"{label:<28}{1 / seconds:>12.2f}{f'{1 / steps[-1]:.2f}-{1 / steps[0]:.2f}':>20}"
                  f"{slowest / seconds:>14.1f}{floors:>14}{memory:>10.1f}")
    print("\nthe full study, 324 tasks with 2,732 training and 342 dev rows on average: 50 epochs; 252 masks")
    for (label, training, *_), (_, evaluation, *_) in zip(*rows.values()):
        train, evaluate = statistics.median(training), statistics.median(evaluation)
        print(f"{label:<28}step 1 {324 * 50 * (2732 * train + 342 * evaluate) / 3600:10,.1f} h"
              f"    step 6 {324 * 253 * 342 * evaluate / 3600:10,.1f} h")
    if flags.no_growth:
        return

    print(f"\ncost in {str(auto)[6:]}, milliseconds an example")
    for tasks in sorted({1, flags.tasks, 4 * flags.tasks}):
        seconds = statistics.median(timed(our_training(model, comments, labels, tasks), device, 3))
        print(f"  training, {tasks:>3} tasks together: {1000 * seconds:8.2f}")
    for count in sorted({1, 4, flags.masks}):
        masks = (torch.rand(count, flags.layers, 4 * flags.hidden) > 0.1).float()
        seconds = statistics.median(timed(our_evaluation(model, comments, labels, masks), device, 3))
        print(f"  evaluation, {count:>3} masks in one pass: {1000 * seconds:8.2f}")
    for length in (8, 32, 128, 256):
        comments = make_comments(random, 256, length)
        seconds = statistics.median(timed(our_training(model, comments, labels[:256], flags.tasks), device, 3))
        print(f"  training, texts of {length:>3} tokens: {1000 * seconds:8.2f}")


if __name__ == "__main__":
    main()
