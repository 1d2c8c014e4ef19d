"""Steps 1 and 6 against two other ways of doing them, on a random model of a family and GoEmotions' text lengths.

    python benchmarks/speed.py --family roberta        # a CPU takes about ten minutes; let nothing else run
    python benchmarks/speed.py --family llama --device cuda

Prints, for training and for masked evaluation: examples per second (the median of several steps, and the slowest and
fastest), the ratio to the published way, the share of the floor, and the peak of memory. The ways are

  published   as the study did: float32, every text padded to 256 tokens, all positions through all layers and through
              the head's whole vocabulary, one prompt or mask at a time, 16 rows;
  plain       as a good user of transformers would: the precision that is fastest, rows sorted by length, only the
              answer's position through the head, one prompt or mask at a time, 32 rows;
  ours        as the scripts do it.

Ours trains a decoder with its texts' states kept, as in all epochs but the first. Finally, it alternates steps to show
how fast ours finds effects compared with training, and evaluates masks that add or scale compared with zero masks.

The floor is 2 x parameters x tokens FLOP for a forward pass, and as many again for the backward pass through
activations, divided by the rate of matrix products in the same precision. That rate is measured right after: the better
of torch's own products and those with weights laid out beforehand. Tokens are those of prompt and text, without
padding; parameters are those of the layers' matrices. What need not be computed (other positions in the last layer,
what is the same under all masks or for all prompts) counts as well, so more than 100% is possible.
"""

import argparse
import ctypes
import gc
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from framework.model import loading, neurons, speed  # noqa: E402
from framework.model.decoders import PromptedDecoder, down_projections  # noqa: E402
from framework.model.device import resolve_device, resolve_precision  # noqa: E402
from framework.model.encoders import PromptedEncoder  # noqa: E402
from framework.model.neurons import Intervention  # noqa: E402
from framework.model.passes import positions_per_batch  # noqa: E402
from framework.tasks import Task, TaskRows  # noqa: E402
from framework.training.effects import effect  # noqa: E402
from framework.training.evaluate import answer  # noqa: E402
from framework.training.trainer import Job, PromptTrainer, TrainSettings, group_size  # noqa: E402

# Tokens of `<s>` text `</s>` over GoEmotions' train split in RoBERTa's vocabulary, at these percentiles.
PERCENTILES = [0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9]
LENGTHS = [3, 5, 6, 8, 11, 13, 16, 18, 21, 24, 27, 31, 33, 37, 46]
PROMPT_LEN, MAX_LENGTH, VOCABULARY, LABEL_IDS = 100, 256, 50265, (33407, 22173)

BASE = {"num_hidden_layers": 12, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}
LLAMA = BASE | {"intermediate_size": 2048, "num_key_value_heads": 4}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "roberta": ("roberta", BASE | {"type_vocab_size": 1}), "bert": ("bert", BASE),
    "modernbert": ("modernbert", BASE | {"intermediate_size": 1152}), "distilbert": ("distilbert", {}),
    "llama": ("llama", LLAMA), "qwen3": ("qwen3", LLAMA | {"head_dim": 64}), "gpt2": ("gpt2", BASE),
    "smollm2": ("llama", {"num_hidden_layers": 30, "hidden_size": 576, "num_attention_heads": 9,
                          "num_key_value_heads": 3, "intermediate_size": 1536, "tie_word_embeddings": True}),
    # Those whose attention transformers does not route: padded and plain in ours, too.
    "mpnet": ("mpnet", BASE), "deberta-v2": ("deberta-v2", BASE | {
        "relative_attention": True, "position_buckets": 256, "pos_att_type": ["p2c", "c2p"], "share_att_key": True}),
    "falcon": ("falcon", BASE),
}


def make_model(family, layers, attention):
    """A random model of a family in float32, as transformers has it, and whether it is a decoder."""
    model_type, sizes = FAMILIES[family]
    sizes = sizes | ({"num_hidden_layers": layers} if layers else {})
    config = AutoConfig.for_model(model_type, vocab_size=VOCABULARY, max_position_embeddings=514, pad_token_id=1,
                                  bos_token_id=0, eos_token_id=2, **sizes)
    is_decoder = type(config) not in AutoModelForMaskedLM._model_mapping
    kind = AutoModelForCausalLM if is_decoder else AutoModelForMaskedLM
    torch.manual_seed(0)
    chosen = attention or speed.attention_for(kind._model_mapping[type(config)])
    return kind.from_config(config, attn_implementation=chosen).requires_grad_(False), is_decoder


def our_model(family, layers, device, dtype):
    model, is_decoder = make_model(family, layers, None)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "backbone")
    model = model.to(dtype)
    prompted = (PromptedDecoder(model, tokenizer, LABEL_IDS, down_projections(model, family)) if is_decoder
                else PromptedEncoder(model, tokenizer, LABEL_IDS))
    prompted.to(device).keep_texts()
    return prompted


def make_comments(random, count, is_decoder, length=None):
    """Random comments: a first token, then as many as GoEmotions' have (or `length`)."""
    lengths = np.interp(random.uniform(0, 99.9, count), PERCENTILES, LENGTHS).astype(int)
    begin = [0] if is_decoder else [4, 0]  # bos, or mask token and the token that begins a text
    return [np.array([*begin, *random.integers(5, 50000, (length or n) - 1)]) for n in lengths]


# --------------------------------------------------------------------------------------------- the published, the plain


class Plain:
    """A model of transformers in a loop as its users write it.

    Parameters
    ----------
    published : bool
        As in the study; otherwise as a good user would.
    """

    def __init__(self, family, layers, device, dtype, published):
        # Attention as transformers computed it when the study was published, or as it does now.
        model, self.is_decoder = make_model(family, layers, "eager" if published else None if
                                            FAMILIES[family][0] in ("mpnet", "deberta-v2") else "sdpa")
        self.model, self.published, self.rows = model.to(device, dtype), published, 16 if published else 32
        self.down = (down_projections(model, family) if self.is_decoder
                     else neurons.named(model.base_model, model.config.model_type))
        if not published:
            self.model.base_model.register_forward_hook(self._keep_answer)

    def _keep_answer(self, module, inputs, output):
        output.last_hidden_state = output.last_hidden_state[:, [-1 if self.is_decoder else 0]]
        return output

    def logits(self, prompt, comments):
        """Two logits for each comment; prompt [P, W]."""
        longest = MAX_LENGTH + 1 if self.published else max(map(len, comments))
        words, device = self.model.get_input_embeddings(), prompt.device
        ids, attended = torch.ones(len(comments), longest, dtype=torch.long), torch.zeros(len(comments), longest)
        for row, comment in enumerate(comments):
            place = slice(longest - len(comment), None) if self.is_decoder else slice(len(comment))
            ids[row, place], attended[row, place] = torch.from_numpy(comment), 1
        tokens, attended = words(ids.to(device)), attended.to(device).long()
        prompts, seen = prompt.to(tokens.dtype).expand(len(ids), -1, -1), attended.new_ones(len(ids), len(prompt))
        split = longest if self.is_decoder else 1
        embedded = torch.cat([tokens[:, :split], prompts, tokens[:, split:]], dim=1)
        attended = torch.cat([attended[:, :split], seen, attended[:, split:]], dim=1)
        positions = (attended.cumsum(1) - 1).clamp(min=0)
        options = {"use_cache": False} if self.is_decoder else {}
        output = self.model(inputs_embeds=embedded, attention_mask=attended, position_ids=positions, **options)
        return output.logits[:, -1 if self.is_decoder else 0, list(LABEL_IDS)].float()

    def training(self, comments, labels):
        """A step of one prompt."""
        width, device = self.model.get_input_embeddings().embedding_dim, self.model.device
        prompt = torch.nn.Parameter(torch.randn(PROMPT_LEN, width, device=device) * 0.02)
        optimizer = torch.optim.AdamW([prompt], lr=2e-3, eps=1e-6)
        batches = self._batches(comments)
        self.model.train()

        def step(number):
            rows = batches[number]
            logits = self.logits(prompt, [comments[row] for row in rows])
            F.cross_entropy(logits, labels[rows].to(device)).backward()
            optimizer.step()
            optimizer.zero_grad()
            return len(rows)

        return step

    def evaluation(self, comments, mask):
        """A batch of rows under one mask [L, D]."""
        width, device = self.model.get_input_embeddings().embedding_dim, self.model.device
        prompt, batches = torch.randn(PROMPT_LEN, width, device=device) * 0.02, self._batches(comments)
        for name, row in zip(self.down, mask.to(device, self.model.dtype)):
            self.model.base_model.get_submodule(name).register_forward_pre_hook(
                lambda module, inputs, row=row: (inputs[0] * row,))
        self.model.eval()

        @torch.no_grad()
        def step(number):
            return len(self.logits(prompt, [comments[row] for row in batches[number]]).argmax(-1))

        return step

    def _batches(self, comments):
        """Batches of rows as they come, or of rows of similar length."""
        order: np.ndarray = np.arange(len(comments))
        if not self.published:
            order = np.argsort([len(comment) for comment in comments], kind="stable")
        batches = order[: len(order) // self.rows * self.rows].reshape(-1, self.rows)
        return batches[np.random.default_rng(0).permutation(len(batches))]


# ----------------------------------------------------------------------------------------------------------------- ours


def our_training(model, comments, labels, tasks):
    """A step of `tasks` prompts, 16 rows each; with texts' states kept, as in all epochs but the first."""
    settings = TrainSettings()
    trainer = PromptTrainer(model, comments, comments, settings, positions_per_batch(model, training=True))
    random = np.random.default_rng(0)
    for seed in range(tasks):
        row = random.integers(0, min(len(comments), 512), 512)
        rows = TaskRows(row, labels.numpy()[row])
        trainer.add(Job(Task("fear", seed), rows, rows))
    trainer.step(trainer.next_batches())  # before its first pass, a decoder tries its fast path and keeps nothing
    if isinstance(model, PromptedDecoder) and model.fast:
        model.text_states.of([comments[row] for row in np.unique([job.train.row for job, _ in trainer.group])])
    return lambda number: trainer.step(trainer.next_batches()) is not None and tasks * settings.batch_size


def of_all_lengths(model, comments, labels, rows):
    """`rows` comments of evenly ranked lengths, and a prompt."""
    chosen = np.argsort([len(comment) for comment in comments])[np.linspace(0, len(comments) - 1, rows).astype(int)]
    prompt = torch.randn(PROMPT_LEN, model.prompt_width, device=model.device) * 0.02
    return TaskRows(chosen, labels.numpy()[chosen]), prompt


def our_effects(model, comments, labels):
    """The effects of all neurons, over two passes of rows of all lengths."""
    positions = positions_per_batch(model, training=True)
    asked, prompt = of_all_lengths(model, comments, labels, 2 * positions // 128)
    return lambda number: effect(model, comments, asked, prompt, positions) and len(asked.row)


def our_evaluation(model, comments, labels, masks, add=None):
    """A few rows of all lengths under each of `masks`: about 256 examples, or two passes if one takes more."""
    positions = positions_per_batch(model, training=False)
    rows = max(4, max(256, 2 * positions // 128) // len(masks))
    asked, prompt = of_all_lengths(model, comments, labels, rows)
    change = Intervention(masks, add).to(model.device, model.dtype)

    def step(number):
        answer(model, comments, asked, prompt, positions, intervention=change)
        return rows * len(masks)

    return step


# ------------------------------------------------------------------------------------------------------------ measuring


def name_of(device):
    """The processor's name, and what it multiplies with."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    name = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")),
                platform.processor() or platform.machine())
    units = [unit for flag, unit in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX-512 with bfloat16"), ("avx2", "AVX2"))
             if f" {flag}" in text]
    return f"{name} ({units[0] if units else 'no vector unit known'}), {torch.get_num_threads()} threads"


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(step, device, repeats):
    """Seconds per example in each step after a warm-up, sorted."""
    return sorted(in_turn({"": step}, device, repeats)[""])


def in_turn(steps, device, repeats):
    """Seconds per example of several kinds of step, taken in turn after a warm-up: other load slows all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(1 + repeats):
        for name, step in steps.items():
            synchronize(device)
            start = time.perf_counter()
            examples = step(number)
            synchronize(device)
            seconds[name].append((time.perf_counter() - start) / examples)
    return {name: of[1:] for name, of in seconds.items()}


@torch.no_grad()
def matmul_rate(device, dtype, hidden):
    """FLOP per second of matrix products: the best of two shapes, by torch's own product and by ours."""
    rates = []
    for inner, outer in ((4096, 4096), (hidden, 4 * hidden)):
        states, plain = torch.randn(4096, inner, device=device).to(dtype), torch.nn.Linear(inner, outer)
        plain = plain.to(device, dtype)
        for linear in (plain, speed.FrozenLinear.of(plain)):
            seconds = statistics.median(timed(lambda number, linear=linear: len(linear(states)), device, 5))
            rates.append(2 * inner * outer / seconds)
    return max(rates)


class Peak:
    """Peak of memory in GB since this was made: the device's on a GPU, the process's on a CPU (Linux)."""

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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--family", choices=FAMILIES, default="roberta", help="what the random model is")
    parser.add_argument("--layers", type=int, help="layers of the model; default: the family's, 12 in most")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--repeats", type=int, default=5, help="timed steps, of which the median is taken")
    parser.add_argument("--tasks", type=int, help="prompts that train together; default: as many as in train.py")
    parser.add_argument("--masks", type=int, default=16, help="masks in one pass")
    parser.add_argument("--growth", action="store_true", help="also the cost against tasks, masks and length of text")
    flags = parser.parse_args()
    device = resolve_device(flags.device)
    auto = resolve_precision("auto", device)

    model = our_model(flags.family, flags.layers, device, auto)
    random, is_decoder = np.random.default_rng(0), isinstance(model, PromptedDecoder)
    comments = make_comments(random, 4096, is_decoder)
    labels = torch.from_numpy(random.integers(0, 2, len(comments)))
    tokens = statistics.mean(map(len, comments)) + PROMPT_LEN
    maps = [module for module in model.model.base_model.modules() if isinstance(module, torch.nn.Linear)]
    parameters, hidden = sum(linear.weight.numel() for linear in maps), model.config.hidden_size
    tasks = flags.tasks or group_size("auto", 16, PROMPT_LEN)
    masks = (torch.rand(flags.masks, *model.shape) > 0.1).float()
    print(f"{name_of(device)}, torch {torch.__version__}\n{flags.family}: {model.shape[0]} layers of width {hidden} "
          f"and {model.shape[1]} neurons, {parameters / 1e6:.0f}M parameters in them, "
          f"{'packed' if model.fast else 'padded'}; prompts of {PROMPT_LEN}; {tasks} tasks train together, "
          f"{flags.masks} masks in a pass")
    del model

    rows: dict[str, list] = {"training": [], "masked evaluation": []}

    def measure_way(label, dtype, make, training, evaluation):
        """One line of each table, with the rate of matrix products at that time."""
        model, measured = make(), []
        for make_step in (training, evaluation):
            peak = Peak(device)
            measured.append((timed(make_step(model), device, flags.repeats), peak.read()))
        rate = matmul_rate(device, dtype, hidden)
        print(f"{label}: matrix products at {rate / 1e9:,.0f} GFLOP/s")
        for part, (seconds, memory) in zip(rows.values(), measured):
            part.append((label, seconds, memory, rate))

    for label, dtype, published in (("published, float32", torch.float32, True), (f"plain, {str(auto)[6:]}", auto,
                                                                                False)):
        measure_way(label, dtype, lambda: Plain(flags.family, flags.layers, device, dtype, published),
                    lambda plain: plain.training(comments, labels), lambda plain: plain.evaluation(comments, masks[0]))
    loading.prepare(device)  # as the scripts do
    measure_way(f"ours, {str(auto)[6:]}", auto, lambda: our_model(flags.family, flags.layers, device, auto),
                lambda model: our_training(model, comments, labels, tasks),
                lambda model: our_evaluation(model, comments, labels, masks))

    for part, passes in (("training", 2), ("masked evaluation", 1)):
        print(f"\n{part:<22}{'examples/s':>12}{'of steps':>20}{'ratio':>8}{'of the floor':>14}{'peak GB':>10}")
        slowest = statistics.median(rows[part][0][1])
        for label, steps, memory, rate in rows[part]:
            seconds = statistics.median(steps)
            share = passes * 2 * parameters * tokens / rate / seconds
            print(f"{label:<22}{1 / seconds:>12.2f}{f'{1 / steps[-1]:.2f}-{1 / steps[0]:.2f}':>20}"
                  f"{slowest / seconds:>8.1f}{share:>14.0%}{memory:>10.1f}")
    model = our_model(flags.family, flags.layers, device, auto)
    chosen = (masks == 0).float()
    seconds = in_turn({"training": our_training(model, comments, labels, tasks),
                       "effects": our_effects(model, comments, labels),
                       "zero": our_evaluation(model, comments, labels, masks),
                       "mean, resample": our_evaluation(model, comments, labels, masks, chosen),
                       "scale": our_evaluation(model, comments, labels, masks + chosen / 2)}, device, flags.repeats)
    print(f"\nours by turns in {str(auto)[6:]}: examples/s, as a share of another's, and of single turns")
    for name, other in (("effects", "training"), ("mean, resample", "zero"), ("scale", "zero")):
        shares = [theirs / own for theirs, own in zip(seconds[other], seconds[name])]
        print(f"{name:<22}{1 / statistics.median(seconds[name]):>12.2f}{statistics.median(shares):>8.0%} of {other}, "
              f"{min(shares):.0%} to {max(shares):.0%}")

    print("\nthe full study, 324 tasks with 2,732 training and 342 dev rows on average: 50 epochs; 252 masks")
    for (label, training, *_), (_, evaluation, *_) in zip(*rows.values()):
        train, evaluate = statistics.median(training), statistics.median(evaluation)
        print(f"{label:<22}step 1 {324 * 50 * (2732 * train + 342 * evaluate) / 3600:10,.1f} h"
              f"    step 6 {324 * 253 * 342 * evaluate / 3600:10,.1f} h")
    if not flags.growth:
        return

    print(f"\ncost in {str(auto)[6:]}, milliseconds an example")
    for count in sorted({1, tasks, 4 * tasks}):
        seconds = statistics.median(timed(our_training(model, comments, labels, count), device, 3))
        print(f"  training, {count:>3} tasks together: {1000 * seconds:8.2f}")
    for count in sorted({1, 4, flags.masks}):
        some = (torch.rand(count, *model.shape) > 0.1).float()
        seconds = statistics.median(timed(our_evaluation(model, comments, labels, some), device, 3))
        print(f"  evaluation, {count:>3} masks in one pass: {1000 * seconds:8.2f}")
    for length in (8, 32, 128, 256):
        comments = make_comments(random, 256, is_decoder, length)
        seconds = statistics.median(timed(our_training(model, comments, labels[:256], tasks), device, 3))
        print(f"  training, texts of {length:>3} tokens: {1000 * seconds:8.2f}")


if __name__ == "__main__":
    main()
