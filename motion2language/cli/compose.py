"""m2l data compose and m2l data labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.options import Input
from motion2language.cli.written import Out, Overwrite, show_written

if TYPE_CHECKING:
    from motion2language.data.clips import Clip


def compose(
    *,
    out: Out,
    clips: Path | None = None,
    people: Path | None = None,
    labels: Path | None = None,
    pattern: str | None = None,
    phrases: Path | None = None,
    clips_source: str = "folder",
    actions: Path | None = None,
    recipe: Path | None = None,
    train: int = 3000,
    val: int = 300,
    test: int = 300,
    seed: int = 11,
    rate: float = 10.0,
    source: Input = Input(),
) -> int:
    """Make a benchmark: each motion joins takes of single actions, with sentences and exact segments.

    Of --clips alone: 1 to 4 clips a motion, worded by --phrases. Of --people: 1 to 10 actions of the takes of many
    people and sources, worded by the table of actions; --clips then adds a source to them.

    Parameters
    ----------
    out
        OUT.npz and OUT.json are written, the pair that the corpus compose reads.
    clips
        Folder of motion files, or an archive X.npz with X.json beside it.
    people
        Labelled recordings: a folder of pairs X.npz and X.json, one pair, or a TOML file that chooses.
    labels
        CSV with the columns file and label, and optionally style and split.
    pattern
        Take labels from the files' names instead, e.g. `(?P<label>[a-z-]+)_[0-9]+`.
    phrases
        TOML file of phrases for each label of --clips, instead of the packaged one.
    clips_source
        With --people: the source whose labels the clips have in the table of actions, such as bandai.
    actions
        With --people: TOML file of rows and labels added to the table of actions.
    recipe
        With --people: TOML file of the numbers by which motions are drawn.
    train
        Motions for training. No clip, and of --people no person, is in two splits.
    val
        Motions for validation.
    test
        Motions for testing.
    seed
        The same seed, clips and phrases give the same files.
    rate
        Frame rate of the motions.
    source
        What the files do not specify themselves.
    """
    from motion2language.data import composing
    from motion2language.data.clips import find_clips
    from motion2language.data.progress import show_progress

    sizes = {"train": train, "val": val, "test": test}
    if min(sizes.values()) < 0 or sum(sizes.values()) == 0:
        raise ValueError(f"{train} + {val} + {test} motions; give at least one")
    if not 1 <= rate <= 1000:
        raise ValueError(f"--rate {rate}: give 1 to 1000 frames per second")
    targets = composing.pair(out)
    if {path.resolve() for path in (clips, people) if path} & {path.resolve() for path in targets}:
        raise ValueError(f"--out {out}: would replace the clips; name another")

    def find(root: Path) -> list[Clip]:
        return find_clips(root, labels, pattern, lambda path, fps: replace(source, fps=fps or source.fps).read(path))

    if people is not None:
        if phrases is not None:
            raise ValueError("--phrases: not with --people, which are worded by the table of actions; give --actions")
        archives = {} if clips is None else {clips_source: find(clips)}
        return _compose_people(people, archives, actions, recipe, sizes, seed, rate, out)
    if clips is None:
        raise ValueError("of what? give --clips, --people, or both")
    if actions is not None or recipe is not None:
        raise ValueError(f"--{'recipe' if actions is None else 'actions'}: only with --people")
    with show_progress() as advance:
        used = composing.write(
            out, find(clips), composing.load_phrases(phrases), composing.RECIPE, sizes, seed, rate, advance
        )
    for split, size in sizes.items():
        if size:
            print(f"{split}: {size} motions of {used[split]} clips")
    show_written(targets)
    return 0


def _compose_people(
    people: Path,
    archives: Mapping[str, Sequence[Clip]],
    actions: Path | None,
    recipe: Path | None,
    sizes: Mapping[str, int],
    seed: int,
    rate: float,
    out: Path,
) -> int:
    from motion2language.data import composing
    from motion2language.data.labelled.selection import choose, read_selection, report
    from motion2language.data.progress import show_progress

    dense, selection = composing.load_dense(recipe), read_selection(people)
    if actions is not None:
        selection = selection.model_copy(update={"actions": actions})
    chosen = choose(selection)
    report(people, chosen)
    with show_progress() as advance:
        pools = composing.make_pools(chosen, archives, chosen.actions, rate, seed, advance)
        composing.write_mixture(out, pools, chosen.actions, dense, sizes, seed, advance)
    for split, size in sizes.items():
        if size:
            named = [take.named for take in pools[split].takes]
            sources, persons = {each.source for each in named}, {each.person for each in named} - {""}
            print(f"{split}: {size} motions of {len(named)} takes of {len(persons)} people in {len(sources)} sources")
    show_written(composing.pair(out))
    return 0


def labels(folder: Path, /, *, pattern: str, seed: int = 11, overwrite: Overwrite = False) -> int:
    """Write labels.csv into a folder of clips: labels from the files' names, splits by label.

    Rows that are there already are kept as they are; clips without a row are added.

    Parameters
    ----------
    folder
        Folder of motion files.
    pattern
        Regular expression with a group named label, and optionally style and split: `(?P<label>[a-z-]+)_[0-9]+`.
    seed
        Of the splits.
    """
    from collections import Counter

    from motion2language.data import clips
    from motion2language.files import write_text

    labelled = clips.find_clips(folder, pattern=pattern)
    splits, table = clips.split_clips(labelled, seed), folder / clips.LABELS
    kept = 0
    if table.exists() and not overwrite:
        text, kept = clips.add_to_csv(table, splits)
    else:
        text = clips.to_csv(splits)
    write_text(table, text)
    counts = sorted(Counter(clip.label for clip in clips.find_clips(folder)).items())
    named = ", ".join(f"{label} {count}" for label, count in counts)
    rows = f"; {kept} row{'s' * (kept != 1)} kept, --overwrite replaces all" if kept else ""
    show_written(table, f"{sum(count for _, count in counts)} clips, {named}{rows}")
    return 0
