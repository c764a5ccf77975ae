"""The API's page: its OpenAPI description as plain HTML, without scripts or external files."""

from __future__ import annotations

import re
from html import escape
from typing import Any


def reference(description: dict[str, Any]) -> str:
    """The page of an OpenAPI description."""
    parts = []
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>")
            text = re.sub("`([^`]*)`", r"<code>\1</code>", escape(operation.get("description", "")))
            parts.append(f"<p>{escape(operation.get('summary', ''))}. {text}</p>")
            parts.append(_fields(operation, description) + "</section>")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of motion2language</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/app.css"></head>
<body><main><h1>API of motion2language</h1>
<p>{escape(description["info"]["description"])} Version {escape(description["info"]["version"])}.
<a href="/api/openapi.json">OpenAPI description</a> · <a href="/">The app</a></p>
<pre><code>curl -F file=@take.bvh -F form=srt http://127.0.0.1:8000/api/transcribe</code></pre>
{"".join(parts)}</main></body></html>"""


def _fields(operation: dict[str, Any], description: dict[str, Any]) -> str:
    """The form's fields as a table."""
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    if content is None:
        return ""
    schema = content["schema"]
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(field.get('description', ''))}</td>"
        f"<td>{'required' if name in schema.get('required', []) else escape(str(field.get('default', '')))}</td></tr>"
        for name, field in schema["properties"].items()
    )
    return f"<table><thead><tr><th>field</th><th>meaning</th><th>default</th></tr></thead><tbody>{rows}</tbody></table>"
