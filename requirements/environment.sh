# For demo.sh, test.sh and others: makes .venv in the repository's folder, installs requirements once, activates it.
#   source requirements/environment.sh requirements.txt
requirements=$1
fits='import platform, sys
sys.exit(not (3, 10) <= sys.version_info < (3, 14) or (platform.system(), platform.machine()) == ("Darwin", "x86_64"))'
if ! { .venv/bin/python -c "$fits" && source .venv/bin/activate && [ "$VIRTUAL_ENV" -ef .venv ]; } 2> /dev/null
then # there is none, or it is unfinished, was moved, or its Python is gone or does not fit
    python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || {
        echo "Python 3.10 to 3.13 is needed, but this is $("$python" --version 2>&1); choose another: PYTHON=python3.12 $0" >&2
        exit 2
    }
    "$python" -c "$fits" || {
        echo "PyTorch has no builds for Intel Macs; on Apple silicon, choose a Python made for it: PYTHON=/path/to/python3 $0" >&2
        exit 2
    }
    [ -e .venv/openneuron ] || [ -z "$(ls -A .venv 2> /dev/null)" ] || {
        echo ".venv was moved, or its Python does not fit, and OpenNeuron did not make it; move it away" >&2
        exit 2
    }
    rm -rf .venv/* .venv/.[!.]*
    mkdir -p .venv
    touch .venv/openneuron # first: a making that is interrupted is ours, too
    "$python" -m venv .venv
    source .venv/bin/activate
fi
files=(requirements.txt requirements/*.txt)
installed=.venv/$(basename "$requirements").installed
if ! cat "${files[@]}" | cmp -s - "$installed"; then
    echo "Installing what $requirements lists into .venv (a few minutes, once)"
    python -m pip install --quiet --disable-pip-version-check --requirement "$requirements" 2> .venv/pip.log || {
        echo "pip could not install what $requirements lists (no network?); .venv/pip.log says why" >&2
        exit 2
    }
    cat "${files[@]}" > "$installed"
fi
