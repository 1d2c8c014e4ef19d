"""Files that are damaged, of the wrong kind, or made to harm: each gets its one line, and none runs code."""

import io
import json
import os
import pickle
import struct
import zipfile

import pytest
import torch

from framework import artifacts
from framework.errors import UserError
from framework.tasks import EMOTIONS


def checkpoint(**changes):
    return {"best_prompt": torch.ones(4, 16), "best_acc": 0.75, "epoch": 3, "final_prompt": torch.zeros(4, 16),
            "final_acc": 0.5, "settings": {"lr": 0.01}} | changes


def saved(value, **options):
    data = io.BytesIO()
    torch.save(value, data, **options)
    return data.getvalue()


class Harm:
    """What runs code when it is unpickled: makes the folder `harm` in the current one."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


def without(content, *names):
    return {name: value for name, value in content.items() if name not in names}


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1:]


def zipped(data, compression=zipfile.ZIP_STORED, change=lambda content: content):
    """The archive that torch wrote, packed again with its pickle changed; all checksums are right."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w", compression) as target:
        for entry in source.infolist():
            content = source.read(entry)
            target.writestr(entry.filename, change(content) if entry.filename.endswith(".pkl") else content)
    return packed.getvalue()


def claims(data, sizes):
    """A saved 4 x 16 tensor that claims to have other sizes."""
    return zipped(data, change=lambda content: content.replace(b"K\x04K\x10\x86", sizes))


def program(content):
    """A checkpoint whose pickle is another."""
    return zipped(GOOD, change=lambda _: content)


def masks(**changes):
    return {"valence_top5": torch.ones(2, 32, dtype=torch.int8), "valence_top5_random": torch.ones(2, 32)} | changes


def mask_file(value):
    data = io.BytesIO()
    artifacts._MaskPickler(data, protocol=4).dump(value)
    return data.getvalue()


def result(**changes):
    return {"sentiment": "fear", "seed": 1, "best": 0.8, "valence_top5": 0.7, "settings": {}} | changes


def as_json(value):
    return json.dumps(value).encode()


def activations(header, values):
    return (",".join(map(str, header)) + "\n" + ",".join(map(str, values)) + "\n").encode()


def training(**changes):
    """A state of one task in training, with changes to the task."""
    task = {"emotion": "fear", "seed": 1, "epoch": 0, "step": 3, "best_epoch": 0, "best_acc": -1.0, "acc": 0.5,
            "loss": 0.6, "losses": torch.ones(2), "best_prompt": None, "order": torch.arange(5),
            "generator": torch.Generator().get_state()}
    zeros = torch.zeros(1, 4, 16)
    return {"tasks": [task | changes], "ended": [], "prompts": zeros, "exp_avg": zeros.clone(),
            "exp_avg_sq": zeros.clone(), "positions_per_batch": 4096, "group_size": 8, "settings": {}}


def corpus_csv(**columns):
    names = ["text", *EMOTIONS]
    values = {name: "0" for name in names} | {"text": "thank you"} | columns
    return (",".join(names) + "\n" + ",".join(values[name] for name in names) + "\n").encode()


GOOD = saved(checkpoint())
TUPLES = b"q\x01h\x01\x86" * 60  # each holds the one before twice
NUMBERS_AT = GOOD.index(torch.ones(4, 16).numpy().tobytes())
NESTED = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
HUGE_NUMBER = "9" * 5000
ONES = [1.0] * 64

READERS = {
    "checkpoint": ("fear-1.pt", artifacts.read_checkpoint),
    "training": (".training-0.state", artifacts.read_training),
    "masks": ("masks.pkl", artifacts.read_masks),
    "activations": ("fear-1.csv", lambda path: artifacts.read_activations(path.parent, ["fear"], [1])),
    "sum": ("fear-1.csv", lambda path: artifacts.write_sum_over_seeds(path.parent, "fear")),
    "ranks": ("ranks.csv", artifacts.read_ranks),
    "settings of ranks": ("ranks.json", lambda path: artifacts.read_ranks(path.with_suffix(".csv"))),
    "results": ("fear-1.json", lambda path: artifacts.read_results(path.parent)),
    "attributes": ("ratings.csv", artifacts.read_attributes),
    "ratings": ("ratings.csv", artifacts.read_ratings),
    "order": ("order.txt", artifacts.read_emotion_order),
    "config": ("train.yaml", artifacts.read_config),
    "tsv": ("train.tsv", lambda path: artifacts.read_goemotions(path.parent, "train")),
    "csv": ("train.csv", lambda path: artifacts.read_goemotions(path.parent, "train")),
}

CORPUS = [
    ("checkpoint", "empty", b"", "damaged"),
    ("checkpoint", "text", b"these are no tensors", "damaged|more than tensors"),
    ("checkpoint", "image", b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged|more than tensors"),
    ("checkpoint", "first half", GOOD[: len(GOOD) // 2], "damaged"),
    ("checkpoint", "last byte missing", GOOD[:-1], "damaged"),
    ("checkpoint", "bit of a number flipped", flipped(GOOD, NUMBERS_AT + 2), "checksum"),
    ("checkpoint", "bit of the structure flipped", flipped(GOOD, GOOD.index(b"best_prompt")), "checksum"),
    ("checkpoint", "runs code", saved(checkpoint(best_acc=Harm())), "could run code"),
    ("checkpoint", "runs code, old form", saved(checkpoint(best_acc=Harm()), _use_new_zipfile_serialization=False),
     "could run code"),
    ("checkpoint", "plain pickle that runs code", pickle.dumps(Harm()), "could run code"),
    ("checkpoint", "zip bomb", zipped(saved(checkpoint(best_prompt=torch.zeros(4000, 1000))), zipfile.ZIP_DEFLATED),
     "grows when unpacked"),
    ("checkpoint", "claims 10^12 numbers", claims(GOOD, b"\x8a\x06\x00\x10\xa5\xd4\xe8\x00K\x01\x86"), "damaged"),
    ("checkpoint", "2^60 tuples as a key", program(b"\x80\x02}N" + TUPLES + b"Ns."), "more than tensors"),
    ("checkpoint", "2^60 tuples as a storage", program(
        b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nN" + TUPLES + b"X\x03\x00\x00\x00cpuK\x01tQ."),
     "more than tensors"),
    ("checkpoint", "2^60 tuples, old form", b"\x80\x02}N" + TUPLES + b"Ns.", "more than tensors"),
    ("checkpoint", "2^60 dicts", program(b"\x80\x02}" + b"q\x01}(K\x01h\x01K\x02h\x01u" * 60 + b"."),
     "more than tensors"),
    ("checkpoint", "2^60 ordered dicts", program(
        b"\x80\x02ccollections\nOrderedDict\nq\x00)R" + b"q\x01h\x00)R(K\x01h\x01K\x02h\x01u" * 60 + b"."),
     "more than tensors"),
    ("checkpoint", "a tensor of 40 GB", program(
        b"\x80\x02ctorch\nTensor\nJ\xa0\x86\x01\x00J\xa0\x86\x01\x00\x86R."),
     "more than tensors"),
    ("checkpoint", "expanded to 10^12", saved(checkpoint(best_prompt=torch.ones(1, 1).expand(10**6, 10**6))),
     "`best_prompt` is not a matrix"),
    ("checkpoint", "on the meta device", saved(checkpoint(best_prompt=torch.ones(4, 16, device="meta"))),
     "more than tensors"),
    ("checkpoint", "sparse", saved(checkpoint(best_prompt=torch.ones(4, 16).to_sparse())), "more than tensors"),
    ("checkpoint", "complex", saved(checkpoint(best_prompt=torch.ones(4, 16, dtype=torch.cfloat))), "not a matrix"),
    ("checkpoint", "whole numbers", saved(checkpoint(best_prompt=torch.ones(4, 16, dtype=torch.long))), "not a matrix"),
    ("checkpoint", "three dimensions", saved(checkpoint(best_prompt=torch.ones(1, 4, 16))), "not a matrix"),
    ("checkpoint", "no vectors", saved(checkpoint(best_prompt=torch.ones(0, 16))), "not a matrix"),
    ("checkpoint", "NaN", saved(checkpoint(best_prompt=torch.full((4, 16), torch.nan))), "NaN or infinite"),
    ("checkpoint", "infinite", saved(checkpoint(final_prompt=torch.full((4, 16), torch.inf))), "NaN or infinite"),
    ("checkpoint", "prompts of two shapes", saved(checkpoint(final_prompt=torch.ones(5, 16))), "another shape"),
    ("checkpoint", "a list", saved([1, 2]), "no prompt checkpoint"),
    ("checkpoint", "no accuracy", saved(without(checkpoint(), "best_acc")), "no prompt checkpoint"),
    ("checkpoint", "accuracy is NaN", saved(checkpoint(best_acc=float("nan"))), "`best_acc` is not a number"),
    ("checkpoint", "accuracy is a word", saved(checkpoint(best_acc="high")), "`best_acc` is not a number"),
    ("checkpoint", "accuracy is two numbers", saved(checkpoint(best_acc=torch.ones(2))), "`best_acc` is not a number"),
    ("checkpoint", "accuracy is 75", saved(checkpoint(best_acc=75)), "between 0 and 1"),
    ("checkpoint", "epoch has 400 digits", saved(checkpoint(epoch=10**400)), "`epoch` is not a number"),
    ("checkpoint", "label words are a number", saved(checkpoint(settings={"label_words": 7})), "`label_words` is 7"),
    ("checkpoint", "settings are a list", saved(checkpoint(settings=[1])), "no record"),
    ("checkpoint", "length is a word", saved(checkpoint(settings={"max_length": "long"})), "`max_length` is"),
    ("checkpoint", "settings are a tensor", saved(checkpoint(settings=torch.ones(2))), "no record"),
    ("checkpoint", "length is a tensor", saved(checkpoint(settings={"max_length": torch.ones(2)})), "`max_length` is"),
    ("checkpoint", "negatives are a tensor", saved(checkpoint(settings={"negatives": torch.ones(2)})),
     "`negatives` is"),
    ("checkpoint", "other negatives", saved(checkpoint(settings={"negatives": "none"})), "`negatives` is"),
    ("training", "2^60 tuples as a key", program(b"\x80\x02}N" + TUPLES + b"Ns."), "more than tensors"),
    ("training", "another file", GOOD, "no state of training"),
    ("training", "first half", saved(training())[:1000], "damaged"),
    ("training", "emotion with a path", saved(training(emotion="../fear")), "no state"),
    ("training", "other number of prompts", saved(training() | {"tasks": []}), "no state"),
    ("training", "a tensor", saved(torch.zeros(3)), "no state"),
    ("training", "a tensor of tasks", saved(training() | {"tasks": torch.zeros(1, 3)}), "no state"),
    ("training", "NaN", saved(training() | {"exp_avg": torch.full((1, 4, 16), torch.nan)}), "no state"),
    ("training", "generator cut short", saved(training(generator=torch.zeros(5, dtype=torch.uint8))), "no state"),
    ("training", "generator of zeros", saved(training(generator=torch.zeros_like(torch.get_rng_state()))), "no state"),
    ("training", "losses of 2^40 steps", saved(training(losses=torch.zeros(1).expand(2**40))), "no state"),
    ("training", "a row before the first", saved(training(order=torch.tensor([-1]))), "no state"),
    ("training", "rows of its own", saved(training(train=5)), "no state"),
    ("training", "better than all right", saved(training(best_acc=5.0)), "no state"),
    ("training", "no prompt after an epoch", saved(training(epoch=1)), "no state"),
    ("training", "a prompt of another shape", saved(training(epoch=1, best_prompt=torch.zeros(5, 16))), "no state"),
    ("training", "a prompt of NaN", saved(training(epoch=1, best_prompt=torch.full((4, 16), torch.nan))), "no state"),
    ("training", "ended with infinities", saved(training() | {"ended": [training()["tasks"][0] | {
        "prompt": torch.full((4, 16), torch.inf)}]}), "no state"),
    ("training", "of another version", saved(training() | {"cuda_random": None}), "no state"),
    ("training", "runs code", saved(training() | {"settings": Harm()}), "could run code"),
    ("masks", "empty", b"", "damaged or no pickle"),
    ("masks", "text", b"valence,arousal\n1,2\n", "damaged or no pickle"),
    ("masks", "first half", mask_file(masks())[:600], "damaged or no pickle"),
    ("masks", "bit of a mask flipped", flipped(mask_file(masks()), mask_file(masks()).index(b"\1" * 64) + 3),
     "checksum"),
    ("masks", "runs code", pickle.dumps({"valence_top5": Harm()}), "mkdir"),
    ("masks", "runs code, protocol 0", pickle.dumps({"valence_top5": Harm()}, protocol=0), "mkdir"),
    ("masks", "asks for another function",
     pickle.dumps({"a": torch.ones(1)}).replace(b"_load_from_bytes", b"_load_from_dytes"), "_load_from_dytes"),
    ("masks", "changes what it finds", b"\x80\x04}]b.", "damaged or no pickle"),
    ("masks", "2^60 tuples, copied", b"\x80\x02}N" + b"2\x86" * 60 + b"Ns.", "damaged or no pickle"),
    ("masks", "2^60 tuples, by name", b"\x80\x02}N" + TUPLES + b"Ns.", "damaged or no pickle"),
    ("masks", "tuples nested deeply", b"\x80\x02}N" + b"\x85" * 10**6 + b"Ns.", "damaged or no pickle"),
    ("masks", "memo of 10^9 places", b"\x80\x04}r\xff\xff\xff\x3f.", "damaged or no pickle"),
    ("masks", "claims 10^12 bytes", b"\x80\x04\x8e" + struct.pack("<Q", 10**12) + b"abc.", "damaged or no pickle"),
    ("masks", "expanded to 10^12", mask_file(masks(valence_top5=torch.ones(1, 1).expand(10**6, 10**6))),
     "'valence_top5' is not a mask"),
    ("masks", "no masks", pickle.dumps({}), "no dict of masks"),
    ("masks", "numbers for names", mask_file({5: torch.ones(2, 32)}), "no mask's"),
    ("masks", "name of another field", mask_file({"settings": torch.ones(2, 32)}), "no mask's"),
    ("masks", "a word for a mask", pickle.dumps({"valence_top5": "ones"}), "'valence_top5' is not a mask"),
    ("masks", "two shapes", mask_file(masks(other=torch.ones(2, 33))), r"'other' is \[2, 33\]"),
    ("masks", "NaN", mask_file(masks(other=torch.full((2, 32), torch.nan))), "'other' has values that are not between"),
    ("masks", "values of 7", mask_file(masks(other=torch.full((2, 32), 7))), "'other' has values that are not between"),
    ("activations", "empty", b"", "cut off"),
    ("activations", "cut in a number", activations(range(64), ONES)[:-2], "cut off"),
    ("activations", "one activation missing", activations(range(64), ONES[1:]), "63 activations for 64 neurons"),
    ("activations", "NaN", activations(range(64), [*ONES[1:], "nan"]), "neuron 63 has no finite value"),
    ("activations", "infinite", activations(range(64), ["-inf", *ONES[1:]]), "neuron 0 has no finite value"),
    ("activations", "a word", activations(range(64), ["high", *ONES[1:]]), "not a number"),
    ("activations", "binary", bytes(range(256)) * 4, "cut off"),
    ("activations", "other columns", activations(["a", "b"], [1, 2]), "not named 0 to 1"),
    ("activations", "two rows", activations(range(2), [1, 2]) + b"3,4\n", "cut off"),
    ("sum", "a word", activations(range(64), ["high", *ONES[1:]]), "not a number"),
    ("ranks", "empty", b"", "cannot be read as CSV"),
    ("ranks", "no rows", b"valence,arousal\n", "no rows"),
    ("ranks", "ragged", b"valence,arousal\n1,2\n3,4,5\n", "cannot be read as CSV"),
    ("ranks", "NaN", b"valence,arousal\n1,2\n,1\n", "'valence' has a missing"),
    ("ranks", "infinite", b"valence,arousal\n1,2\ninf,1\n", "'valence' has a missing or infinite value in row 2"),
    ("ranks", "binary", bytes(range(128, 256)), "cannot be read as CSV"),
    ("ranks", "5000 digits", f"valence\n1\n{HUGE_NUMBER}\n".encode(), "'valence'"),
    ("ranks", "100,000 columns", b",".join([b"x"] * 100_000) + b"\n" + b",".join([b"1"] * 100_000) + b"\n",
     "100000 columns"),
    ("ranks", "taus", b"valence\n0.25\n-0.5\n", "no ranks"),
    ("settings of ranks", "a list", b"[1]", "JSON object"),
    ("settings of ranks", "nested deeply", NESTED, "not valid JSON"),
    ("settings of ranks", "emotion with a path", as_json({"emotions": ["../out/fear"]}), "`emotions` is"),
    ("settings of ranks", "emotions are a number", as_json({"emotions": 5}), "`emotions` is 5"),
    ("settings of ranks", "seeds with a path", as_json({"seeds": ["../1"]}), "`seeds` is"),
    ("settings of ranks", "layers are a word", as_json({"num_layers": "3"}), "`num_layers` is \"3\""),
    ("settings of ranks", "prompts are a list", as_json({"prompts": ["fear-1"]}), "`prompts` is"),
    ("settings of ranks", "no layers", as_json({"num_layers": 0}), "`num_layers` is 0"),
    ("results", "empty", b"", "not valid JSON"),
    ("results", "cut off", as_json(result())[:-5], "not valid JSON"),
    ("results", "nested deeply", NESTED, "not valid JSON"),
    ("results", "5000 digits", b'{"best": ' + HUGE_NUMBER.encode() + b"}", "not valid JSON"),
    ("results", "not UTF-8", b'{"sentiment": "\xff\xfe"}', "not valid JSON"),
    ("results", "a list", b"[]", "JSON object"),
    ("results", "NaN", as_json(result(valence_top5=float("nan"))), "between 0 and 1"),
    ("results", "infinite", as_json(result(best=float("inf"))), "between 0 and 1"),
    ("results", "400 digits", as_json(result(best=10**400)), "between 0 and 1"),
    ("results", "a word", as_json(result(best="high")), "'best' is not a number"),
    ("results", "true", as_json(result(best=True)), "'best' is not a number"),
    ("results", "seed is a word", as_json(result(seed="1")), "another task"),
    ("results", "of another task", as_json(result(sentiment="joy")), "another task"),
    ("results", "emotion with a path", as_json(result(sentiment="../../etc/passwd")), "another task"),
    ("results", "emotion is a list", as_json(result(sentiment=["fear"])), "another task"),
    ("results", "settings are a word", as_json(result(settings="none")), "no record"),
    ("attributes", "unknown emotion", b"emotion,valence\n../fear,1\n", "'../fear' is not one of"),
    ("attributes", "emotion twice", b"emotion,valence\nfear,1\nfear,2\n", "more than once"),
    ("attributes", "column without a name", b"emotion,\nfear,1\n", "have its name"),
    ("ratings", "a field more than the header", b"participant,emotion,attribute,rating\n1,2,fear,valence,1\n",
     "more fields"),
    ("ratings", "a word", b"participant,emotion,attribute,rating\n1,fear,valence,high\n", "no number"),
    ("ratings", "no attribute", b"participant,emotion,attribute,rating\n1,fear,,1\n", "'attribute' is empty"),
    ("order", "unknown emotion", b"fear\nhappiness\n", "'happiness' is not one of"),
    ("order", "not UTF-8", b"\xff\xfe\x00", "not UTF-8"),
    ("config", "empty", b"", "holds no flags"),
    ("config", "a list", b"- joy", "holds no flags"),
    ("config", "cut off", b"sentiment: [joy,", "no YAML"),
    ("config", "no text", b"\0\xff", "no YAML"),
    ("config", "a bomb of references", b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "is neither a value"),
    ("config", "a bomb of merges", b"a0: &a0 {x: 1}\n" + b"".join(
        b"a%d: &a%d {<<: [%s]}\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 10)),
     "is neither a value"),
    ("config", "deeply nested", b"[" * 5000, "no YAML"),
    ("config", "a flag within a flag", b"epochs: {fear: 1}", "is neither a value"),
    ("tsv", "empty", b"", "line 1"),
    ("tsv", "label 28", b"thank you\t28\tid\n", "line 1"),
    ("tsv", "label of 5000 digits", b"thank you\t" + HUGE_NUMBER.encode() + b"\tid\n", "line 1"),
    ("tsv", "two fields", b"thank you\t15\tid\nthank you\t15\n", "line 2"),
    ("tsv", "not UTF-8", b"\xe9t\xe9\t15\tid\n", "not UTF-8"),
    ("csv", "label 2", corpus_csv(fear="2"), "'fear' has values other than 0 and 1"),
    ("csv", "label NaN", corpus_csv(fear=""), "'fear' has values other than 0 and 1"),
    ("csv", "no column of texts", corpus_csv().replace(b"text,", b"words,"), "no column 'text'"),
]


@pytest.mark.parametrize(("reader", "content", "message"), [(case[0], *case[2:]) for case in CORPUS],
                         ids=[f"{case[0]}: {case[1]}" for case in CORPUS])
def test_hostile_file(reader, content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, read = READERS[reader]
    (tmp_path / name).write_bytes(content)
    if reader == "settings of ranks":
        (tmp_path / "ranks.csv").write_text("valence\n1\n2\n")
    with pytest.raises(UserError, match=message) as error:
        read(tmp_path / name)
    assert str(tmp_path / name) in str(error.value), "the file is named"
    assert not (tmp_path / "harm").exists(), "no code was run"


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_a_folder_and_no_file(reader, tmp_path):
    name, read = READERS[reader]
    if reader == "settings of ranks":
        (tmp_path / "ranks.csv").write_text("valence\n1\n2\n")
    os.mkfifo(tmp_path / name)  # reading it would wait for ever
    with pytest.raises(UserError, match="pipe"):
        read(tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(UserError, match="folder"):
        read(tmp_path / name)
    (tmp_path / name).rmdir()
    if reader not in ("settings of ranks", "sum"):  # ranks need no settings
        with pytest.raises(UserError):
            read(tmp_path / name)


def test_a_file_too_large_to_read_is_not_read(tmp_path):
    with open(tmp_path / "fear-1.json", "wb") as file:
        file.truncate(1 << 40)  # takes no space
    with pytest.raises(UserError, match="1099511627776 bytes"):
        artifacts.read_json(tmp_path / "fear-1.json")


def test_what_is_sound_is_read(tmp_path):
    """The files above fail for what is wrong with them, not for what they share."""
    for reader, content in (("checkpoint", GOOD), ("training", saved(training())), ("masks", mask_file(masks())),
                            ("activations", activations(range(64), ONES)), ("ranks", b"valence,arousal\n1,2\n2,1\n"),
                            ("results", as_json(result())), ("csv", corpus_csv(fear="1"))):
        name, read = READERS[reader]
        (tmp_path / reader).mkdir()
        (tmp_path / reader / name).write_bytes(content)
        read(tmp_path / reader / name)
    (tmp_path / "old.pt").write_bytes(saved(checkpoint(best_prompt=torch.nn.Parameter(torch.ones(4, 16))),
                                            _use_new_zipfile_serialization=False))
    assert artifacts.read_checkpoint(tmp_path / "old.pt")["best_acc"] == 0.75
