"""m2l evaluate."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Corpus, Meaning, load, make_folder, require_beam, require_place


def evaluate(
    model: str,
    /,
    *,
    corpus: Corpus,
    split: str = "test",
    out: Path | None = None,
    beam: int | None = None,
    device: str = "auto",
    refine: bool = True,
    live: bool = False,
    sure: float = 0.7,
    patience: float = 0.5,
    cuts: bool = True,
    meaning: Meaning = Meaning(),
) -> int:
    """Score a model on a split, motion-blind floors beside it.

    Parameters
    ----------
    model
        A shipped model (default, synthetic) or a model folder.
    split
        train, val or test.
    out
        Folder for scores.json and transcripts.jsonl.
    beam
        Sentences kept while searching; 1 is greedy. 0 draws sentences and takes the one most like the others.
        Without it: 0 for a transducer, such as the shipped models, 4 for the paper's model.
    device
        auto, cpu or cuda.
    refine
        Bound segments by changes of movement; --no-refine takes the paper's rule.
    live
        Hear each recording frame by frame, as m2l live does, and say how late each verb came.
    sure
        With --live: as in m2l live.
    patience
        With --live: as in m2l live.
    cuts
        Also floors that see the motion but know no word: change points, slow moments.
    """
    from motion2language import scoring
    from motion2language.data import corpora
    from motion2language.data.samples import load_into_memory
    from motion2language.live.draws import Patience
    from motion2language.scoring.evaluate import evaluate as run
    from motion2language.scoring.evaluate import require_samples

    require_beam(beam)
    semantic = meaning.load()
    captioner = load(model, device, None)
    if out is not None:
        require_place(out)
    samples = load_into_memory(corpora.load(corpus.dataset, corpus.root, split, corpus.stores.folder))
    require_samples(samples)
    if out is not None:
        make_folder(out)
    hearing = Patience(sure, patience) if live else None
    found = run(captioner, samples, beam=beam, refine=refine, live=hearing, cuts=cuts, semantic=semantic)
    try:  # whatever keeps one of the two from being done, a full disk or a closed pipe, the other is
        if out is not None:
            scoring.write(out, found.scores, found.transcripts, found.references, found.rows)
    finally:
        print(scoring.tables(found.scores))
    return 0
