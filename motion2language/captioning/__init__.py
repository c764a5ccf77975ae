"""A recording in, a Transcript out: features, the searches, and the way from positions to timed words and segments."""
