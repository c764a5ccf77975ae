"""The notebook runs from first to last cell, shows its segments and figures, and is stored without outputs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

nbformat = pytest.importorskip("nbformat", reason="needs nbformat and nbclient: pip install 'motion2language[dev]'")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient: pip install 'motion2language[dev]'")
NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebooks" / "from_a_file_to_a_figure.ipynb"


def test_it_is_stored_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert [
        cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)
    ] == []


def test_it_runs_and_shows_segments_and_figures(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "['jump']" in printed
    assert "turns to the left" in printed
    assert " --> " in printed
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    sizes = [Image.open(io.BytesIO(base64.b64decode(picture))).size for picture in pictures]
    assert len(sizes) == 2
    assert all(width > 500 for width, _ in sizes)
