"""``python -m perovchem`` is the command ``perovchem``."""

from perovchem.cli import main

main()
