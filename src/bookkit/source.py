"""Live source in a cell: alone, or part by part under the author's commentary."""

import importlib.metadata
import inspect
import re
import textwrap

# What the commentary on other people's code was written for.
PINNED = {"torchinfo": "1.8.0", "transformers": "5.23.0"}


def origin(obj) -> str:
    """Whose code it is and where it stands, in Markdown."""
    module, name = obj.__module__, obj.__qualname__
    package = module.split(".")[0]
    file = module.replace(".", "/") + ".py"
    quoted = getattr(inspect.getmodule(obj), "QUOTED", None)
    if quoted:
        return f"**{quoted}** · `{name}`, quoted in `src/{file}`"
    if package in ("minqwen3", "bookkit"):
        return f"**Ours** · `{name}` in `src/{file}`"
    version = importlib.metadata.version(package)
    lines, first = inspect.getsourcelines(obj)
    last = first + len(lines) - 1
    return f"**{package} {version}** · `{name}` in `{file}`, lines {first} to {last}"


def fence(code: str) -> str:
    ticks = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", code))])
    return f"{ticks}python\n" + code.strip("\n") + f"\n{ticks}"


class show:
    """``show(obj)`` displays the source of a class or function as it is installed."""

    def __init__(self, obj):
        self.title = origin(obj)
        self.parts = [("", textwrap.dedent(inspect.getsource(obj)))]

    def __repr__(self) -> str:
        return "\n".join(
            [self.title.replace("**", ""), ""] + [c for _, c in self.parts]
        )

    def _repr_markdown_(self) -> str:
        blocks = [self.title]
        for note, code in self.parts:
            blocks += [note, fence(code)] if note else [fence(code)]
        return "\n\n".join(blocks)


class annotate(show):
    """``annotate(obj, {"1-2": "why", "3": "why"})``: every line has its commentary.

    Lines count from 1 at the first line of the object, decorators included. Notes are
    Markdown: inline code, ``$maths$`` and links.

    Raises:
        ValueError: a line has no commentary, has two, or is not there: the source has
            drifted. For another package in a version that the book was not written
            for, the plain source is shown instead.
    """

    def __init__(self, obj, notes: dict[str, str]):
        super().__init__(obj)
        package = obj.__module__.split(".")[0]
        try:
            self.parts = self.cover(self.parts[0][1].splitlines(), notes)
        except ValueError as error:
            pinned = PINNED.get(package)
            if pinned is None or importlib.metadata.version(package) == pinned:
                raise ValueError(f"{obj.__qualname__}: {error}") from None
            note = f"The commentary was written for {package} {pinned}; yours differs."
            self.parts = [(note, self.parts[0][1])]

    @staticmethod
    def cover(lines: list[str], notes: dict[str, str]) -> list[tuple[str, str]]:
        """Cut the source into the parts that the notes name, without a gap."""
        parts, following = [], 1
        for key, note in notes.items():
            first, _, last = key.partition("-")
            first, last = int(first), int(last or first)
            if first != following or last < first or last > len(lines):
                raise ValueError(
                    f"commentary on {key}: expected it to go on at line {following} of "
                    f"{len(lines)}; read the source again and mend the notes"
                )
            parts.append((note, "\n".join(lines[first - 1 : last])))
            following = last + 1
        if following <= len(lines):
            raise ValueError(f"lines {following} to {len(lines)} have no commentary")
        return parts

    def __repr__(self) -> str:
        rows = [f"# {note}\n{code}" if note else code for note, code in self.parts]
        return "\n\n".join([self.title.replace("**", ""), *rows])
