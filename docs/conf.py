"""Settings of the documentation, for Sphinx: pages in Markdown (MyST), the API from docstrings (numpydoc)."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = "OpenNeuron"
copyright = "the OpenNeuron contributors"  # noqa: A001
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
default_role = "code"  # in docstrings `name` is code
autosummary_generate = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

html_theme = "furo"
html_logo = "logo.png"
html_title = "OpenNeuron"


def keep_bars(app, what, name, obj, options, lines):
    """|a| is an absolute value in our docstrings, and a substitution in reStructuredText."""
    lines[:] = [re.sub(r"(`[^`]*`)|\|", lambda found: found[1] or r"\|", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", keep_bars)
