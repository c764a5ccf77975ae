"""Scores of transcripts against references, whoever made them, beside baselines that need no model.

Captions: bleu.py, rouge_cider.py and semantic/; captions.py computes all of them. Segments: IoU, IoP, Element-of and
boundaries in segments.py. Calibration: reliability.py. Beside them stand baselines.py and, for intervals over clips and
paired tests, bootstrap.py. score.py computes everything, evaluate.py for a captioner on a split; tables.py prints it,
files.py reads and writes a run's folder.
"""
