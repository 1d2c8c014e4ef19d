"""Fetch GoEmotions, the study's human ratings and its published results from their publishers, checked by SHA-256."""

import tempfile
from functools import partial
from pathlib import Path

from framework import artifacts, cli
from framework.errors import UserError

# isort: split
import pooch
import requests
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


def main():
    parser = cli.make_parser(__doc__, epilog=" ".join(f"{name}: {what}." for name, what in SETS.items()))
    parser.add_argument("--what", choices=SETS, nargs="+", default=list(SETS), metavar="SET",
                        help="which of the sets below")
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
    thread_map(lambda name: get(name, args.output_dir / name, checksums[name]), missing,
               max_workers=8, desc="fetch", unit="file")

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
    if "goemotions" in args.what:
        print(f"next: python train.py --dataset {args.output_dir / 'goemotions'}")
    if {"human", "published"} <= set(args.what):
        print(f"next: python rsa_searchlight.py "
              f"--activation_dir {args.output_dir}/published/active_neuron_before_relu_csv "
              f"--attributes {human}/attribute_distances.csv --emotion_order {human}/emotion_order.txt")


if __name__ == "__main__":
    cli.run(main, goes_on=True)
