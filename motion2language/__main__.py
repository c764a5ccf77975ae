"""`python -m motion2language`: the same as `m2l`."""

from motion2language.cli import main

main()
