"""JSON shaped like BABEL's annotations (Punnakkal et al. 2021): the sentence of the whole and the labels of its parts.

One sequence under the recording's name: `seq_ann` holds the sentence and every action, `frame_ann` one label per
segment with `start_t` and `end_t` in seconds. BABEL's own numbers of sequences and annotators belong to its data set
and are omitted; `seg_id` counts.
"""

from __future__ import annotations

import json
from typing import Any

from motion2language.transcript import Transcript
from motion2language.writers import _facts

SUFFIX = ".babel.json"


def text(transcript: Transcript) -> str:
    """One indented object, times rounded to 0.1 ms."""
    known = [segment for segment in transcript.segments if segment.known]
    actions = list(dict.fromkeys(segment.label for segment in known if segment.label is not None))
    whole = [_label("whole", _facts.sentence(transcript), actions)] if transcript.segments else []
    parts = [
        _label(
            f"segment-{number}",
            _facts.caption(segment) or segment.label or "",
            [segment.label] if segment.label and segment.known else [],
        )
        | {"start_t": round(segment.start, 4), "end_t": round(segment.end, 4)}
        for number, segment in enumerate(transcript.segments, start=1)
    ]
    sequence = {
        "babel_sid": transcript.source,
        "feat_p": transcript.source,
        "dur": round(transcript.duration, 4),
        "seq_ann": {"anntr_id": transcript.model, "mul_act": len(actions) > 1, "labels": whole},
        "frame_ann": {"anntr_id": transcript.model, "mul_act": len(parts) > 1, "labels": parts},
    }
    return json.dumps({transcript.source: sequence}, ensure_ascii=False, indent=1) + "\n"


def _label(name: str, words: str, actions: list[str]) -> dict[str, Any]:
    return {"raw_label": words, "proc_label": ", ".join(actions) or words, "seg_id": name, "act_cat": actions}
