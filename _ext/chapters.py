"""What stands around the chapters: a bar of actions, the list of exercises, a page for
addresses that lead nowhere, a map of the site."""

import datetime
import html
import pathlib
import re
import urllib.parse

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from bookkit.places import CHAPTERS

COLAB = "https://colab.research.google.com/github/"
EXERCISE = re.compile(r"Exercise \d+ \((easy|medium|hard)(, predict)?\): (.+)")
LEVELS = {"easy": "Easy", "medium": "Medium", "hard": "Hard"}


class exercise_list(nodes.General, nodes.Element):
    """Replaced by a list of all exercises, when the pages are known."""


class Exercises(SphinxDirective):
    """``{exercises}``: all exercises of the book, by difficulty."""

    def run(self):
        return [exercise_list()]


def exercises(app):
    """Each exercise of the book: its chapter, anchor, level, prediction, title."""
    for name in CHAPTERS:
        for section in app.env.get_doctree(f"book/{name}").findall(nodes.section):
            found = EXERCISE.fullmatch(section[0].astext())
            if found:
                level, predict, title = found.groups()
                yield name, section["ids"][0], level, predict, title


def fill_lists(app, doctree, docname):
    for place in list(doctree.findall(exercise_list)):
        place.replace_self(list_of_exercises(app, docname))


def list_of_exercises(app, docname) -> list[nodes.Node]:
    out, every = [], list(exercises(app))
    for level, label in LEVELS.items():
        chosen = [exercise for exercise in every if exercise[2] == level]
        section = nodes.section(ids=[level])
        section += nodes.title("", f"{label} ({len(chosen)})")
        items = nodes.bullet_list()
        for name, anchor, _, predict, title in chosen:
            page = app.builder.get_relative_uri(docname, f"book/{name}")
            item = nodes.paragraph()
            address = f"{page}#{anchor}"
            item += nodes.reference("", title, refuri=address, internal=True)
            item += nodes.Text(
                f", {CHAPTERS[name]}{' (a prediction)' if predict else ''}"
            )
            items += nodes.list_item("", item)
        section += items
        out.append(section)
    return out


def name_folds(app, doctree):
    """What a folded cell holds, in place of "code cell content"."""
    for cell in doctree.findall(nodes.container):
        if "prompt_show" in cell:
            solution = "tag_solution" in cell["classes"]
            what = "the solution" if solution else "the code"
            cell["prompt_show"], cell["prompt_hide"] = f"Show {what}", f"Hide {what}"


def add_bar(app, doctree, docname):
    """Under a chapter's title: Colab, download, print, minutes."""
    folder, _, name = docname.rpartition("/")
    if folder != "book" or name not in CHAPTERS:
        return
    home = app.config.html_theme_options.get("repository_url", "").rstrip("/")
    if home:
        where = home.removeprefix("https://github.com/")
        colab = f"{COLAB}{where}/blob/main/{docname}.ipynb"
    else:
        colab = app.builder.get_relative_uri(docname, "book/running") + "#in-colab"
    minutes = re.search(r"About (\d+) minutes", doctree.astext())
    bar = (
        '<p class="chapter-bar">'
        f'<a href="{html.escape(colab)}">Open in Colab</a>'
        f'<a href="../_sources/{docname}.ipynb" download>Download the notebook</a>'
        '<button type="button" data-do="print">Print</button>'
        f"<span>{minutes[1]} minutes</span></p>"
        if minutes
        else ""
    )
    title = next(doctree.findall(nodes.title))
    at = title.parent.index(title) + 1
    title.parent.insert(at, nodes.raw("", bar, format="html"))


def write_map(app, error):
    """sitemap.xml, once the site has an address; robots.txt that allows all."""
    if error is not None or app.builder.format != "html":
        return
    out = pathlib.Path(app.outdir)
    base = app.config.html_baseurl
    robots = "User-agent: *\nAllow: /\n"
    if base:
        today = datetime.date.today().isoformat()
        pages = sorted(page.relative_to(out).as_posix() for page in out.rglob("*.html"))
        rows = "".join(
            f"<url><loc>{base}{page}</loc><lastmod>{today}</lastmod></url>\n"
            for page in pages
            if page not in ("404.html", "search.html", "genindex.html")
        )
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            f"{rows}</urlset>\n",
            encoding="utf-8",
        )
        robots += f"Sitemap: {base}sitemap.xml\n"
    (out / "robots.txt").write_text(robots, encoding="utf-8")


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
<p>Or search: the field looks through every chapter.</p>
"""


def place_lost_page(app, config):
    """404.html is served at any depth, so its links start where the site does."""
    prefix = urllib.parse.urlparse(config.html_baseurl).path or "/"
    config.notfound_urls_prefix = prefix
    title = "This page is not here"
    config.notfound_context = {"title": title, "body": LOST.format(prefix)}


def describe(app, pagename, templatename, context, doctree):
    """For search engines and for who is sent a link: what a page is about."""
    if doctree is None:
        return
    paragraph = next(doctree.findall(nodes.paragraph), None)
    about = " ".join(paragraph.astext().split())[:300] if paragraph else ""
    base = app.config.html_baseurl
    title = next((t.astext() for t in doctree.findall(nodes.title)), app.config.project)
    tags = {"og:type": "article", "og:title": title, "og:description": about}
    if base:
        tags["og:url"] = f"{base}{pagename}.html"
        tags["og:image"] = f"{base}_static/card.png"
        tags["twitter:card"] = "summary_large_image"
    lines = [f'<meta name="description" content="{html.escape(about)}" />']
    lines += [
        f'<meta property="{key}" content="{html.escape(value)}" />'
        for key, value in tags.items()
    ]
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def setup(app):
    app.add_node(exercise_list)
    app.connect("config-inited", place_lost_page, priority=700)
    app.connect("html-page-context", describe)
    app.add_directive("exercises", Exercises)
    app.connect("doctree-read", name_folds)
    app.connect("doctree-resolved", fill_lists)
    app.connect("doctree-resolved", add_bar)
    app.connect("build-finished", write_map, priority=900)
    return {"parallel_read_safe": True}
