"""The structure of the package in figures: `python benchmarks/structure.py [CHECKOUT]`, by default this one.

Names at the root, modules, lines, functions over 40 lines, and arrows: pairs of top-level names of which one imports
the other, at the top of a file or inside a function.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

LONG = 40  # lines of a function, its docstring included


def main() -> None:
    """Measure a checkout and print the figures."""
    checkout = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    package = checkout / "motion2language"
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))}
    names = [path.name for path in package.iterdir() if not path.name.startswith("__")]
    functions = [
        (node.end_lineno - node.lineno + 1, path.relative_to(package), node.name)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    ]
    arrows = {(unit(path, package), other) for path, tree in trees.items() for other in imported(tree)}
    arrows = {
        (first, second) for first, second in arrows if first != second and second in {stem(name) for name in names}
    }
    print(f"names at the root  {len(names)}")
    print(f"modules            {len(trees)}")
    print(f"lines              {sum(len(path.read_text(encoding='utf-8').splitlines()) for path in trees)}")
    print(f"arrows             {len(arrows)}")
    long = sorted((row for row in functions if row[0] > LONG), reverse=True)
    print(f"functions          {len(functions)}, over {LONG} lines {len(long)}")
    for lines, path, name in long:
        print(f"  {lines:3d}  {path}:{name}")


def stem(name: str) -> str:
    """The name of a module or folder as it is imported."""
    return name.removesuffix(".py")


def unit(path: Path, package: Path) -> str:
    """The top-level name that a file belongs to."""
    return stem(path.relative_to(package).parts[0])


def imported(tree: ast.AST) -> set[str]:
    """Top-level names of the package that a file imports."""
    modules = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
    return {parts[1] for module in modules if (parts := module.split("."))[0] == "motion2language" and len(parts) > 1}


if __name__ == "__main__":
    main()
