"""The docs site in build/site: `python docs/site.py`, from the pages here and what is generated from the code.

Generated are the commands and options, from the command line's own help; the Python names, from their signatures and
docstrings; and the navigation, from the links of index.md. Fails if index.md does not link to a page, if a link is
dead, or if a page would fetch anything from another host.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
PAGES, SITE, SETTINGS = BUILD / "docs", BUILD / "site", BUILD / "zensical.toml"
GENERATED = {"Commands": "reference/commands.md", "Python": "reference/python.md"}

#: Modules on the page of Python names, in the order in which a recording passes them.
MODULES = """
    motion formats.reading formats body captioning.features
    transcript captioning.loading captioning.captioner captioning.hypothesis language.vocabulary language.actions
    captioning.timing captioning.boundaries captioning.search_attention captioning.facts.find
    captioning.doubt live.captioner writers viewer formats.pieces data.annotation_exports
    data.samples data.corpora scoring.captions scoring.segments scoring.baselines scoring.reliability scoring.evaluate
    model.config model.encoders model.attention model.decoder model.transducer training.config training.train
""".split()

#: What a page fetches from another host when it opens: scripts, pictures, style sheets, fonts; not links to follow.
_FETCHED = re.compile(
    r"""(?:<(?:script|img|iframe|source|video)[^>]*\ssrc|<link[^>]*\shref)=["']?((?:https?:)?//[^"' >]+)"""
)


def main() -> None:
    """Build the site, or exit with the errors."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (PAGES / "reference").mkdir()
    for page, text in zip(GENERATED.values(), (commands(), python_names()), strict=True):
        (PAGES / page).write_text(text, encoding="utf-8")
    entries = navigation((PAGES / "index.md").read_text(encoding="utf-8"))
    listed = {page for section in entries.values() for page in section.values()}
    if lost := {page.relative_to(PAGES).as_posix() for page in PAGES.rglob("*.md")} - listed - {"index.md"}:
        sys.exit(f"docs: index.md does not link to {', '.join(sorted(lost))}")
    settings = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    SETTINGS.write_text(settings.replace("nav = []", f"nav = {_toml(entries)}", 1), encoding="utf-8")
    shutil.rmtree(SITE, ignore_errors=True)
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(SETTINGS)]
    if subprocess.run(build, check=False).returncode:
        sys.exit("docs: the site was not built, for the reasons above")
    pages = list(SITE.rglob("*.html"))
    if fetched := {f"{page.name}: {host}" for page in pages for host in _FETCHED.findall(page.read_text("utf-8"))}:
        sys.exit(f"docs: pages fetch from other hosts: {', '.join(sorted(fetched))}")
    print(f"{SITE.relative_to(ROOT)}: {len(pages)} pages")


def navigation(index: str) -> dict[str, dict[str, str]]:
    """Section -> title -> page, from the links at the start of lines of index.md; the generated pages are a section."""
    sections: dict[str, dict[str, str]] = {}
    for part in index.split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        links = dict(re.findall(r"^- \[([^]]*)\]\(([^)]*\.md)\)", body, re.MULTILINE))
        sections |= {heading: links} if links else {}
    return sections | {"Reference": GENERATED}


def _toml(entries: dict[str, dict[str, str]]) -> str:
    """The navigation as a TOML array, the first page first; JSON's strings are TOML's."""
    parts = ['{"Start" = "index.md"}']
    for section, links in entries.items():
        pages = ", ".join(f"{{{json.dumps(title)} = {json.dumps(page)}}}" for title, page in links.items())
        parts.append(f"{{{json.dumps(section)} = [{pages}]}}")
    return f"[{', '.join(parts)}]"


def commands() -> str:
    """The page of all commands and options."""
    from motion2language.cli import app

    text = str(app.generate_docs(output_format="markdown")).replace("# m2l\n", "# Commands\n", 1)
    return re.sub(
        r"## Table of Contents\n.*?(?=\*\*Commands)", "", text, count=1, flags=re.DOTALL
    )  # the site has its own


def python_names() -> str:
    """The page of public Python names."""
    import motion2language

    parts = [
        "# Python",
        "Public names of `motion2language`, then of its modules. `import motion2language as m2l` gives:",
    ]
    parts += [", ".join(f"`m2l.{name}`" for name in motion2language.__all__)]
    for name in MODULES:
        module = importlib.import_module(f"motion2language.{name}")
        parts += [f"## {name}", *_documentation(module)]
        for member, value in _public(module):
            parts += [f"### {member}", _signature(member, value), *_documentation(value)]
            for method, function in _methods(value):
                parts += [f"#### {member}.{method}", _signature(method, function), *_documentation(function)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Functions and classes that a module defines or lists in `__all__`, in its order."""
    own = getattr(module, "__all__", ())
    for name, value in vars(module).items():
        if name.startswith("_") or not (inspect.isfunction(value) or inspect.isclass(value)):
            continue
        if value.__module__ == module.__name__ or name in own:
            yield name, value


def _methods(value: Any) -> Iterator[tuple[str, Any]]:
    """Methods and properties that a class itself defines."""
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, function


def _signature(name: str, value: Any) -> str:
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    parameters: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        if parameter.name != "self":
            parameters.append(str(parameter))
    returns = "" if signature.return_annotation in (None, signature.empty) else f" -> {signature.return_annotation}"
    text = f"{name}({', '.join(parameters)}){returns}"
    if len(text) > 88:
        text = f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){returns}"
    return "```python\n" + re.sub(r": '([^']*)'", r": \1", text) + "\n```"  # annotations are kept as strings


def _documentation(value: Any) -> list[str]:
    """A docstring's first paragraph as prose, and the rest, often a table of arguments, verbatim."""
    first, _, rest = (inspect.getdoc(value) or "").partition("\n\n")
    return [first, f"```text\n{rest.strip()}\n```" if rest.strip() else ""]


if __name__ == "__main__":
    main()
