"""Scores of transcripts against references, whoever made them, beside baselines that need no model.

`score` computes all of them, `evaluate` those of a captioner on a split, `tables` prints them, `files` reads and writes
a run's folder. Each kind of measure has a file: bleu, overlap, segments, reliability, and the folder semantic. Every
headline score has its interval over clips.
"""
