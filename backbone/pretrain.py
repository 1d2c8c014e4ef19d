#!/usr/bin/env python
"""Pretrain the embedded backbone: a small RoBERTa, from nothing, by masked language modelling on a CPU.

    python backbone/pretrain.py --goemotions goemotions/train.tsv --wikipedia sentences.txt.xz --work_dir run

Only the text column of GoEmotions is used, never an emotion label. The run saves its state every few minutes; after a
kill, the same command continues from there. The learning rate stays flat until the last part of the run, so a run may
also be continued towards another `--tokens`, and the model exported at every save is usable.
"""
import argparse
import lzma
import math
import os
import shutil
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForMaskedLM

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]  # ids 0..4
BOS, PAD, EOS, UNK, MASK = range(5)
LABEL_WORDS = ["negative", "positive"]  # what a prompt's answer is read from


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    data = parser.add_argument_group("data")
    data.add_argument("--goemotions", type=Path, required=True,
                      help="GoEmotions' train.tsv (text<TAB>labels<TAB>id); only the text is used")
    data.add_argument("--wikipedia", type=Path, required=True,
                      help="one sentence a line; plain text, or xz if the name ends so")
    data.add_argument("--share", type=float, default=0.65, help="GoEmotions' share of the tokens, 0-1")
    data.add_argument("--held_out", type=int, default=1000,
                      help="GoEmotions comments kept back to measure the loss, a count")
    data.add_argument("--vocabulary", type=int, default=8192, help="entries of the byte-level BPE vocabulary")
    data.add_argument("--window", type=int, default=256,
                      help="tokens in the longest packed window; also the number of positions")
    model = parser.add_argument_group("model")
    model.add_argument("--layers", type=int, default=4, help="encoder layers")
    model.add_argument("--hidden", type=int, default=256, help="width of the residual stream")
    model.add_argument("--intermediate", type=int, default=1024, help="feed-forward neurons a layer")
    model.add_argument("--heads", type=int, default=4, help="attention heads a layer")
    model.add_argument("--dropout", type=float, default=0.0,
                       help="hidden dropout probability, also written to the config")
    training = parser.add_argument_group("training")
    training.add_argument("--tokens", type=float, default=25e6, help="length of the run, tokens")
    training.add_argument("--batch", type=int, default=4096, help="tokens a step")
    training.add_argument("--short", type=float, default=1.5e6,
                          help="tokens in windows of an eighth of the length; then halves, from 60%% of the run whole "
                               "ones")
    training.add_argument("--mask_rates", type=float, nargs=2, default=[0.1, 0.5], metavar=("LOW", "HIGH"),
                          help="masked share of a window: spread evenly between these over the windows of a batch")
    training.add_argument("--lr", type=float, default=1e-3,
                          help="peak learning rate of AdamW: embeddings, head, norms, biases")
    training.add_argument("--muon_lr", type=float, default=2e-3,
                          help="peak learning rate of Muon: the matrices of the layers")
    training.add_argument("--weight_decay", type=float, default=0.02, help="decoupled weight decay of the matrices")
    training.add_argument("--warmup", type=float, default=0.4e6, help="tokens of linear warm-up")
    training.add_argument("--decay", type=float, default=0.3,
                          help="last share of the run over which the rate falls to 0")
    training.add_argument("--random_seed", type=int, default=1, help="seed of weights, batches and masks")
    training.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    run = parser.add_argument_group("files")
    run.add_argument("--work_dir", type=Path, default=Path("pretrain_run"),
                     help="state of the run and the latest model")
    run.add_argument("--save_minutes", type=float, default=5, help="minutes between saves")
    run.add_argument("--output_dir", type=Path, default=Path(__file__).parent,
                     help="where the finished model is exported")
    return parser.parse_args()


def read_comments(path):
    """Text column of a GoEmotions TSV file, in file order."""
    return [line.split("\t")[0] for line in path.read_text(encoding="utf-8").splitlines() if line]


def read_sentences(path):
    """Non-empty lines of a text file, plain or xz."""
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip()]


def train_tokenizer(comments, sentences, size, window):
    """Lower-casing byte-level BPE with RoBERTa's special tokens.

    Parameters
    ----------
    comments, sentences : list of str
        Comments count four times; otherwise Wikipedia, five times longer, would choose nearly all of the vocabulary.
    size : int
        Entries of the vocabulary.
    window : int
        Positions of the model; RoBERTa's own position ids leave the first two of them out.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        Gives `<s> text </s>`; `negative` and `positive`, without a leading space, are entries of their own.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace("’", "'"), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    # Text rarely starts with the two label words: these copies make merges that spell them without a space worthwhile.
    tokenizer.train_from_iterator(comments * 4 + sentences + LABEL_WORDS * 10_000, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", BOS), ("</s>", EOS)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", cls_token="<s>", eos_token="</s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", mask_token=AddedToken("<mask>", lstrip=True, special=True),
        model_max_length=window - PAD - 1, padding_side="right")


class Documents:
    """Encoded texts end to end, from which random windows are cut.

    Parameters
    ----------
    encoded : list of list of int
        Token ids of each text, `<s>` and `</s>` included.
    run : int
        How many consecutive texts are drawn together.
    """

    def __init__(self, encoded, run=1):
        self.flat = np.concatenate([np.asarray(ids, np.int64) for ids in encoded])
        self.start = np.concatenate([[0], np.cumsum([len(ids) for ids in encoded])])
        self.run = run

    def draw(self, generator, count, length):
        """Pack random texts, back to back, into windows.

        The first text is cut at a random place and every window continues where the one before ended, so a window
        begins anywhere in a text and every position sees every part of texts.

        Returns
        -------
        array of int64, [count, length]
        """
        pieces, wanted = [], count * length
        while wanted > 0:
            text = generator.integers(len(self.start) - 1)
            begin, end = self.start[text], self.start[min(text + self.run, len(self.start) - 1)]
            if not pieces:
                begin = generator.integers(begin, end)
            pieces.append(self.flat[begin:end])
            wanted -= end - begin
        return np.concatenate(pieces)[:count * length].reshape(count, length)


def make_batch(sources, counts, length, args, generator, spaceless):
    """One training batch.

    Parameters
    ----------
    sources : list of Documents
    counts : list of int
        Windows from each source.
    length : int
        Tokens in a window.
    generator : numpy.random.Generator
    spaceless : dict of int to int
        Entries of the label words with a leading space -> without.

    Returns
    -------
    inputs : int64 tensor [batch, length]
        With `<mask>` in place of the hidden tokens.
    positions : int64 tensor [batch, length]
        A window shorter than the model's positions lies anywhere among them, one in four at their beginning.
    places : int64 tensor [masked]
        Hidden places as indices into the flattened batch: as many in every batch, so compiled shapes stay the same.
    targets : int64 tensor [masked]
        What is hidden there.
    """
    windows = np.concatenate([source.draw(generator, count, length) for source, count in zip(sources, counts)])
    for with_space, without in spaceless.items():
        # Half of the label words lose their space, or the entries that answers are read from would hardly be trained.
        windows[(windows == with_space) & (generator.random(windows.shape) < 0.5)] = without
    score = generator.random(windows.shape)
    score[windows < len(SPECIAL)] += 2  # special tokens are never hidden
    score[::2, 0] -= 1  # a prompted input begins with <mask>: half of the windows do here
    rates = generator.permutation(np.linspace(*args.mask_rates, len(windows)))
    order = np.argsort(score, axis=1)
    numbers = np.round(rates * length).astype(int)
    hidden = np.concatenate([row * length + order[row, :number] for row, number in enumerate(numbers)])
    inputs = windows.copy()
    inputs.reshape(-1)[hidden] = MASK
    offset = generator.integers(args.window - length + 1, size=(len(windows), 1))
    offset[::4] = 0
    positions = offset + np.arange(length)
    return tuple(map(torch.from_numpy, (inputs, positions, hidden, windows.reshape(-1)[hidden])))


def masked_loss(model, inputs, positions, places, targets):
    """Mean cross-entropy, nats, at the hidden places; logits are computed there only."""
    # Positions 0, 1, 2, ...: as prompts use them, not RoBERTa's offset by the padding index.
    states = model.roberta.embeddings(inputs, position_ids=positions)
    for layer in model.roberta.encoder.layer:
        states = layer(states)
    return F.cross_entropy(model.lm_head(states.flatten(0, 1)[places]).float(), targets)


def make_model(args, counts):
    """A RoBERTa of the asked shape with random weights.

    With the usual initialization, a run of this size goes mostly into learning word frequencies. Tied embeddings learn
    them as a direction common to all words, which hides from the layers what the words are. And to predict a hidden
    word from its neighbours, the model must first find them among positions that all look alike. So frequencies start
    in the output bias, positions as sinusoids, and the heads of the lower half look at neighbours (compare the
    "mimetic initialization" of Trockman and Kolter, 2023). All of it is trained further.

    Parameters
    ----------
    counts : array [vocabulary]
        How often each entry occurs in the corpus.
    """
    config = RobertaConfig(
        vocab_size=args.vocabulary, hidden_size=args.hidden, num_hidden_layers=args.layers,
        num_attention_heads=args.heads, intermediate_size=args.intermediate, max_position_embeddings=args.window,
        type_vocab_size=1, layer_norm_eps=1e-5, hidden_dropout_prob=args.dropout, attention_probs_dropout_prob=0.0,
        bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS)
    model = RobertaForMaskedLM(config)
    # Position 1 is RoBERTa's padding position and would stay zero; here it is a position like the others.
    position = model.roberta.embeddings.position_embeddings
    position.padding_idx = None
    size = args.hidden // args.heads  # of a head, and of the part of the embedding where positions start
    rates = 1.5 * 300 ** -torch.linspace(0, 1, size // 2)
    angles = torch.arange(args.window)[:, None] * rates
    words = model.roberta.embeddings.word_embeddings.weight
    with torch.no_grad():
        position.weight.zero_()[:, :size] = torch.cat([angles.sin(), angles.cos()], 1) * 0.05 * 2 ** 0.5
        words.normal_(std=0.05)[:, :size] = 0
        for matrix in matrices_of(model):
            matrix.normal_(std=matrix.shape[1] ** -0.5)
        for layer in model.roberta.encoder.layer[:args.layers // 2]:
            attention = layer.attention.self
            for head in range(args.heads):
                # A query turned by `shift` positions matches the key that far away; sinusoids turn exactly.
                shift = (-1) ** head * (1 + head // 2)
                sine, cosine = torch.diag((shift * rates).sin()), torch.diag((shift * rates).cos())
                rows = slice(head * size, (head + 1) * size)
                turn = torch.cat([torch.cat([cosine, sine], 1), torch.cat([-sine, cosine], 1)])
                attention.key.weight[rows, :size] = 1.2 * torch.eye(size)
                attention.query.weight[rows, :size] = 1.2 * turn
                for projection in (attention.query, attention.key):
                    projection.weight[rows, size:] *= 0.2
        share = (counts + 1) / (counts + 1).sum()
        model.lm_head.bias.copy_(torch.from_numpy(np.log(share)))
    return model


def matrices_of(model):
    """Weight matrices of the encoder's layers."""
    return [p for p in model.roberta.encoder.parameters() if p.ndim == 2]


def make_optimizers(model, args):
    """Muon for the matrices of the layers, AdamW for embeddings, head, norms and biases."""
    matrices = matrices_of(model)
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=args.muon_lr, weight_decay=args.weight_decay, momentum=0.95,
                         adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([{"params": [p for p in rest if p.ndim == 2], "weight_decay": args.weight_decay},
                           {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0}],
                          lr=args.lr, betas=(0.9, 0.98), eps=1e-8, fused=True)]


def rate_factor(tokens, args):
    """Warm up, stay, then fall linearly to 0 at the end of the run."""
    left = (args.tokens - tokens) / (args.decay * args.tokens)
    return max(0.0, min(1.0, (tokens + 1) / args.warmup, left))


def window_length(tokens, args):
    """Tokens in a window: short ones first, where attention has less to search and steps are cheaper."""
    share = tokens / args.tokens
    return args.window // 8 if tokens < args.short else args.window // 2 if share < 0.6 else args.window


def export(model, tokenizer, folder):
    """Write config, float16 weights and tokenizer, each file whole or not at all."""
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    half = RobertaForMaskedLM(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    for file in partial.iterdir():
        os.replace(file, folder / file.name)
    partial.rmdir()


def main():
    args = parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.random_seed)
    args.work_dir.mkdir(parents=True, exist_ok=True)
    args.output_dir.mkdir(parents=True, exist_ok=True)

    comments, sentences = read_comments(args.goemotions), read_sentences(args.wikipedia)
    held_out = set(np.random.default_rng(args.random_seed).choice(len(comments), args.held_out, replace=False).tolist())
    kept = [text for row, text in enumerate(comments) if row not in held_out]
    tokenizer = train_tokenizer(kept, sentences, args.vocabulary, args.window)

    def encode(texts):
        return tokenizer(texts)["input_ids"]

    sources = [Documents(encode(kept)), Documents(encode(sentences), run=4)]
    unseen = Documents(encode([comments[row] for row in sorted(held_out)]))
    index = tokenizer.convert_tokens_to_ids
    spaceless = {index("Ġ" + word): index(word) for word in LABEL_WORDS}
    if UNK in spaceless.keys() | spaceless.values():
        raise SystemExit(f"a vocabulary of {args.vocabulary} entries lacks the label words: make --vocabulary larger")
    print(f"GoEmotions {len(sources[0].flat):,} tokens, Wikipedia {len(sources[1].flat):,}, "
          f"held out {len(unseen.flat):,}", flush=True)

    # Occurrences in a million tokens of the mixture.
    counts = sum(1e6 * share * np.bincount(source.flat, minlength=args.vocabulary) / len(source.flat)
                 for share, source in zip((args.share, 1 - args.share), sources))
    model = make_model(args, counts)
    model.config.label_ids = [index(word) for word in LABEL_WORDS]  # what `framework.roberta` reads answers from
    optimizers = make_optimizers(model, args)
    compiled = torch.compile(masked_loss, dynamic=False)
    step, state_file = 0, args.work_dir / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        step = state["step"]
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        print(f"continued from step {step}", flush=True)

    def save():
        state = {"step": step, "model": model.state_dict(),
                 "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
        torch.save(state, state_file.with_suffix(".partial"))
        os.replace(state_file.with_suffix(".partial"), state_file)
        (args.work_dir / "model").mkdir(exist_ok=True)
        export(model, tokenizer, args.work_dir / "model")

    def held_out_loss():
        # The same windows and masks every time.
        model.eval()
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            batches = [make_batch([unseen], [16], args.window, args, np.random.default_rng(i), spaceless)
                       for i in range(4)]
            losses = [masked_loss(model, *batch) for batch in batches]
        model.train()
        return sum(losses).item() / len(losses)

    steps = math.ceil(args.tokens / args.batch)
    print(f"{model.num_parameters():,} parameters, {steps:,} steps of {args.batch:,} tokens", flush=True)
    running, began, saved, shown = None, time.time(), time.time(), step
    while step < steps:
        factor = rate_factor(step * args.batch, args)
        for optimizer, peak in zip(optimizers, (args.muon_lr, args.lr)):
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
        # A batch depends on the seed and the step alone: a continued run draws what an unbroken one would have drawn.
        length = window_length(step * args.batch, args)
        from_goemotions = round(args.share * args.batch / length)
        counts = [from_goemotions, args.batch // length - from_goemotions]
        generator = np.random.default_rng([args.random_seed, step])
        batch = make_batch(sources, counts, length, args, generator, spaceless)
        with torch.autocast("cpu", torch.bfloat16):
            loss = compiled(model, *batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            rate = (step - shown) * args.batch / (time.time() - began)
            began, shown = time.time(), step
            print(f"step {step} tokens {step * args.batch / 1e6:.2f}M loss {running:.3f} lr {args.lr * factor:.2e} "
                  f"{rate:,.0f} tokens/s {(steps - step) * args.batch / rate / 60:.0f} min left", flush=True)
        if time.time() - saved > args.save_minutes * 60 or step == steps:
            save()
            print(f"saved at step {step}; held-out loss {held_out_loss():.3f}", flush=True)
            saved = time.time()
    export(model, tokenizer, args.output_dir)
    print(f"wrote {args.output_dir}: {step * args.batch:,} tokens, held-out loss {held_out_loss():.3f}")


if __name__ == "__main__":
    main()
