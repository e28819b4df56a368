"""``python -m suggest``."""

from suggest.cli import main

main()
