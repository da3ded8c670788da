"""What stands around the chapters: their numbers, a bar of actions, the list of
exercises, a page for addresses that lead nowhere, and what search engines read."""

import html
import pathlib
import re
import urllib.parse

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from bookkit.places import CHAPTERS

COLAB = "https://colab.research.google.com/github/"
EXERCISE = re.compile(r"Exercise (\d+) \((easy|medium|hard)(, predict)?\): (.+)")
UNANSWERED = "Not answered yet."  # what a check prints in a notebook as it is stored


def number(name: str) -> int:
    """A chapter's number, from its file's name: 9 for ``09_attention``."""
    return int(name[:2])


def numbered(name: str) -> str:
    """A chapter's title on the site: "9 · Grouped-query attention"."""
    return f"{number(name)} · {CHAPTERS[name]}"


def chapter_of(docname: str) -> str | None:
    """The name of the chapter that a page is, or None."""
    folder, _, name = docname.rpartition("/")
    return name if folder == "book" and name in CHAPTERS else None


class NumberTitle(SphinxTransform):
    """Puts a chapter's number into its title, before the titles are collected."""

    default_priority = 500

    def apply(self, **options):
        name = chapter_of(self.env.docname)
        if name:
            title = next(self.document.findall(nodes.title))
            mark = nodes.inline("", f"{number(name)} · ", classes=["chapter-number"])
            title.insert(0, mark)


class exercise_list(nodes.General, nodes.Element):
    """Replaced by a list of all exercises, when the pages are known."""


class Exercises(SphinxDirective):
    """``{exercises}``: all exercises of the book, by chapter."""

    def run(self):
        return [exercise_list()]


def exercises(app, name):
    """Each exercise of a chapter: anchor, number, level, prediction, title."""
    for section in app.env.get_doctree(f"book/{name}").findall(nodes.section):
        found = EXERCISE.fullmatch(section[0].astext())
        if found:
            yield section["ids"][0], *found.groups()


def fill_lists(app, doctree, docname):
    for place in list(doctree.findall(exercise_list)):
        place.replace_self(list_of_exercises(app, docname))


def list_of_exercises(app, docname) -> list[nodes.Node]:
    """A section for each chapter; scripts/exercises.js filters by the classes."""
    out = []
    for name in CHAPTERS:
        found = list(exercises(app, name))
        if not found:
            continue
        section = nodes.section(ids=[f"chapter-{number(name)}"])
        section += nodes.title("", numbered(name))
        items = nodes.bullet_list(classes=["exercise-list"])
        page = app.builder.get_relative_uri(docname, f"book/{name}")
        for anchor, n, level, predict, title in found:
            label = f"{number(name)}.{n} {title[0].upper()}{title[1:]}"
            link = nodes.reference("", label, refuri=f"{page}#{anchor}", internal=True)
            kind = f"{level}, a prediction" if predict else level
            words = nodes.inline("", f" ({kind})", classes=["exercise-level"])
            classes = [f"level-{level}", *(["prediction"] if predict else [])]
            item = nodes.list_item("", nodes.paragraph("", "", link, words))
            item["classes"] += classes
            items += item
        section += items
        out.append(section)
    return out


def add_exercise_script(app, pagename, templatename, context, doctree):
    if chapter_of(pagename) or pagename == "book/exercises":
        app.add_js_file("exercises.js", loading_method="defer")


def drop_unanswered(app, doctree):
    """On a page nothing can be answered, so a check's cell says nothing of it."""
    for block in list(doctree.findall(nodes.literal_block)):
        output = block.parent
        if "cell_output" not in output["classes"]:
            continue
        lines = block.astext().splitlines()
        if UNANSWERED not in lines:
            continue
        text = "".join(f"{line}\n" for line in lines if line != UNANSWERED)
        if text:
            block.rawsource, block[:] = text, [nodes.Text(text)]
        else:
            output.remove(block)
            if not output.children:
                output.parent.remove(output)


def name_folds(app, doctree):
    """What a folded cell holds, in place of "code cell content"."""
    for cell in doctree.findall(nodes.container):
        if "prompt_show" in cell:
            solution = "tag_solution" in cell["classes"]
            what = "the solution" if solution else "the code"
            cell["prompt_show"], cell["prompt_hide"] = f"Show {what}", f"Hide {what}"


def add_bar(app, doctree, docname):
    """Under a chapter's title: run, download, print."""
    if not chapter_of(docname):
        return
    home = app.config.html_theme_options.get("repository_url", "").rstrip("/")
    if home:
        where = home.removeprefix("https://github.com/")
        run = f"{COLAB}{where}/blob/main/{docname}.ipynb", "Open in Colab"
    else:
        run = app.builder.get_relative_uri(docname, "book/running"), "Run it yourself"
    bar = (
        '<p class="chapter-bar">'
        f'<a href="{html.escape(run[0])}">{run[1]}</a>'
        f'<a href="../_sources/{docname}.ipynb" download>Download the notebook</a>'
        '<button type="button" class="pst-js-only" data-do="print">Print</button></p>'
    )
    title = next(doctree.findall(nodes.title))
    at = title.parent.index(title) + 1
    title.parent.insert(at, nodes.raw("", bar, format="html"))


def set_address(app, config):
    """The site's address, once there is one, for the social card and the sitemap.

    404.html is served at any depth, so its links start where the site does.
    """
    base = config.html_baseurl
    config.ogp_site_url, config.ogp_type = base, "article"
    config.ogp_site_name = config.html_title
    config.ogp_social_cards = {"enable": False}  # the site has a card of its own
    if base:
        config.ogp_image = "_static/card.png"
        config.ogp_custom_meta_tags = [
            '<meta name="twitter:card" content="summary_large_image" />'
        ]
        config.sitemap_url_scheme = "{link}"
        config.sitemap_excludes = ["404.html", "search.html", "genindex.html"]
    prefix = urllib.parse.urlparse(base).path or "/"
    config.notfound_urls_prefix = prefix
    title = "This page is not here"
    config.notfound_context = {"title": title, "body": LOST.format(prefix)}


def write_robots(app, error):
    if error is not None or app.builder.format != "html":
        return
    robots, base = "User-agent: *\nAllow: /\n", app.config.html_baseurl
    if base:
        robots += f"Sitemap: {base}sitemap.xml\n"
    (pathlib.Path(app.outdir) / "robots.txt").write_text(robots, encoding="utf-8")


def spell_out(app, pagename, templatename, context, doctree):
    """Words of the glossary are links in HTML by now; a description is plain text."""
    if doctree is None:
        return
    for raw in list(doctree.findall(nodes.raw)):
        if isinstance(raw.parent, nodes.TextElement):
            words = html.unescape(re.sub("<[^>]+>", "", raw.astext()))
            raw.replace_self(nodes.Text(words))


LOST = """
<h1>This page is not here</h1>
<p>The address leads to no page of this book. It may have been moved, or cut short
on its way to you. What you were looking for is probably one of these:</p>
<ul>
<li><a href="{0}index.html">the printed tree, each line a link</a></li>
<li><a href="{0}book/glossary.html">the glossary</a>, for a word</li>
<li><a href="{0}book/25_faq.html">questions that readers ask</a></li>
<li><a href="{0}book/exercises.html">every exercise</a></li>
</ul>
<p>Or search: Ctrl K, or the magnifying glass at the top, looks through every
chapter.</p>
"""


def setup(app):
    app.setup_extension("sphinxext.opengraph")
    if app.config.html_baseurl:
        app.setup_extension("sphinx_sitemap")
    app.add_node(exercise_list)
    app.add_directive("exercises", Exercises)
    app.add_transform(NumberTitle)
    app.connect("config-inited", set_address, priority=700)
    app.connect("doctree-read", name_folds)
    app.connect("doctree-read", drop_unanswered)
    app.connect("doctree-resolved", fill_lists)
    app.connect("doctree-resolved", add_bar)
    app.connect("html-page-context", spell_out, priority=400)
    app.connect("html-page-context", add_exercise_script)
    app.connect("build-finished", write_robots, priority=900)
    return {"parallel_read_safe": True}
