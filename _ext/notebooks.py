"""What several extensions do: read a chapter's cells, and give a script its data."""

import json
import pathlib
import re

QUOTED = re.compile(r"\*\*Ours\*\* · `(.+?)` in `src/minqwen3/")


def cells_of(app, name: str) -> list[dict]:
    path = pathlib.Path(app.srcdir) / "book" / f"{name}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def explained_in(cells: list[dict]) -> list[str]:
    """Names of minqwen3's parts whose source the cells put out, in their order."""
    data = [output.get("data", {}) for c in cells for output in c.get("outputs", [])]
    return [
        symbol
        for d in data
        for symbol in QUOTED.findall("".join(d.get("text/markdown", "")))
    ]


def write_data(app, file: str, variable: str, data: dict) -> None:
    """Write ``window.VARIABLE = …`` as a script, which works from a disk too."""
    path = pathlib.Path(app.outdir) / "_static" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, separators=(",", ":"))
    path.write_text(f"window.{variable} = {text};\n", encoding="utf-8")
