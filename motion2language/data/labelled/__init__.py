"""Labelled recordings: movements of named people with action words, on each source's own skeleton, as X.npz and X.json.

`form.py` describes the two files and reads them, `persons.py` splits by person, `selection.py` chooses sources and
tells what their labels mean, `collect.py` makes such a pair of a folder of motion files and a table.
"""
