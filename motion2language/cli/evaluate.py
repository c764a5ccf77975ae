"""m2l evaluate."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Corpus, Device, ModelName, Search, SemanticOptions, require_place


def evaluate(
    model: ModelName,
    /,
    *,
    corpus: Corpus,
    split: str = "test",
    out: Path | None = None,
    device: Device = "auto",
    search: Search = Search(),
    live: bool = False,
    sure: float = 0.7,
    patience: float = 0.5,
    cuts: bool = True,
    semantic: SemanticOptions = SemanticOptions(),
) -> int:
    """Score a model on a split, beside baselines that ignore the motion.

    Parameters
    ----------
    split
        train, val or test.
    out
        Folder for scores.json and transcripts.jsonl.
    live
        Caption each recording frame by frame, as m2l live does, and report the delay of each verb.
    sure
        With --live: as in m2l live.
    patience
        With --live: as in m2l live.
    cuts
        Add baselines that see the motion but no words: change points, slow moments.
    """
    from motion2language.captioning.recordings import load_captioner
    from motion2language.data import corpora
    from motion2language.data.samples import load_into_memory
    from motion2language.files import make_folder
    from motion2language.live.draws import Patience
    from motion2language.scoring import files, tables
    from motion2language.scoring.evaluate import evaluate as run
    from motion2language.scoring.evaluate import require_samples

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
    try:  # a full disk must not keep the scores from being printed, nor a closed pipe keep them from the disk
        if out is not None:
            files.write_run(out, *evaluation)
    finally:
        print(tables.tables(evaluation.scores))
    return 0
