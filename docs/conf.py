"""Sphinx configuration of the documentation; `make docs` builds it, without any network."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from extension import gallery, pages

from perovchem.version import __version__

project = "perovchem"
author = "the perovchem authors"
project_copyright = "the perovchem authors, MIT license"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "extension.docstrings",
    "extension.links",
    "extension.mathml",
]
exclude_patterns = [
    "_build",
    "README.md",
    "extension",
    "gallery/index.rst",
    "generated/questions.rst",
    "gallery/*.ipynb",
    "gallery/*.py",
]
nitpicky = False
suppress_warnings = [
    "config.cache",  # functions among the settings of the gallery
]

# Markdown
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# reference pages
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say them in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
add_module_names = False
toc_object_entries_show_parents = "hide"
html_math_renderer = "mathml"

# gallery
warnings.filterwarnings("ignore", category=DeprecationWarning)
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": rf"^(?!(?:{'|'.join(gallery.EXAMPLES)})\.py$)",
    "nested_sections": False,
    "within_subsection_order": "FileNameSortKey",
    "minigallery_sort_order": gallery.place_of,
    "image_scrapers": (gallery.figures,),
    "reset_modules": (gallery.reset,),
    "reset_argv": gallery.folder_of,
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib\.figure|NoneType|class 'list'",
    "plot_gallery": True,
    "thumbnail_size": (640, 400),
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 3600,
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("perovchem",),
    "prefer_full_module": {r"perovchem\..*"},
    "inspect_global_variables": True,
    "copyfile_regex": "",
}

# look
html_theme = "pydata_sphinx_theme"
html_title = f"perovchem {release}"
html_short_title = "perovchem"
html_static_path = ["static"]
html_context = {"default_mode": "auto"}
html_css_files = ["perovchem.css"]
html_logo = None
html_favicon = "static/favicon.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "logo": {"text": "perovchem"},
    "show_prev_next": False,
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
    "back_to_top_button": False,
}
html_sidebars = {page: [] for page in ("index", "install", "first_hour", "validation")}

pages.write(HERE / "generated")
