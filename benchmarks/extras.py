"""What each extra adds to a plain installation: `python benchmarks/extras.py`, with all extras installed.

Prints the packages that an extra brings with their own requirements, without those of a plain installation, and the
size of their files on disk. Nothing is downloaded.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def main() -> None:
    """Measure and print."""
    core = closure(PROJECT["dependencies"])
    print(f"plain: {size(core):.0f} MB of {len(core)} packages\n\n| extra | adds | packages |\n| --- | --- | --- |")
    for extra, lines in PROJECT["optional-dependencies"].items():
        try:
            own = closure(lines) - core
        except PackageNotFoundError as error:
            print(f"| `{extra}` | {error.name} is not installed | |")
        else:
            print(f"| `{extra}` | {size(own):,.1f} MB | {len(own)} |")


def closure(lines: Iterable[str]) -> set[str]:
    """The names of all packages that requirements bring; PackageNotFoundError for one that is not installed."""
    found = set[str]()
    waiting = [(line, "") for line in lines]
    asked = set[tuple[str, str]]()
    while waiting:
        row = waiting.pop()
        if row in asked:
            continue
        asked.add(row)
        requirement = Requirement(row[0])
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": row[1]}):
            continue
        name = requirement.name.lower().replace("_", "-")
        if name == PROJECT["name"]:  # an extra that is made of others
            waiting += [(line, "") for extra in requirement.extras for line in PROJECT["optional-dependencies"][extra]]
            continue
        package = distribution(name)
        found.add(name)
        waiting += [(line, extra) for extra in ("", *requirement.extras) for line in package.requires or []]
    return found


def size(names: Iterable[str]) -> float:
    """Megabytes of the files of packages."""
    files = {Path(str(file.locate())) for name in names for file in distribution(name).files or []}
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
