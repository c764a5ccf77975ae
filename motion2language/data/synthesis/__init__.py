"""Procedural recordings of the canonical body with sentences and exact segments, endless and seeded."""

from __future__ import annotations

from motion2language.data.synthesis.recording import Recording, make_recording

__all__ = ["Recording", "make_recording"]
