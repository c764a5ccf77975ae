"""m2l evaluate."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from motion2language.cli.options import Corpus, Device, ModelName, Search, SemanticOptions, require_place
from motion2language.cli.written import OptionalOut, show_written

TABLES = "scores.md"  # all tables, in the folder of --out


def evaluate(
    model: ModelName,
    /,
    *,
    corpus: Corpus,
    split: str = "test",
    out: OptionalOut = None,
    device: Device = "auto",
    search: Search = Search(),
    live: bool = False,
    sure: float = 0.7,
    patience: float = 0.5,
    cuts: bool = True,
    detail: Annotated[bool, Parameter(negative="")] = False,
    full: Annotated[bool, Parameter(negative="")] = False,
    semantic: SemanticOptions = SemanticOptions(),
) -> int:
    """Score a model on a split, beside baselines that ignore the motion.

    Parameters
    ----------
    split
        train, val or test.
    out
        Folder for scores.md (all tables), scores.json, clips.csv, transcripts.jsonl and references.jsonl.
    live
        Caption each recording frame by frame, as m2l live does, and report the delay of each verb.
    sure
        With --live: as in m2l live.
    patience
        With --live: as in m2l live.
    cuts
        Add baselines that see the motion but no words: change points, slow moments.
    detail
        Also score the sentences with words of facts, as m2l caption --detail has them, and with repetitions counted.
    full
        Print all tables instead of the main scores.
    """
    from motion2language.captioning.recordings import load_captioner
    from motion2language.data import corpora
    from motion2language.data.samples import load_into_memory
    from motion2language.files import make_folder, write_text
    from motion2language.live.draws import Patience
    from motion2language.scoring import files, tables
    from motion2language.scoring.evaluate import evaluate as run
    from motion2language.scoring.evaluate import require_samples, with_detail
    from motion2language.scoring.headlines import headlines

    search.require_valid()
    measures = semantic.load()
    captioner = load_captioner(model, device, None)
    if out is not None:
        require_place(out)
    samples = load_into_memory(corpora.load(corpus.dataset, corpus.root, split, corpus.stores.folder))
    require_samples(samples)
    if out is not None:
        make_folder(out)
    patience_live = Patience(sure, patience) if live else None
    evaluation = run(
        captioner,
        samples,
        beam=search.beam,
        refine=search.refine,
        search=search.search,
        live=patience_live,
        cuts=cuts,
        semantic=measures,
    )
    if detail:
        evaluation = with_detail(evaluation, measures)
    every = tables.tables(evaluation.scores)
    try:  # a full disk must not keep the scores from being printed, nor a closed pipe keep them from the disk
        if out is not None:
            files.write_run(out, *evaluation)
            write_text(out / TABLES, f"{every}\n")
    finally:
        print(every if full else headlines(evaluation.scores))
    if out is not None:
        show_written(out, f"{TABLES} has all tables")
    elif not full:
        print("(--full prints all tables, --out FOLDER keeps them)")
    return 0
