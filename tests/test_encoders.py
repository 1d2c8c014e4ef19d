"""Every family of encoders: the same answers as the model itself, neurons that are gone when masked, all six steps."""

import copy
import importlib
import json
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
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    LukeTokenizer,
    PreTrainedTokenizerFast,
)

from framework.errors import UserError
from framework.files import activations, prompts, results
from framework.files import masks as mask_files
from framework.model import encoders, loading, speed, statistics
from framework.model.comments import token_spans
from framework.model.neurons import Intervention
from framework.model.noise import RowNoise
from framework.roberta import RobertaForMaskedLMPrompt

ROOT = Path(__file__).resolve().parents[1]
# The tokenizer that each family's published models use, and its tiny model's settings besides the common sizes.
FAMILIES = {
    "albert": ("unigram", {"embedding_size": 8, "inner_group_num": 2}),
    "bert": ("wordpiece", {"chunk_size_feed_forward": 1}),
    "big_bird": ("unigram", {"rescale_embeddings": True}),
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
    """Make the folder of a family's tiny random model and its tokenizer, once."""
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


def load(folder, dtype=torch.float64):
    """The model as every script loads it."""
    return loading.load(str(folder), dtype=dtype).model


def make_inputs(model, lengths=(9, 9, 9, 9)):
    """Rows, one prompt for each, and changes of neurons that differ."""
    generator = torch.Generator().manual_seed(1)
    rows = [np.array([model.tokenizer.mask_token_id, *torch.randint(10, 300, (length - 1,), generator=generator)])
            for length in lengths]
    prompts = torch.randn(len(rows), 5, model.prompt_width, dtype=torch.float64, generator=generator)
    multiply = (torch.rand(3, *model.shape, generator=generator) > 0.3).double()
    add = torch.randn(3, *model.shape, generator=generator).double()
    return rows, prompts, Intervention(multiply, (1 - multiply) * add)


@family
def test_a_prompt_of_words_reads_as_those_words(folder_of, name):
    """Logits and gradient are the model's own at the mask token, positions counted from 0."""
    model = load(folder_of(name))
    label_ids = loading.find_label_ids(model.tokenizer, ("negative", "positive"), "")
    plain = AutoModelForMaskedLM.from_pretrained(folder_of(name), dtype=torch.float64).eval()
    rows, _, _ = make_inputs(model)
    input_ids = torch.from_numpy(np.stack(rows))
    words = plain.get_input_embeddings()(input_ids).detach()
    chosen = words[:, 1:6].clone().requires_grad_()
    positions = torch.arange(9).expand(len(rows), -1)
    expected = plain(inputs_embeds=torch.cat([words[:, :1], chosen, words[:, 6:]], dim=1),
                     position_ids=positions).logits[:, 0, label_ids]
    assert torch.allclose(expected, plain(input_ids, position_ids=positions).logits[:, 0, label_ids])
    types = getattr(getattr(plain.base_model, "embeddings", None), "token_type_embeddings", None)
    scale = 4 if name == "big_bird" else 1  # it multiplies all inputs by the square root of their 16 numbers
    prompts = (chosen if types is None else chosen + types.weight[0] / scale).detach().requires_grad_()
    logits = model([row[[0, 6, 7, 8]] for row in rows], prompts)
    tolerance = dict(rtol=0, atol=1e-6 if name == "modernbert" else 1e-12)
    torch.testing.assert_close(logits, expected, **tolerance)
    gradients = (torch.autograd.grad(output[:, 1].sum(), prompt)[0]
                 for output, prompt in ((logits, prompts), (expected, chosen)))
    torch.testing.assert_close(*gradients, **tolerance)
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("name", ["roberta", "xlm-roberta", "camembert"])
def test_robertas_equal_the_classes_of_step_2(folder_of, name):
    model = load(folder_of(name))
    label_ids = loading.find_label_ids(model.tokenizer, ("negative", "positive"), "")
    twin = RobertaForMaskedLMPrompt.from_pretrained(folder_of(name), label_ids=label_ids, dtype=torch.float64).eval()
    rows, prompts, change = make_inputs(model, (9, 4, 7, 2))
    input_ids = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)
    attended = torch.arange(9) < torch.tensor([[9], [4], [7], [2]])
    with torch.no_grad():
        torch.testing.assert_close(model(rows, prompts), twin(input_ids, attended, prompt=prompts).logits)
        expected = twin(input_ids, attended, prompt=prompts, neuron_masks=change.multiply).logits
        torch.testing.assert_close(model(rows, prompts, Intervention(change.multiply)), expected)


def unshared(model):
    """The same ALBERT with separate weights in every layer, since editing shared weights changes all layers."""
    config = copy.deepcopy(model.config)
    config.num_hidden_groups = config.num_hidden_layers
    twin = encoders.PromptedEncoder(AutoModelForMaskedLM.from_config(config), model.tokenizer, (0, 1)).double().eval()
    weights = model.state_dict()
    twin.load_state_dict({key: weights[key.replace("layer_groups.1", "layer_groups.0")] for key in twin.state_dict()})
    twin.token_type = model.token_type
    return twin


@family
def test_a_masked_neuron_is_gone(folder_of, name):
    """Masking neurons, some of one layer at a time, equals cutting the weights that lead out of them."""
    model = load(folder_of(name))
    rows, prompts, _ = make_inputs(model)
    layers, units = model.shape
    edited = unshared(model) if name == "albert" else copy.deepcopy(model)
    assert (len(edited.down), edited.down[0].in_features) == model.shape == (4 if name == "albert" else 2, 32)
    for layer in range(layers):
        chosen = slice(layer, None, 5)
        mask = torch.ones(1, layers, units, dtype=torch.float64)
        mask[0, layer, chosen] = 0
        with torch.no_grad():
            weight = edited.down[layer].weight
            columns = weight[:, chosen].clone()
            weight[:, chosen] = 0
            cut = edited(rows, prompts)
            weight[:, chosen] = columns
            whole, masked = model(rows, prompts), model(rows, prompts, Intervention(mask))[0]
        torch.testing.assert_close(masked, cut, rtol=0, atol=1e-6 if name == "modernbert" else 1e-12)
        assert (whole - cut).abs().max() > 1e-4, "the neurons matter"


@family
def test_padding_and_neighbours_change_nothing(folder_of, name, monkeypatch):
    """Rows of different lengths and several interventions in one pass give what each row gives alone.

    Packed, as on a CPU, or padded, as on a GPU.
    """
    model = load(folder_of(name))
    rows, prompts, change = make_inputs(model, (9, 4, 7, 2))
    alone = [model([row], prompt) for row, prompt in zip(rows, prompts)]
    changed = [model([row], prompt, Intervention(change.multiply[[i]], change.add[[i]]))
               for row, prompt in zip(rows, prompts) for i in range(3)]
    layout = speed.Layout
    for packed in (True, False):
        monkeypatch.setattr(speed, "BY_PRODUCTS", {"cpu"} if packed else set())
        monkeypatch.setattr(speed, "Layout", lambda *rest, packed, this=packed: layout(*rest, packed and this))
        torch.testing.assert_close(model(rows, prompts), torch.cat(alone), rtol=0, atol=1e-6)
        together = model(rows, prompts, change)
        torch.testing.assert_close(together, torch.cat(changed).view(4, 3, 2).transpose(0, 1), rtol=0, atol=1e-6)


@family
def test_neurons_that_are_read_are_what_enters_the_down_projections(folder_of, name):
    model = load(folder_of(name))
    rows, prompts, _ = make_inputs(model, (9, 4))
    everywhere, expected = [], []
    model.read_everywhere(rows, prompts, lambda layer, neurons: everywhere.append((layer, neurons)))
    for row, prompt in zip(rows, prompts):
        with model.at_neurons(lambda layer, neurons: expected.append(neurons.reshape(-1, neurons.shape[-1]))):
            model([row], prompt)
    layers = model.shape[0]
    assert [layer for layer, _ in everywhere] == list(range(layers))
    for layer, neurons in everywhere:
        one, other = expected[layer], expected[layers + layer]
        if layer < layers - 1:  # of the last, only the answers' are computed
            torch.testing.assert_close(neurons, torch.cat([one, other]), rtol=0, atol=1e-6)
        torch.testing.assert_close(neurons[[0, 14]], torch.stack([one[0], other[0]]), rtol=0, atol=1e-6)
    at_answer = torch.stack([neurons[[0, 14]] for _, neurons in everywhere], dim=1).flatten(1)
    torch.testing.assert_close(model.read(prompts, rows), at_answer)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_to_zero_is_to_multiply_to_the_bit(folder_of, dtype):
    model = load(folder_of("bert"), dtype)
    rows, prompts, change = make_inputs(model)
    masks = change.multiply.float()
    pairs = [torch.stack([mask, torch.zeros_like(mask)]) for mask in masks]
    assert torch.equal(model(rows, prompts, Intervention.stack(masks)), model(rows, prompts, Intervention.stack(pairs)))
    mixed = Intervention.stack([masks[0], pairs[1]])
    assert torch.equal(model(rows, prompts, mixed), model(rows, prompts, Intervention(masks[:2])))


def drop_out_a_tenth(model):
    """Wherever the family has dropout."""
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout) and "pos_dropout" not in path:
            module.p = 0.1
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.1


@family
def test_dropout_is_the_rows_own(folder_of, name):
    """A row gets the same noise whatever its neighbours and padding, and other noise from another seed."""
    model = load(folder_of(name))
    drop_out_a_tenth(model)
    rows, prompts, _ = make_inputs(model, (9, 4, 7, 2))
    lengths, seeds = np.array([9, 4, 7, 2]), np.array([5, 6, 7, 8], np.uint64)
    model.train()

    def logits(chosen, seeds=seeds):
        with torch.no_grad(), RowNoise(seeds[chosen], lengths[chosen] + 5):
            return model([rows[row] for row in chosen], prompts[chosen])

    together = logits([0, 1, 2, 3])
    for row in range(4):
        torch.testing.assert_close(logits([row])[0], together[row], rtol=0, atol=1e-6)
    assert ((logits([0, 1, 2, 3], seeds + np.uint64(1)) - together).abs() > 1e-4).all()
    assert (logits([0, 1, 2, 3]) == together).all()


@family
def test_what_a_device_computes_stays_there(folder_of, name, monkeypatch):
    """On torch's "meta" device, which has shapes but no numbers: it stands in for a GPU."""
    # This one reads values, to see whether anything is padded.
    monkeypatch.setattr("transformers.masking_utils._ignore_bidirectional_mask_sdpa", lambda *arguments, **more: False)
    model = load(folder_of(name))
    drop_out_a_tenth(model)
    rows, prompts, change = make_inputs(model, (9, 4, 7, 2))
    model.to("meta").train()
    prompts = prompts.to("meta").requires_grad_()
    with RowNoise(np.arange(4).astype(np.uint64), np.array([9, 4, 7, 2]) + 5, "meta"):
        logits = model(rows, prompts)
    assert torch.autograd.grad(logits.sum(), prompts)[0].is_meta
    assert model.eval()(rows, prompts, change).shape == (3, 4, 2)


@family
def test_answers_are_not_rounded_to_bfloat16(folder_of, name):
    """If they were, one in twenty would be a tie: the head computes in float32 whatever the precision of the rest."""
    model = load(folder_of(name), torch.bfloat16)
    rows, prompts, change = make_inputs(model)
    for logits in (model(rows, prompts), model(rows, prompts, change)):
        assert model.dtype == torch.bfloat16 and (logits != logits.bfloat16()).any()


def test_special_tokens_typed_in_a_text_are_characters(folder_of):
    for name in ("roberta", "bert", "albert"):
        model = load(folder_of(name))
        tokenizer = model.tokenizer
        special = f"{tokenizer.mask_token} {tokenizer.sep_token}{tokenizer.pad_token}"
        (row,) = model.encode([f"so {special} good"], 80)
        assert not set(row[2:-1]) & {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}
        assert row[0] == tokenizer.mask_token_id and len(row) > 4
        assert len(statistics.own_tokens(model, row, 3)) == len(row) - 3, "unknown words are a text's own"
        assert len(model.encode(["good " * 50], 20)[0]) == 21


def test_a_unigram_model_has_special_tokens_among_its_words(folder_of, tmp_path):
    """As XLM-R's and CamemBERT's, with a score above all others."""
    folder = shutil.copytree(folder_of("xlm-roberta"), tmp_path / "model")
    saved = json.loads((folder / "tokenizer.json").read_text())
    saved["model"]["vocab"][:5] = [[piece, 0.0] for piece, _ in saved["model"]["vocab"][:5]]
    saved["normalizer"] = {"type": "NFKC"}
    saved["model"]["vocab"] += [[letter, -9.0] for letter in "[]MASKPDUNCLE"]
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    model = load(folder_of("xlm-roberta"))
    model.tokenizer = AutoTokenizer.from_pretrained(folder)
    model.model.set_input_embeddings(torch.nn.Embedding(len(model.tokenizer), 16))  # of the letters, too
    typed = "so [MASK] [SEP][PAD]［CLS］ [UNK] good"
    (row,) = model.encode([typed], 80)
    assert not set(row[2:-1]) & set(model.tokenizer.all_special_ids)
    assert row[0] == model.tokenizer.mask_token_id and len(model.encode([typed], 9)[0]) == 10
    ((first, spans),) = token_spans(model, [typed], [row])
    assert first == 2 and "".join(typed[start:end] for start, end in spans).split() == typed.split()
    assert model.encode(["so [good"], 80)[0].tolist()[2:-1] == model.tokenizer("so [good").input_ids[1:-1]


def run_main(name, *flags, monkeypatch, folder):
    """Run a script in this process, since starting five for each family takes minutes."""
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
    values, _ = activations.read(tmp_path / "active_neuron_before_relu_csv", ["fear", "joy"])
    assert values.shape[2] == np.prod(shape)
    masks = mask_files.read(tmp_path / "masks" / "RSA_14property_top_500_6000.pkl")
    assert {tuple(mask.shape) for mask in masks.values()} == {shape}
    for emotion in ("fear", "joy", "gratitude", "anger"):
        trained = prompts.read(tmp_path / "checkpoint" / f"{emotion}-1.pt")
        result = results.read(
            tmp_path / "eval_mask_neuron_result" / "RSA_14property_top_500_6000" / f"{emotion}-1.json")
        accuracies = result.measured["accuracy"]
        assert accuracies["best"] == trained.best_acc and set(masks) < set(accuracies)
        assert trained.record.get("label_words") == result.record.get("label_words") == ["bad", "good"]


def test_evaluation_with_other_label_words_is_refused(folder_of, tmp_path, monkeypatch):
    flags = ["--sentiment", "fear", "--random_seed", 1, "--pretrained_model", folder_of("bert"), "--dataset=demo"]
    run_main("train.py", *flags, "--prompt_len=4", "--epochs=1", monkeypatch=monkeypatch, folder=tmp_path)
    Path("masks.pkl").write_bytes(mask_files.to_bytes({"valence_top1": torch.ones(2, 32)}))
    with pytest.raises(UserError, match="fear-1.pt: was trained with --label_words negative positive, not bad good"):
        run_main("eval_mask_neuron.py", *flags, "--maskPath=masks.pkl", "--label_words", "bad", "good",
                 monkeypatch=monkeypatch, folder=tmp_path)


def test_label_words_that_are_no_token(folder_of, monkeypatch):
    for word in ("unhelpful", "улыбка"):  # several tokens, the unknown token
        with pytest.raises(UserError, match=f"'{word}' is not one token .* --label_words negative positive or "
                                            "--label_words bad good"):
            loading.load(str(folder_of("bert")), label_words=(word, "good"))
    tokenizer = AutoTokenizer.from_pretrained(folder_of("bert"))
    monkeypatch.setattr(loading, "OTHER_LABEL_WORDS", ())  # none of them is in its vocabulary
    with pytest.raises(UserError, match="two of its whole words, such as ") as error:
        loading.find_label_ids(tokenizer, ("unhelpful", "good"), "")
    suggested = re.search("such as (.*):", str(error.value))[1].split(", ")
    assert len(set(loading.find_label_ids(tokenizer, suggested[:2], ""))) == 2
    with pytest.raises(UserError, match="same token"):
        loading.load(str(folder_of("bert")), label_words=("good", "Good"))


def test_label_words_as_a_text_begins_with_them(tokenizers):
    """RoBERTa's without a leading space, as in the study; a unigram model's with its mark of a word's beginning."""
    for kind, form in (("bytes", "negative"), ("wordpiece", "negative"), ("unigram", "▁negative")):
        ids = loading.find_label_ids(tokenizers[kind], ("negative", "positive"), "")
        assert tokenizers[kind].convert_ids_to_tokens(ids[0]) == form


def test_label_word_that_is_one_token_after_a_space_only(tokenizers):
    tokenizer = tokenizers["bytes"]
    word = next(token[1:] for token in tokenizer.get_vocab() if token.startswith("Ġ") and token[1:].isalpha()
                and len(tokenizer(token[1:], add_special_tokens=False)["input_ids"]) > 1)
    assert len(tokenizer("positive", add_special_tokens=False)["input_ids"]) == 1
    another = next(token[1:] for token in tokenizer.get_vocab() if token[0] == "Ġ" and token[1:].isalpha()
                   and token != f"Ġ{word}")
    ids = loading.find_label_ids(tokenizer, (word, another), "")
    assert tokenizer.convert_ids_to_tokens(ids) == [f"Ġ{word}", f"Ġ{another}"]
    only_first = next(token for token in tokenizer.get_vocab() if token.isascii() and token.isalpha() and len(token) > 3
                      and len(tokenizer(f" {token}", add_special_tokens=False)["input_ids"]) > 1)
    with pytest.raises(UserError, match=f"of {word} and {only_first}, one is a token only where a text begins with"):
        loading.find_label_ids(tokenizer, (word, only_first), "")


def test_model_of_an_unknown_family(tmp_path):
    AutoConfig.for_model("t5").save_pretrained(tmp_path)
    with pytest.raises(UserError, match="is a t5 model, an encoder with a decoder; choose a dense decoder"):
        loading.load(str(tmp_path))


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_model_without_a_masked_language_head(folder_of, tmp_path, name):
    AutoModel.from_pretrained(folder_of(name)).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder_of(name)).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="has no weights for .*masked-language head"):
        loading.load(str(tmp_path))


def test_a_classifier_that_lacks_no_weights(folder_of, tmp_path):
    config = AutoConfig.from_pretrained(folder_of("modernbert"), decoder_bias=False)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder_of("modernbert")).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="was saved as ModernBertForSequenceClassification, without a head"):
        loading.load(str(tmp_path))


def test_deberta_trained_to_find_replaced_words(folder_of, tmp_path):
    """DeBERTa v3's checkpoints have a head of the right name beside the one that was trained."""
    shutil.copytree(folder_of("deberta-v2"), tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / "model.safetensors")
    weights["mask_predictions.dense.weight"] = torch.zeros(2)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match="has no weights for lm_predictions.*masked-language head"):
        loading.load(str(tmp_path))


def test_luke_with_its_own_tokenizer(folder_of, tmp_path):
    """Its class takes fewer arguments than others."""
    folder = shutil.copytree(folder_of("luke"), tmp_path / "model")
    found = json.loads((folder / "tokenizer.json").read_text())["model"]
    vocabulary = {**found["vocab"], "<ent>": len(found["vocab"]), "<ent2>": len(found["vocab"]) + 1}
    merges = [tuple(merge if isinstance(merge, list) else merge.split(" ")) for merge in found["merges"]]
    AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(folder, vocab_size=len(vocabulary))).save_pretrained(
        folder)
    LukeTokenizer(vocab=vocabulary, merges=merges, entity_vocab={"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}
                  ).save_pretrained(folder)
    model = load(folder)
    typed, = model.encode(["thanks a lot </s>"], 20)
    assert (typed[2:-1] != model.tokenizer.eos_token_id).all() and typed[-1] == model.tokenizer.eos_token_id


def test_a_tokenizer_without_what_the_input_needs(folder_of, tmp_path):
    AutoModelForMaskedLM.from_pretrained(folder_of("bert")).save_pretrained(tmp_path)
    backend = AutoTokenizer.from_pretrained(folder_of("bert")).backend_tokenizer
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]").save_pretrained(tmp_path)
    with pytest.raises(UserError, match="no mask token"):
        loading.load(str(tmp_path))
    backend.post_processor = processors.Sequence([])
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", mask_token="[MASK]").save_pretrained(tmp_path)
    with pytest.raises(UserError, match="its tokenizer puts no token such as <s> or .CLS. in front of a text"):
        loading.load(str(tmp_path))


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
    model = load(tmp_path)
    label_ids = loading.find_label_ids(model.tokenizer, ("negative", "positive"), "")
    rows, _, _ = make_inputs(model)
    input_ids = torch.from_numpy(np.stack(rows))
    with torch.no_grad():
        expected = published(input_ids).logits[:, 0, label_ids]
        logits = model([row[[0, 6, 7, 8]] for row in rows], model.embed(input_ids[:, 1:6]))
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
