"""Files that are damaged, of the wrong kind, or made to harm: each gets its one line, and none runs code."""

import io
import json
import os
import pickle
import struct
import zipfile

import pytest
import torch

from framework.errors import UserError
from framework.files import activations as activation_files
from framework.files import config, opening, people, prompts, ranks, results, texts
from framework.files import masks as mask_files
from framework.files.record import input_digest


def checkpoint(**changes):
    return {"best_prompt": torch.ones(4, 16), "best_acc": 0.75, "epoch": 3, "final_prompt": torch.zeros(4, 16),
            "final_acc": 0.5, "settings": {"lr": 0.01}} | changes


def saved(value, **options):
    data = io.BytesIO()
    torch.save(value, data, **options)
    return data.getvalue()


class Again:
    """A mask whose bytes are in a pickle once, however many such masks it holds."""

    data = saved(torch.ones(2, 32))

    def __reduce__(self):
        return torch.storage._load_from_bytes, (Again.data,)


class Harm:
    """Runs code when it is unpickled: makes the folder `harm` in the current one."""

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
    """A checkpoint with `content` in place of its pickle."""
    return zipped(GOOD, change=lambda _: content)


def masks(**changes):
    return {"valence_top5": torch.ones(2, 32, dtype=torch.int8), "valence_top5_random": torch.ones(2, 32)} | changes


def mask_file(value):
    return mask_files.to_bytes(value)


def result(**changes):
    return {"sentiment": "fear", "seed": 1, "best": 0.8, "valence_top5": 0.7, "settings": {}} | changes


def as_json(value):
    return json.dumps(value).encode()


def activations(header, values):
    return (",".join(map(str, header)) + "\n" + ",".join(map(str, values)) + "\n").encode()


def corpus_csv(**columns):
    """Two rows of two concepts, with changes to the first."""
    values = {"text": "thank you", "care": "1", "loyalty": "0", "id": "x1"} | columns
    return "".join(",".join(row) + "\n" for row in (values, values.values(), ("so sad", "0", "1", "x2"))).encode()


GOOD = saved(checkpoint())
OLD = saved(checkpoint(), _use_new_zipfile_serialization=False)
BOMB = zipped(saved(checkpoint(best_prompt=torch.zeros(4000, 1000))), zipfile.ZIP_DEFLATED)
TUPLES = b"q\x01h\x01\x86" * 60  # each holds the one before twice
NUMBERS_AT = GOOD.index(torch.ones(4, 16).numpy().tobytes())
NESTED = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
HUGE_NUMBER = "9" * 5000
ONES = [1.0] * 64

READERS = {
    "checkpoint": ("fear-1.pt", prompts.read),
    "masks": ("masks.pkl", mask_files.read),
    "activations": ("fear-1.csv", lambda path: activation_files.read(path.parent, ["fear"], [1])),
    "ranks": ("ranks.csv", ranks.read),
    "settings of ranks": ("ranks.json", lambda path: ranks.read(path.with_suffix(".csv"))),
    "results": ("fear-1.json", lambda path: results.read_all(path.parent)),
    "accuracies": ("accuracy.csv", results.read_accuracies),
    "attributes": ("ratings.csv", people.read_attributes),
    "ratings": ("ratings.csv", people.read_ratings),
    "order": ("order.txt", people.read_emotion_order),
    "config": ("train.yaml", config.read_config),
    "tsv": ("train.tsv", lambda path: texts.read(path.parent, "train")),
    "labels": ("labels.txt", lambda path: texts.read(path.parent, "train")),
    "csv": ("train.csv", lambda path: texts.read(path.parent, "train")),
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
    ("checkpoint", "zip bomb", BOMB, "grows when unpacked"),
    ("checkpoint", "a bomb behind a sound one", GOOD + BOMB, "grows when unpacked"),
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
    ("checkpoint", "prompts of two shapes", saved(checkpoint(final_prompt=torch.ones(5, 16))), "differ in shape"),
    ("checkpoint", "a list", saved([1, 2]), "is not a prompt"),
    ("checkpoint", "no accuracy", saved(without(checkpoint(), "best_acc")), "is not a prompt"),
    ("checkpoint", "accuracy is NaN", saved(checkpoint(best_acc=float("nan"))), "`best_acc` is not a number"),
    ("checkpoint", "accuracy is a word", saved(checkpoint(best_acc="high")), "`best_acc` is not a number"),
    ("checkpoint", "accuracy is two numbers", saved(checkpoint(best_acc=torch.ones(2))), "`best_acc` is not a number"),
    ("checkpoint", "accuracy is 75", saved(checkpoint(best_acc=75)), "between 0 and 1"),
    ("checkpoint", "epoch has 400 digits", saved(checkpoint(epoch=10**400)), "`epoch` is not a number"),
    ("checkpoint", "label words are a number", saved(checkpoint(settings={"label_words": 7})), "`label_words` is 7"),
    ("checkpoint", "settings are a list", saved(checkpoint(settings=[1])), "record of settings cannot be read"),
    ("checkpoint", "length is a word", saved(checkpoint(settings={"max_length": "long"})), "`max_length` is"),
    ("checkpoint", "settings are a tensor", saved(checkpoint(settings=torch.ones(2))),
     "record of settings cannot be read"),
    ("checkpoint", "length is a tensor", saved(checkpoint(settings={"max_length": torch.ones(2)})),
     "record of settings cannot be read"),
    ("checkpoint", "any setting is a tensor", saved(checkpoint(settings={"lr": torch.ones(2)})),
     "record of settings cannot be read"),
    ("checkpoint", "a setting is NaN", saved(checkpoint(settings={"lr": float("nan")})),
     "record of settings cannot be read"),
    ("checkpoint", "storage claims 2^40 numbers", zipped(GOOD, change=lambda content: content.replace(
        b"X\x03\x00\x00\x00cpuq\x06K@t", b"X\x03\x00\x00\x00cpuq\x06\x8a\x06\0\0\0\0\0\x01t")), "damaged"),
    ("checkpoint", "old form claims 2^40 numbers", OLD.replace(
        b"X\x03\x00\x00\x00cpuq\x06K@Nt", b"X\x03\x00\x00\x00cpuq\x06\x8a\x06\0\0\0\0\0\x01Nt"), "damaged"),
    ("checkpoint", "other negatives", saved(checkpoint(settings={"negatives": "none"})), "`negatives` is"),
    ("masks", "empty", b"", "damaged, or is not a file of masks"),
    ("masks", "text", b"valence,arousal\n1,2\n", "damaged, or is not a file of masks"),
    ("masks", "first half", mask_file(masks())[:600], "damaged, or is not a file of masks"),
    ("masks", "bit of a mask flipped", flipped(mask_file(masks()), mask_file(masks()).index(b"\1" * 64) + 3),
     "checksum"),
    ("masks", "runs code", pickle.dumps({"valence_top5": Harm()}), "mkdir"),
    ("masks", "runs code, protocol 0", pickle.dumps({"valence_top5": Harm()}, protocol=0), "mkdir"),
    ("masks", "asks for another function",
     pickle.dumps({"a": torch.ones(1)}).replace(b"_load_from_bytes", b"_load_from_dytes"), "_load_from_dytes"),
    ("masks", "changes what it finds", b"\x80\x04}]b.", "damaged, or is not a file of masks"),
    ("masks", "2^60 tuples, copied", b"\x80\x02}N" + b"2\x86" * 60 + b"Ns.", "damaged, or is not a file of masks"),
    ("masks", "2^60 tuples, by name", b"\x80\x02}N" + TUPLES + b"Ns.", "damaged, or is not a file of masks"),
    ("masks", "tuples nested deeply", b"\x80\x02}N" + b"\x85" * 10**6 + b"Ns.", "damaged, or is not a file of masks"),
    ("masks", "memo of 10^9 places", b"\x80\x04}r\xff\xff\xff\x3f.", "damaged, or is not a file of masks"),
    ("masks", "claims 10^12 bytes", b"\x80\x04\x8e" + struct.pack("<Q", 10**12) + b"abc.",
     "damaged, or is not a file of masks"),
    ("masks", "expanded to 10^12", mask_file(masks(valence_top5=torch.ones(1, 1).expand(10**6, 10**6))),
     "'valence_top5' is not a mask"),
    ("masks", "no masks", pickle.dumps({}), "holds no masks"),
    ("masks", "numbers for names", mask_file({5: torch.ones(2, 32)}), "is empty or not text"),
    ("masks", "name with a newline", mask_file({"a\nb": torch.ones(2, 32)}), "cannot be printed"),
    ("masks", "name of another field", mask_file({"settings": torch.ones(2, 32)}), "cannot be the name of a mask"),
    ("masks", "2000 masks of one piece of bytes", pickle.dumps(
        {str(place): Again() for place in range(2000)}, protocol=4), "fewer bytes"),
    ("masks", "three matrices", mask_file({"a": torch.ones(3, 2, 32)}), "'a' is not a mask"),
    ("masks", "a word for a mask", pickle.dumps({"valence_top5": "ones"}), "'valence_top5' is not a mask"),
    ("masks", "two shapes", mask_file(masks(other=torch.ones(2, 33))), r"'other' is \[2, 33\]"),
    ("masks", "NaN", mask_file(masks(other=torch.full((2, 32), torch.nan))), "NaN or infinite values"),
    ("masks", "infinite", mask_file(masks(other=torch.full((2, 2, 32), torch.inf))), "NaN or infinite values"),
    ("activations", "empty", b"", "cut off"),
    ("activations", "cut in a number", activations(range(64), ONES)[:-2], "cut off"),
    ("activations", "one activation missing", activations(range(64), ONES[1:]), "63 activations for 64 neurons"),
    ("activations", "NaN", activations(range(64), [*ONES[1:], "nan"]), "neuron 63 is NaN, infinite or too large"),
    ("activations", "infinite", activations(range(64), ["-inf", *ONES[1:]]), "neuron 0 is NaN, infinite or too large"),
    ("activations", "beyond float32", activations(range(64), [*ONES[1:], "1e308"]),
     "neuron 63 is NaN, infinite or too large"),
    ("activations", "a word", activations(range(64), ["high", *ONES[1:]]), "not a number"),
    ("activations", "binary", bytes(range(256)) * 4, "cut off"),
    ("activations", "other columns", activations(["a", "b"], [1, 2]), "not named 0 to 1"),
    ("activations", "two rows", activations(range(2), [1, 2]) + b"3,4\n", "cut off"),
    ("ranks", "empty", b"", "is empty"),
    ("ranks", "no rows", b"valence,arousal\n", "no rows"),
    ("ranks", "ragged", b"valence,arousal\n1,2\n3,4,5\n", "row 2 has 3 fields"),
    ("ranks", "NaN", b"valence,arousal\n1,2\n,1\n", "'valence' has a missing"),
    ("ranks", "infinite", b"valence,arousal\n1,2\ninf,1\n", "'valence' has a missing or infinite value in row 2"),
    ("ranks", "binary", bytes(range(128, 256)), "not UTF-8"),
    ("ranks", "5000 digits", f"valence\n1\n{HUGE_NUMBER}\n".encode(), "'valence'"),
    ("ranks", "100,000 columns", b",".join([b"x"] * 100_000) + b"\n" + b",".join([b"1"] * 100_000) + b"\n",
     "100000 fields"),
    ("ranks", "a header of 10^6 columns behind an empty line", b"\n" + b"x," * 10**6 + b"\n1\n", "1000001 fields"),
    ("ranks", "a row of 10^6 fields", b"valence\n1\n" + b"2," * 10**6 + b"\n", "1000001 fields"),
    ("ranks", "a newline in a name", b'"val\nence"\n1\n2\n', "cannot be printed"),
    ("ranks", "an unclosed quotation mark", b'"valence\n1\n2\n', "cannot be read as CSV"),
    ("ranks", "CR alone", b"valence,arousal\r1,2\r2,1\r" * 9, "CR alone"),
    ("ranks", "semicolons", b"valence;arousal\n1,0;2,5\n", "has semicolons"),
    ("ranks", "semicolons, and a comma in a name", b"valence;arousal, high;x\n1,0;2,5;1\n", "has semicolons"),
    ("ranks", "a line for spreadsheets", b"sep=,\nvalence,arousal\n1,2\n", "begins with a line for spreadsheets, 'sep"),
    ("ranks", "semicolons between quoted names", b'"valence";"arousal"\n1,0;2,5\n', "has semicolons"),
    ("ranks", "tabs between quoted names", b'"valence"\t"arousal"\n1\t2\n', "has tabs"),
    ("ranks", "NUL", b"valence\n1\x005\n2\n", "NUL in line 2"),
    ("ranks", "a column twice", b"valence,valence\n1,2\n2,1\n", "two columns 'valence'"),
    ("ranks", "a column without a name", b",valence\n0,1\n1,2\n", "column 1 has no name"),
    ("ranks", "pandas' index", b"Unnamed: 0,valence\n0,1\n1,2\n", "column 1 has no name, as when pandas"),
    ("ranks", "a number with an underscore", b"valence\n1_0\n2\n", "in row 1, which is not a number"),
    ("ranks", "taus", b"valence\n0.25\n-0.5\n", "does not hold ranks"),
    ("settings of ranks", "a list", b"[1]", "JSON object"),
    ("settings of ranks", "nested deeply", NESTED, "not valid JSON"),
    ("settings of ranks", "emotion with a path", as_json({"emotions": ["../out/fear"]}), "no file can have its name"),
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
    ("results", "a name twice", as_json(result())[:-1] + b', "best": 0.9}', "'best' appears twice"),
    ("results", "an empty digest", as_json(result(sha256="")), "has changed"),
    ("results", "no digest in a result of ours", as_json(result(settings={"made_by": "eval_mask_neuron.py"})),
     "has changed"),
    ("results", "a margin is NaN", as_json(result(margins={"best": float("nan")})), "is nan, not between"),
    ("results", "a margin of 400 digits", as_json(result(margins={"best": 10**400})), "not between"),
    ("results", "a mask with a newline", as_json(result(**{"a\nb_top5": 0.5})), "cannot be printed"),
    ("results", "margins are a list", as_json(result(margins=[1])), "do not give a number for each mask"),
    ("accuracies", "in percent", b"sentiment,random_seed,accuracy\nfear,1,83\n", "is 83; it must be between"),
    ("accuracies", "a row twice", b"sentiment,random_seed,accuracy\nfear,1,.8\nfear,1,.9\n", "fear, seed 1 twice"),
    ("results", "NaN", as_json(result(valence_top5=float("nan"))), "between 0 and 1"),
    ("results", "infinite", as_json(result(best=float("inf"))), "between 0 and 1"),
    ("results", "400 digits", as_json(result(best=10**400)), "between 0 and 1"),
    ("results", "a word", as_json(result(best="high")), "'best' is not a number"),
    ("results", "true", as_json(result(best=True)), "'best' is not a number"),
    ("results", "seed is a word", as_json(result(seed="1")), "another task"),
    ("results", "of another task", as_json(result(sentiment="joy")), "another task"),
    ("results", "emotion with a path", as_json(result(sentiment="../../etc/passwd")), "another task"),
    ("results", "emotion is a list", as_json(result(sentiment=["fear"])), "another task"),
    ("results", "settings are a word", as_json(result(settings="none")), "record of settings cannot be read"),
    ("attributes", "concept with a path", b"emotion,valence\n../fear,1\n", "'../fear' has a slash"),
    ("attributes", "concept of 101 bytes", b"emotion,valence\n" + b"a" * 101 + b",1\n", "longer than 100 bytes"),
    ("attributes", "concept without a name", b"emotion,valence\n,1\n", "is empty or not text"),
    ("attributes", "concept twice", b"emotion,valence\nfear,1\nfear,2\n", "more than once"),
    ("attributes", "case alone", b"concept,valence\nfear,1\nFear,2\n", "differ only in capital letters"),
    ("attributes", "Unicode form alone", "concept,v\ncaf\u00e9,1\ncafe\u0301,2\n".encode(),
     "differ only in capital letters"),
    ("attributes", "the name of random masks", b"emotion,random\nfear,1\n", "'random', as random masks are"),
    ("attributes", "attributes that differ in case", b"emotion,valence,Valence\nfear,1,2\n",
     "differ only in capital letters"),
    ("attributes", "emotion and concept", b"emotion,concept,valence\nfear,fear,1\n", "leave one out"),
    ("attributes", "column without a name", b"emotion,\nfear,1\n", "column 2 has no name"),
    ("attributes", "ratings one by one", b"participant,emotion,attribute,rating\n1,fear,valence,1\n",
     "prepare_attributes.py"),
    ("attributes", "distances without their concepts", b"valence\n1\n", "--concept_order"),
    ("ratings", "a field more than the header", b"participant,emotion,attribute,rating\n1,2,fear,valence,1\n",
     "row 1 has 5 fields"),
    ("ratings", "a second column of ratings", b"participant,emotion,attribute,rating,rating\n1,fear,valence,1,2\n",
     "two columns 'rating'"),
    ("ratings", "a word", b"participant,emotion,attribute,rating\n1,fear,valence,high\n", "not a number"),
    ("ratings", "no attribute", b"participant,emotion,attribute,rating\n1,fear,,1\n", "'attribute' is empty"),
    ("order", "one twice", b"fear\njoy\nfear\n", "more than once"),
    ("order", "a path", b"fear\n/etc/passwd\n", "has a slash"),
    ("order", "not UTF-8", b"\xff\xfe\x00", "not UTF-8"),
    ("config", "empty", b"", "holds no flags"),
    ("config", "a list", b"- joy", "holds no flags"),
    ("config", "cut off", b"sentiment: [joy,", "not valid YAML"),
    ("config", "no text", b"\0\xff", "not UTF-8"),
    ("config", "a bomb of references", b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "is neither a value"),
    ("config", "a bomb of merges", b"a0: &a0 {x: 1}\n" + b"".join(
        b"a%d: &a%d {<<: [%s]}\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 10)),
     "is neither a value"),
    ("config", "deeply nested", b"[" * 5000, "not valid YAML"),
    ("config", "a flag within a flag", b"epochs: {fear: 1}", "is neither a value"),
    ("config", "a flag for a value", b"sentiment: [fear, --overwrite]", "looks like a flag"),
    ("config", "a flag twice", b"epochs: 1\nepochs: 2", "'epochs' appears twice"),
    ("tsv", "empty", b"", "line 1"),
    ("tsv", "label 28", b"thank you\t28\tid\n", "line 1"),
    ("tsv", "label of 5000 digits", b"thank you\t" + HUGE_NUMBER.encode() + b"\tid\n", "line 1"),
    ("tsv", "two fields", b"thank you\t15\tid\nthank you\t15\n", "line 2"),
    ("tsv", "not UTF-8", b"\xe9t\xe9\t15\tid\n", "not UTF-8"),
    ("tsv", "NUL", b"not \0happy\t15\tid\n", "NUL in line 1"),
    ("labels", "a path", b".care\nloyalty\nfairness\n", "begins with '.'"),
    ("labels", "one twice", b"care\ncare\nfairness\n", "more than once"),
    ("csv", "a slip among 200", corpus_csv() + b"so,1,0,x\n" * 199 + b"so,1,01,x\n",
     "'loyalty' holds 0 and 1 except in 1"),
    ("csv", "no column of 0 and 1", corpus_csv(care="a", loyalty="b"), "no column of 0 and 1"),
    ("csv", "no row of a concept", corpus_csv(care="0"), "column 'care' has no row with 1"),
    ("csv", "all rows of a concept", corpus_csv(loyalty="1"), "column 'loyalty' has no row with 0"),
    ("csv", "no column of texts", corpus_csv().replace(b"text,", b"words,"), "no column 'text'"),
    ("csv", "a concept with a slash", corpus_csv().replace(b"care", b"a/b"), "has a slash"),
    ("csv", "concepts that differ in case", corpus_csv().replace(b"loyalty", b"Care"),
     "differ only in capital letters"),
]


def make_beside(folder, reader):
    """What a reader looks for beside the file in question."""
    if reader == "settings of ranks":
        (folder / "ranks.csv").write_text("valence\n1\n2\n")
    if reader == "labels":
        (folder / "train.tsv").write_text("thank you\t2\tid\nso\t0,1\tid\n")


@pytest.mark.parametrize(("reader", "content", "message"), [(case[0], *case[2:]) for case in CORPUS],
                         ids=[f"{case[0]}: {case[1]}" for case in CORPUS])
def test_hostile_file(reader, content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, read = READERS[reader]
    (tmp_path / name).write_bytes(content)
    make_beside(tmp_path, reader)
    with pytest.raises(UserError, match=message) as error:
        read(tmp_path / name)
    assert str(tmp_path / name) in str(error.value), "the file is named"
    assert not (tmp_path / "harm").exists(), "no code was run"


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_a_folder_and_no_file(reader, tmp_path):
    name, read = READERS[reader]
    make_beside(tmp_path, reader)
    os.mkfifo(tmp_path / name)  # reading it would wait for ever
    with pytest.raises(UserError, match="pipe"):
        read(tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(UserError, match="folder"):
        read(tmp_path / name)
    (tmp_path / name).rmdir()
    if reader not in ("settings of ranks", "labels"):  # which need not be there
        with pytest.raises(UserError):
            read(tmp_path / name)


def test_inputs_are_digested_without_waiting_for_pipes(tmp_path):
    (tmp_path / "fear-1.json").write_bytes(as_json(result()))
    digest = input_digest(tmp_path)
    os.mkfifo(tmp_path / "a-b.c")  # no task's
    assert input_digest(tmp_path) == digest
    (tmp_path / "joy-1.json").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="joy-1.json: is a pipe or a device"):
        input_digest(tmp_path)


def test_a_file_too_large_to_read_is_not_read(tmp_path):
    with open(tmp_path / "fear-1.json", "wb") as file:
        file.truncate(1 << 40)  # takes no space
    with pytest.raises(UserError, match="1099511627776 bytes"):
        opening.read_json(tmp_path / "fear-1.json")


def test_masks_of_an_attribute_with_the_longest_name_are_read(tmp_path):
    name = "a" * 100
    (tmp_path / "ranks.csv").write_text(f"{name}\n1\n2\n")
    assert list(ranks.read(tmp_path / "ranks.csv")[0]) == [name]
    (tmp_path / "masks.pkl").write_bytes(mask_file({f"{name}_top4000_random_12": torch.ones(2, 32)}))
    mask_files.read(tmp_path / "masks.pkl")


def test_what_is_sound_is_read(tmp_path):
    """The files above fail for what is wrong with them, not for what they share."""
    for reader, content in (("checkpoint", GOOD), ("masks", mask_file(masks())),
                            ("activations", activations(range(64), ONES)), ("ranks", b"valence,arousal\n1,2\n2,1\n"),
                            ("results", as_json(result())), ("csv", corpus_csv())):
        name, read = READERS[reader]
        (tmp_path / reader).mkdir()
        (tmp_path / reader / name).write_bytes(content)
        read(tmp_path / reader / name)
    (tmp_path / "old.pt").write_bytes(saved(checkpoint(best_prompt=torch.nn.Parameter(torch.ones(4, 16))),
                                            _use_new_zipfile_serialization=False))
    assert prompts.read(tmp_path / "old.pt").best_acc == 0.75
