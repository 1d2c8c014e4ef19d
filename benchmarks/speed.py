"""Steps 1 and 6 against the published way of doing them, on a random roberta-base and GoEmotions' text lengths.

    python benchmarks/speed.py                  # a CPU takes about ten minutes
    python benchmarks/speed.py --device cuda

Prints, for (a) the published way, (b) ours in float32 and (c) ours in `--precision auto`: examples a second, the ratio
to (a), the share of the floor and the peak of memory; then how the cost grows with tasks, masks and text length. The
floor is 2 x parameters x tokens FLOP for a forward pass, and as many again for the backward pass through activations,
over the rate of matrix products measured in the same precision, in the same minute. Tokens are those of mask, prompt
and text, without padding; parameters are the encoder's matrices (85M). What is read at position 0 only, and what is the
same under all masks, need not be computed everywhere, so that more than 100% is possible.
"""

import argparse
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
from framework import models  # noqa: E402
from framework.roberta import ROBERTA_LABEL_IDS, RobertaForMaskedLMPrompt  # noqa: E402
from framework.tasks import TaskRows  # noqa: E402
from framework.trainer import PromptTrainer, Task, TrainSettings, count_right  # noqa: E402

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
    positions = models.positions_per_batch(model, training=True)
    trainer = PromptTrainer(model, comments, comments, TrainSettings(), positions)
    random = np.random.default_rng(0)
    for seed in range(tasks):
        row = random.integers(0, len(comments), 512)
        trainer.add(Task("fear", seed, TaskRows(row, labels.numpy()[row]), None))
    return lambda number: trainer.step(trainer.next_rows()) is not None and tasks * BATCH


def our_evaluation(model, comments, labels, masks, rows):
    """`rows` rows under each of `masks`."""
    prompt = torch.randn(PROMPT_LEN, model.config.hidden_size, device=model.device) * 0.02
    asked = TaskRows(np.arange(rows), labels.numpy()[:rows])
    masks = masks.to(model.device, model.dtype)

    def step(number):
        positions = models.positions_per_batch(model, training=False)
        count_right(model, comments, asked, prompt, positions, neuron_masks=masks)
        return rows * len(masks)

    return step


# -------------------------------------------------------------------------------------------------------- measuring


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(step, device, repeats, warmup=1):
    """Median seconds an example, after a warm-up."""
    for number in range(warmup):
        step(number)
    seconds = []
    for number in range(warmup, warmup + repeats):
        synchronize(device)
        start = time.perf_counter()
        examples = step(number)
        synchronize(device)
        seconds.append((time.perf_counter() - start) / examples)
    return statistics.median(seconds)


def matmul_rate(device, dtype, hidden, intermediate):
    """FLOP a second: the better of a large square product and one of a layer's shape."""
    best = 0.0
    for rows, inner, columns in ((4096, 4096, 4096), (4096, hidden, intermediate)):
        left, right = (torch.randn(shape, device=device).to(dtype) for shape in ((rows, inner), (columns, inner)))
        seconds = timed(lambda number: F.linear(left, right) is not None and 1, device, 7)
        best = max(best, 2 * rows * inner * columns / seconds)
    return best


class Peak:
    """Peak of memory since it was made, GB: the device's on a GPU, the process' on a CPU (Linux)."""

    def __init__(self, device):
        self.device = device
        gc.collect()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        else:
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
    parser.add_argument("--repeats", type=int, default=3, help="timed repetitions, of which the median is taken")
    parser.add_argument("--tasks", type=int, default=16, help="prompts that train together")
    parser.add_argument("--masks", type=int, default=16, help="masks in one pass")
    parser.add_argument("--no_growth", action="store_true", help="leave out the cost against tasks, masks and length")
    flags = parser.parse_args()
    device = models.resolve_device(flags.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    print(f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}; "
          f"{flags.layers} layers of width {flags.hidden}, prompts of {PROMPT_LEN}")

    random = np.random.default_rng(0)
    comments = make_comments(random, 4096)
    labels = torch.from_numpy(random.integers(0, 2, 4096))
    tokens = statistics.mean(map(len, comments)) + PROMPT_LEN
    parameters = flags.layers * 12 * flags.hidden**2
    masks = (torch.rand(flags.masks, flags.layers, 4 * flags.hidden) > 0.1).float()

    config = make_model("cpu", torch.float32, flags.layers, flags.hidden).config
    config._attn_implementation = "eager"  # as transformers computed attention when the study was published
    torch.manual_seed(0)
    plain = RobertaForMaskedLM(config).to(device).requires_grad_(False)
    measured = {"training": [], "masked evaluation": []}
    peak = Peak(device)
    seconds = timed(published_training(plain, comments, labels), device, flags.repeats)
    measured["training"].append(("(a) published way", seconds, torch.float32, peak.read()))
    peak = Peak(device)
    seconds = timed(published_evaluation(plain, comments, masks[0].to(device)), device, flags.repeats)
    measured["masked evaluation"].append(("(a) published way", seconds, torch.float32, peak.read()))
    del plain

    if device.type == "cpu":
        models.keep_freed_memory()  # as loading a backbone does
    auto = models.resolve_precision("auto", device)
    for label, dtype in (("(b) ours, float32", torch.float32), (f"(c) ours, auto: {str(auto)[6:]}", auto)):
        model = make_model(device, dtype, flags.layers, flags.hidden)
        peak = Peak(device)
        seconds = timed(our_training(model, comments, labels, flags.tasks), device, flags.repeats)
        measured["training"].append((label, seconds, dtype, peak.read()))
        peak = Peak(device)
        seconds = timed(our_evaluation(model, comments, labels, masks, 64), device, flags.repeats)
        measured["masked evaluation"].append((label, seconds, dtype, peak.read()))

    rates = {dtype: matmul_rate(device, dtype, flags.hidden, 4 * flags.hidden) for dtype in {torch.float32, auto}}
    for dtype, rate in rates.items():
        print(f"matrix products in {str(dtype)[6:]}: {rate / 1e9:,.0f} GFLOP/s")
    for part, passes, total in (("training", 2, "324 tasks x 50 epochs of 2,750 rows"),
                                ("masked evaluation", 1, "324 tasks x 252 masks x 340 rows")):
        print(f"\n{part:<28}{'examples/s':>12}{'ratio to (a)':>14}{'of the floor':>14}{'peak GB':>10}   {total}")
        examples = 324 * 50 * 2750 if passes == 2 else 324 * 252 * 340
        for label, seconds, dtype, memory in measured[part]:
            floor = passes * 2 * parameters * tokens / rates[dtype]
            print(f"{label:<28}{1 / seconds:>12.2f}{measured[part][0][1] / seconds:>14.1f}{floor / seconds:>13.0%}"
                  f"{memory:>11.1f}   {examples * seconds / 3600:,.1f} h")
    if flags.no_growth:
        return

    print(f"\ncost in {str(auto)[6:]}, milliseconds an example")
    for tasks in (1, 4, 16, 64):
        seconds = timed(our_training(model, comments, labels, tasks), device, 2)
        print(f"  training, {tasks:>3} tasks together: {1000 * seconds:8.2f}")
    for count in (1, 4, 16, 64):
        masks = (torch.rand(count, flags.layers, 4 * flags.hidden) > 0.1).float()
        seconds = timed(our_evaluation(model, comments, labels, masks, max(4, 256 // count)), device, 2)
        print(f"  evaluation, {count:>3} masks in one pass: {1000 * seconds:8.2f}")
    for length in (8, 32, 128, 256):
        comments = make_comments(random, 256, length)
        seconds = timed(our_training(model, comments, labels[:256], 4), device, 2)
        print(f"  training, texts of {length:>3} tokens: {1000 * seconds:8.2f}")


if __name__ == "__main__":
    main()
