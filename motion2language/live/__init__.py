"""Captions of a motion that is still happening: frames in, words out as they become final, never taken back."""
