"""m2l evaluate."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Corpus, Device, Meaning, ModelName, Search, make_folder, require_place


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
    meaning: Meaning = Meaning(),
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
    from motion2language import scoring
    from motion2language.captioning.recordings import load_captioner
    from motion2language.data import corpora
    from motion2language.data.samples import load_into_memory
    from motion2language.live.draws import Patience
    from motion2language.scoring.evaluate import evaluate as run
    from motion2language.scoring.evaluate import require_samples

    search.require_valid()
    semantic = meaning.load()
    captioner = load_captioner(model, device, None)
    if out is not None:
        require_place(out)
    samples = load_into_memory(corpora.load(corpus.dataset, corpus.root, split, corpus.stores.folder))
    require_samples(samples)
    if out is not None:
        make_folder(out)
    hearing = Patience(sure, patience) if live else None
    found = run(captioner, samples, beam=search.beam, refine=search.refine, live=hearing, cuts=cuts, semantic=semantic)
    try:  # whatever keeps one of the two from being done, a full disk or a closed pipe, the other is
        if out is not None:
            scoring.write(out, found.scores, found.transcripts, found.references, found.rows)
    finally:
        print(scoring.tables(found.scores))
    return 0
