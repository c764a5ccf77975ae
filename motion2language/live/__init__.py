"""Captions of a motion that is still happening: frames in, words out as they become certain, never taken back."""

from __future__ import annotations

from motion2language.live.captioner import LiveCaptioner, Note, Sentence, Word
from motion2language.live.draws import Patience
from motion2language.live.listener import Listener, narrate

__all__ = ["Listener", "LiveCaptioner", "Note", "Patience", "Sentence", "Word", "narrate"]
