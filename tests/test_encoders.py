"""Every family of encoders: the same answers as the model itself, neurons that are gone when masked, all six steps."""

import copy
import importlib
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram, WordPiece
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerFast

from framework import artifacts
from framework.errors import UserError
from framework.model import former as encoders
from framework.model import loading, neurons
from framework.model.noise import RowNoise
from framework.old_trainer import PromptTrainer, Task, TrainSettings, count_right
from framework.tasks import TaskRows

ROOT = Path(__file__).resolve().parents[1]
# What each family's tiny model has beside the sizes of all, and which kind of tokenizer its published models have.
FAMILIES = {
    "albert": ("unigram", {"embedding_size": 8, "inner_group_num": 2}),
    "bert": ("wordpiece", {"chunk_size_feed_forward": 1}),
    "big_bird": ("unigram", {}),
    "camembert": ("unigram", {"type_vocab_size": 1}),
    "data2vec-text": ("bytes", {"type_vocab_size": 1}),
    "deberta": ("bytes", {"relative_attention": True, "position_biased_input": False,
                          "pos_att_type": ["p2c", "c2p"]}),
    "deberta-v2": ("unigram", {"relative_attention": True, "position_biased_input": False, "share_att_key": True,
                               "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "position_buckets": 8,
                               "conv_kernel_size": 3}),
    "distilbert": ("wordpiece", {"hidden_dim": 32}),
    "electra": ("wordpiece", {"embedding_size": 8}),
    "ernie": ("wordpiece", {}),
    "eurobert": ("bytes", {"num_key_value_heads": 1}),
    "gte": ("unigram", {}),
    "jina_embeddings_v3": ("unigram", {}),
    "luke": ("bytes", {}),
    "megatron-bert": ("wordpiece", {}),
    "modernbert": ("bytes", {"local_attention": 8}),
    "mpnet": ("wordpiece", {}),
    "nomic_bert": ("wordpiece", {}),
    "rembert": ("unigram", {"input_embedding_size": 8, "output_embedding_size": 24}),
    "roberta": ("bytes", {"type_vocab_size": 1}),
    "roberta-prelayernorm": ("bytes", {"type_vocab_size": 1}),
    "roformer": ("wordpiece", {}),
    "ultrabert": ("bytes", {"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"],
                            "num_key_value_heads": 1}),
    "xlm-roberta": ("unigram", {"type_vocab_size": 1}),
    "xlm-roberta-xl": ("unigram", {"type_vocab_size": 1}),
}
family = pytest.mark.parametrize("name", FAMILIES)


@pytest.fixture(scope="module")
def tokenizers():
    """Three kinds of tokenizers: bytes as RoBERTa's, word pieces as BERT's, a unigram model as ALBERT's."""
    texts = pd.read_csv(ROOT / "data" / "demo" / "train.csv").text[:400].str.lower().tolist()
    words = ["negative", "positive", "bad", "good"]
    words += [word for word, _ in Counter(" ".join(texts).split()).most_common(300)]
    letters = sorted(set("".join(texts)) - {" "})
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
               "mask_token": "[MASK]"}
    made = {"bytes": AutoTokenizer.from_pretrained(ROOT / "backbone")}
    for kind, splitter, pieces in (
        ("wordpiece", pre_tokenizers.BertPreTokenizer(), [*words, *letters, *(f"##{letter}" for letter in letters)]),
        ("unigram", pre_tokenizers.Metaspace(), [*(f"▁{word}" for word in words), "▁", *letters]),
    ):
        vocabulary = list(dict.fromkeys([*special.values(), *pieces]))
        tokenizer = Tokenizer(
            WordPiece({piece: i for i, piece in enumerate(vocabulary)}, unk_token="[UNK]") if kind == "wordpiece" else
            Unigram([(piece, -1.0) for piece in vocabulary], unk_id=1))
        tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), splitter
        tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]",
                                                                 special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        made[kind] = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    return made


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory, tokenizers):
    """Makes, once, the folder of a family's tiny random model and its tokenizer."""
    made = {}

    def make(name):
        if name not in made:
            kind, more = FAMILIES[name]
            tokenizer, folder = tokenizers[kind], tmp_path_factory.mktemp(name)
            tokenizer.save_pretrained(folder)
            config = AutoConfig.for_model(name, **{
                "vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
                "intermediate_size": 32, "max_position_embeddings": 80, "initializer_range": 0.5,
                "pad_token_id": tokenizer.pad_token_id, **more})
            torch.manual_seed(0)
            model = AutoModelForMaskedLM.from_config(config)
            for parameter in model.parameters():  # biases begin at 0, where a forgotten one would not show
                torch.nn.init.normal_(parameter, mean=parameter.mean().item(), std=0.5)
            model.save_pretrained(folder)
            made[name] = folder
        return made[name]

    return make


def load(folder):
    """The model as every script loads it, in float64, its tokenizer, and its label ids."""
    model, tokenizer, _ = loading.load_backbone(str(folder), prompt_len=5, dtype=torch.float64)
    return model, tokenizer, loading.find_label_ids(tokenizer, ("negative", "positive"), "")


def make_inputs(model, tokenizer, rows=4, length=9):
    """Input ids, one prompt a row, and masks that differ."""
    generator = torch.Generator().manual_seed(1)
    input_ids = torch.randint(10, 300, (rows, length), generator=generator)
    input_ids[:, 0] = tokenizer.mask_token_id
    prompt = torch.randn(rows, 5, model.prompt_width, dtype=torch.float64, generator=generator)
    masks = (torch.rand(3, *neurons.shape(model), generator=generator) > 0.3).double()
    return input_ids, prompt, masks


@family
def test_a_prompt_of_words_reads_as_those_words(folder_of, name):
    """The two logits are the model's own at the mask token, positions counted from 0."""
    model, tokenizer, label_ids = load(folder_of(name))
    plain = AutoModelForMaskedLM.from_pretrained(folder_of(name), dtype=torch.float64).eval()
    input_ids, _, _ = make_inputs(model, tokenizer)
    prompt = plain.get_input_embeddings()(input_ids[:, 1:6])
    segments = getattr(getattr(plain.base_model, "embeddings", None), "token_type_embeddings", None)
    prompt = prompt if segments is None else prompt + segments.weight[0]
    positions = torch.arange(input_ids.shape[1]).expand(len(input_ids), -1)
    with torch.no_grad():
        expected = plain(input_ids, position_ids=positions).logits[:, 0, label_ids]
        logits = model(input_ids[:, [0, 6, 7, 8]], prompt=prompt).logits
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-6 if name == "modernbert" else 1e-12)


@pytest.mark.parametrize("name", ["roberta", "xlm-roberta", "camembert"])
def test_robertas_equal_the_fast_class(folder_of, name):
    folder = folder_of(name)
    fast, tokenizer, label_ids = load(folder)
    general, _ = encoders.load(folder, AutoConfig.from_pretrained(folder), label_ids, torch.float64)
    assert type(fast) is not type(general.eval())
    input_ids, prompt, masks = make_inputs(fast, tokenizer)
    attended = torch.arange(9) < torch.tensor([[9], [4], [7], [2]])
    for options in ({}, {"neuron_masks": masks}):
        with torch.no_grad():
            ours, theirs = (model(input_ids, attended, prompt=prompt, **options).logits for model in (general, fast))
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    torch.testing.assert_close(neurons.read(general, tokenizer, prompt), neurons.read(fast, tokenizer, prompt))
    assert neurons.shape(general) == neurons.shape(fast) == (2, 32)


def unshared(model):
    """The same ALBERT with weights of its own in every pass, since an edit of shared weights is felt in each."""
    config = copy.deepcopy(model.config)
    config.num_hidden_groups = config.num_hidden_layers
    twin = encoders.PromptedEncoder(AutoModelForMaskedLM.from_config(config), (0, 1)).double().eval()
    weights = model.state_dict()
    twin.load_state_dict({key: weights[key.replace("layer_groups.1", "layer_groups.0")] for key in twin.state_dict()})
    return twin


@family
def test_a_masked_neuron_is_gone(folder_of, name):
    """Masking neurons, some of one layer at a time, equals cutting the weights that lead out of them."""
    model, tokenizer, _ = load(folder_of(name))
    input_ids, prompt, _ = make_inputs(model, tokenizer)
    layers, units = neurons.shape(model)
    edited = unshared(model) if name == "albert" else copy.deepcopy(model)
    linears = neurons.feed_forward(edited)
    assert (len(linears), linears[0].in_features) == (layers, units) == (4 if name == "albert" else 2, 32)
    for layer in range(layers):
        chosen = slice(layer, None, 5)
        mask = torch.ones(1, layers, units, dtype=torch.float64)
        mask[0, layer, chosen] = 0
        with torch.no_grad():
            weight = linears[layer].weight
            columns = weight[:, chosen].clone()
            weight[:, chosen] = 0
            cut = edited(input_ids, prompt=prompt).logits
            weight[:, chosen] = columns
            whole = model(input_ids, prompt=prompt).logits
            masked = model(input_ids, prompt=prompt, neuron_masks=mask).logits[0]
        torch.testing.assert_close(masked, cut, rtol=0, atol=1e-6 if name == "modernbert" else 1e-12)
        assert (whole - cut).abs().max() > 1e-4, "the neurons matter"


@family
def test_padding_and_neighbours_change_nothing(folder_of, name):
    """Rows of different lengths and several masks in one batch give what each row gives alone."""
    model, tokenizer, _ = load(folder_of(name))
    input_ids, prompt, masks = make_inputs(model, tokenizer)
    lengths = [9, 4, 7, 2]
    attended = torch.arange(9) < torch.tensor(lengths)[:, None]
    input_ids[~attended] = tokenizer.pad_token_id
    with torch.no_grad():
        plain = model(input_ids, attended, prompt=prompt).logits
        masked = model(input_ids, attended, prompt=prompt, neuron_masks=masks).logits
        for row, length in enumerate(lengths):
            alone = model(input_ids[row: row + 1, :length], prompt=prompt[row]).logits[0]
            torch.testing.assert_close(plain[row], alone, rtol=0, atol=1e-6)
            for index in range(len(masks)):
                alone = model(input_ids[row: row + 1, :length], prompt=prompt[row], neuron_masks=masks[[index]]).logits
                torch.testing.assert_close(masked[index, row], alone[0, 0], rtol=0, atol=1e-6)


def drop_out_a_tenth(model):
    """Wherever the family has dropout."""
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout) and "pos_dropout" not in path:
            module.p = 0.1
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.1


@family
def test_dropout_is_the_rows_own(folder_of, name):
    """A row meets the same noise beside others, however far it is padded, and other noise from another seed."""
    model, tokenizer, _ = load(folder_of(name))
    drop_out_a_tenth(model)
    input_ids, prompt, _ = make_inputs(model, tokenizer)
    lengths, seeds = np.array([9, 4, 7, 2]), np.array([5, 6, 7, 8], np.uint64)
    attended = torch.arange(9) < torch.from_numpy(lengths)[:, None]
    input_ids[~attended] = tokenizer.pad_token_id
    model.train()

    def logits(rows, seeds=seeds):
        longest = lengths[rows].max()
        with torch.no_grad(), RowNoise(seeds[rows], lengths[rows] + 5):
            return model(input_ids[rows, :longest], attended[rows, :longest], prompt=prompt[rows]).logits

    together = logits([0, 1, 2, 3])
    for row in range(4):
        torch.testing.assert_close(logits([row])[0], together[row], rtol=0, atol=1e-6)
    assert ((logits([0, 1, 2, 3], seeds + np.uint64(1)) - together).abs() > 1e-4).all()
    assert (logits([0, 1, 2, 3]) == together).all()


@family
def test_what_a_device_computes_stays_there(folder_of, name, monkeypatch):
    """On torch's "meta", which has shapes and no numbers: what stands in for a GPU where there is none."""
    # It looks whether anything is padded.
    monkeypatch.setattr("transformers.masking_utils._ignore_bidirectional_mask_sdpa", lambda *arguments, **more: False)
    model, tokenizer, _ = load(folder_of(name))
    drop_out_a_tenth(model)
    _, _, masks = make_inputs(model, tokenizer)
    model.to("meta")
    random = np.random.default_rng(0)
    tokens = [np.array([tokenizer.mask_token_id, *random.integers(10, 300, length)]) for length in (3, 9, 5, 5)]
    rows = TaskRows(np.arange(4), np.arange(4) % 2)
    trainer = PromptTrainer(model, tokens, tokens, TrainSettings(prompt_len=5), positions_per_batch=30)
    trainer.add(Task("fear", 1, rows, rows))
    losses = trainer.step(trainer.next_rows())
    right = count_right(model, tokens, rows, trainer.prompts[0], 60, neuron_masks=masks.to("meta"))
    assert losses.is_meta and trainer.prompts.is_meta and right.is_meta


@family
def test_answers_are_not_rounded_to_bfloat16(folder_of, name):
    """Where they are, one in twenty is a tie: the head computes in float32 whatever the precision of the rest."""
    model, tokenizer, _ = loading.load_backbone(str(folder_of(name)), 5, dtype=torch.bfloat16)
    input_ids, prompt, masks = make_inputs(model, tokenizer)
    for options in ({}, {"neuron_masks": masks}):
        logits = model(input_ids, prompt=prompt, **options).logits
        assert model.dtype == torch.bfloat16 and (logits != logits.bfloat16()).any()


@family
def test_only_the_prompt_learns(folder_of, name):
    model, tokenizer, _ = load(folder_of(name))
    input_ids, prompt, _ = make_inputs(model, tokenizer)
    model.train()(input_ids, prompt=prompt.requires_grad_(True)).logits[:, 1].sum().backward()
    assert (prompt.grad.abs().amax(dim=-1) > 0).all(), "every vector of every row's prompt"
    assert all(parameter.grad is None for parameter in model.parameters())


def run_main(name, *flags, monkeypatch, folder):
    """Run a script in this process, since starting ten times five takes minutes."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [name, *map(str, flags)])
    importlib.import_module(name.removesuffix(".py")).main()


@family
def test_all_six_steps(folder_of, name, tmp_path, monkeypatch):
    model = ["--pretrained_model", folder_of(name)]
    tasks = ["--sentiment", "fear", "joy", "gratitude", "anger", "--random_seed", 1]
    for command in (
        ["train.py", *tasks, *model, "--dataset=demo", "--prompt_len=4", "--epochs=1", "--label_words", "bad", "good"],
        ["get_active_neuron.py", *tasks, *model],
        ["rsa_searchlight.py", "--attributes", ROOT / "data" / "demo" / "attribute_ratings.csv"],
        ["gen_mask.py", "--thresholds", 8],
        ["eval_mask_neuron.py", *tasks, *model, "--dataset=demo"],
    ):
        run_main(*command, monkeypatch=monkeypatch, folder=tmp_path)
    shape = (4, 32) if name == "albert" else (2, 32)
    activations, _ = artifacts.read_activations(tmp_path / "active_neuron_before_relu_csv", ["fear", "joy"])
    assert activations.shape[2] == np.prod(shape)
    masks = artifacts.read_masks(tmp_path / "masks" / "RSA_14property_top_500_6000.pkl")
    assert {tuple(mask.shape) for mask in masks.values()} == {shape}
    for emotion in ("fear", "joy", "gratitude", "anger"):
        trained = artifacts.read_checkpoint(tmp_path / "checkpoint" / f"{emotion}-1.pt")
        result = artifacts.read_json(
            tmp_path / "eval_mask_neuron_result" / "RSA_14property_top_500_6000" / f"{emotion}-1.json")
        assert result["best"] == trained["best_acc"] and set(masks) < set(result)
        assert trained["settings"]["label_words"] == result["settings"]["label_words"] == ["bad", "good"]


def test_evaluation_with_other_label_words_is_refused(folder_of, tmp_path, monkeypatch):
    flags = ["--sentiment", "fear", "--random_seed", 1, "--pretrained_model", folder_of("bert"), "--dataset=demo"]
    run_main("train.py", *flags, "--prompt_len=4", "--epochs=1", monkeypatch=monkeypatch, folder=tmp_path)
    artifacts.write_masks("masks.pkl", {"valence_top1": torch.ones(2, 32)})
    with pytest.raises(UserError, match="fear-1.pt: was trained with --label_words negative positive, not bad good"):
        run_main("eval_mask_neuron.py", *flags, "--maskPath=masks.pkl", "--label_words", "bad", "good",
                 monkeypatch=monkeypatch, folder=tmp_path)


def test_label_words_that_are_no_token(folder_of, monkeypatch):
    for word in ("unhelpful", "улыбка"):  # several tokens, the unknown token
        with pytest.raises(UserError, match=f"'{word}' is not one token .* --label_words negative positive or "
                                            "--label_words bad good"):
            loading.load_backbone(str(folder_of("bert")), 5, label_words=(word, "good"))
    tokenizer = AutoTokenizer.from_pretrained(folder_of("bert"))
    monkeypatch.setattr(loading, "OTHER_LABEL_WORDS", ())  # none of them is in its vocabulary
    with pytest.raises(UserError, match="two of its whole words, such as ") as error:
        loading.find_label_ids(tokenizer, ("unhelpful", "good"), "")
    suggested = re.search("such as (.*):", str(error.value))[1].split(", ")
    assert len(set(loading.find_label_ids(tokenizer, suggested[:2], ""))) == 2
    with pytest.raises(UserError, match="same token"):
        loading.load_backbone(str(folder_of("bert")), 5, label_words=("good", "Good"))


def test_label_words_as_a_text_begins_with_them(tokenizers):
    """RoBERTa's without a leading space, as in the study; a unigram model's with its mark of a word's beginning."""
    for kind, form in (("bytes", "negative"), ("wordpiece", "negative"), ("unigram", "▁negative")):
        ids = loading.find_label_ids(tokenizers[kind], ("negative", "positive"), "")
        assert tokenizers[kind].convert_ids_to_tokens(ids[0]) == form


def test_label_word_that_is_one_token_after_a_space_only(tokenizers):
    tokenizer = tokenizers["bytes"]
    word = next(token[1:] for token in tokenizer.get_vocab() if token.startswith("Ġ") and token[1:].isalpha()
                and len(tokenizer(token[1:], add_special_tokens=False)["input_ids"]) > 1)
    ids = loading.find_label_ids(tokenizer, (word, "positive"), "")
    assert tokenizer.convert_ids_to_tokens(ids) == [f"Ġ{word}", "positive"]


def test_model_of_an_unknown_family(tmp_path):
    AutoConfig.for_model("gpt2").save_pretrained(tmp_path)
    with pytest.raises(UserError, match="is a gpt2 model; choose one of albert, bert, .*, xlm-roberta"):
        loading.load_backbone(str(tmp_path), 5)


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_model_without_a_masked_language_head(folder_of, tmp_path, name):
    AutoModel.from_pretrained(folder_of(name)).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder_of(name)).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="has no weights for .*masked-language head"):
        loading.load_backbone(str(tmp_path), 5)


def test_deberta_trained_to_find_replaced_words(folder_of, tmp_path):
    """DeBERTa v3's checkpoints have a head of the right name beside the one that was trained."""
    shutil.copytree(folder_of("deberta-v2"), tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / "model.safetensors")
    weights["mask_predictions.dense.weight"] = torch.zeros(2)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match="has no weights for lm_predictions.*masked-language head"):
        loading.load_backbone(str(tmp_path), 5)


def test_tokenizer_without_a_mask_token(folder_of, tmp_path):
    AutoModelForMaskedLM.from_pretrained(folder_of("bert")).save_pretrained(tmp_path)
    backend = AutoTokenizer.from_pretrained(folder_of("bert")).backend_tokenizer
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]").save_pretrained(tmp_path)
    with pytest.raises(UserError, match="no mask token"):
        loading.load_backbone(str(tmp_path), 5)


def test_a_tokenizers_package_that_is_missing_is_named(folder_of, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    folder = shutil.copytree(folder_of("roformer"), tmp_path / "model")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nnegative\npositive\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "RoFormerTokenizer"}')
    with pytest.raises(UserError, match="needs a package that is not installed: .*rjieba"):
        load(folder)


@pytest.mark.parametrize("name", ["deberta", "deberta-v2"])
def test_deberta_with_the_names_of_its_publisher(folder_of, name, tmp_path):
    """Microsoft's checkpoints name the head `lm_predictions`, which transformers reads with `legacy=False` only."""
    config = AutoConfig.from_pretrained(folder_of(name))
    config.legacy = False
    torch.manual_seed(0)
    published = AutoModelForMaskedLM.from_config(config).double().eval()
    torch.nn.init.normal_(published.lm_predictions.lm_head.bias)
    published.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder_of(name)).save_pretrained(tmp_path)
    model, tokenizer, label_ids = load(tmp_path)
    input_ids, _, _ = make_inputs(model, tokenizer)
    prompt = model.get_input_embeddings()(input_ids[:, 1:6])
    with torch.no_grad():
        expected = published(input_ids).logits[:, 0, label_ids]
        logits = model(input_ids[:, [0, 6, 7, 8]], prompt=prompt).logits
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
