#!/usr/bin/python3
"""The documentation: no link leads nowhere, every page is in the site, and what it tells people to write and type is so.

WGOSPF_BUILD is the build folder.
"""

import html
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("WGOSPF_BUILD", SOURCE / "build/release")) / "bin"
PAGES = sorted(SOURCE.glob("docs/**/*.md"))
TEXTS = {page: page.read_text(encoding="utf-8") for page in [*PAGES, SOURCE / "README.md", SOURCE / "CONTRIBUTING.md"]}


def blocks(kind):
    """(page, text) of each block of this kind, indentation taken away."""
    for page, text in TEXTS.items():
        for indent, body in re.findall(rf"(?ms)^( *)```{kind}\n(.*?)^ *```$", text):
            yield page, re.sub(rf"(?m)^{indent}", "", body)


def nav_files(entries):
    for entry in entries:
        for target in entry.values():
            yield from nav_files(target) if isinstance(target, list) else [target]


class Docs(unittest.TestCase):
    def test_every_page_is_in_the_site_and_the_site_names_no_other(self):
        nav = list(nav_files(yaml.safe_load((SOURCE / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
        self.assertEqual(sorted(nav), sorted(str(page.relative_to(SOURCE / "docs")) for page in PAGES))

    def test_links_lead_somewhere(self):
        for page, text in TEXTS.items():
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path) if path else page
                self.assertTrue(file.exists(), f"{page}: {target}")
                if anchor:
                    headings = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in
                                re.findall(r"(?m)^#+ (.*)$", file.read_text(encoding="utf-8"))]
                    self.assertIn(anchor, headings, f"{page}: {target}")

    def check(self, page, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([BIN / "wgospfd", "--config", file.name, "--check"], check=False, text=True,
                                  capture_output=True)
        self.assertEqual(done.returncode, 0, f"{page}:\n{text}\n{done.stderr}")

    def test_configurations_are_sound(self):
        count = 0
        for page, text in blocks("yaml"):
            if page.name == "wireguard.md":  # netplan's
                continue
            if not re.search(r"(?m)^(areas|interfaces):", text):
                text += "interfaces: [{name: wg0}]\n"
            self.check(page, text)
            count += 1
        self.assertGreater(count, 10)

    def test_commands_exist_with_their_options(self):
        """Each `wgospfctl ...` of the pages, in a line of a block or between backquotes."""
        commands = set()
        for page, text in TEXTS.items():
            commands |= {(page, command) for command in re.findall(r"`(wgospfctl [^`\n]+)`", text)}
        for page, body in blocks("sh"):
            commands |= {(page, line) for line in re.findall(r"(?m)^(wgospfctl [^|\n]+)", body)}
        self.assertGreater(len(commands), 20)
        for page, command in sorted(commands, key=str):
            if "..." in command or "*" in command:
                continue
            # A socket that is not there: the command line is right when that is what is complained of.
            words = shlex.split(command)[1:]
            if "config" in words or "--router" in words or "--version" in words:
                words += ["--help"]
            else:
                words += ["--socket", "/nonexistent/wgospfd.sock"]
            done = subprocess.run([BIN / "wgospfctl", *words], check=False, text=True, capture_output=True, timeout=30)
            self.assertNotEqual(done.returncode, 2, f"{page}: {command}\n{done.stderr}")

    def test_the_sample_of_wg_quick_needs_no_change(self):
        sample = SOURCE / "packaging/samples/wg0.conf"
        done = subprocess.run([BIN / "wgospfctl", "config", "import", sample], check=True, text=True, capture_output=True)
        self.check(sample, done.stdout)
        # What page and sample say is the same.
        page = (SOURCE / "docs/wireguard.md").read_text(encoding="utf-8")
        for text in (sample.read_text(encoding="utf-8"),
                     (SOURCE / "packaging/samples/wg0.nmconnection").read_text(encoding="utf-8")):
            for line in text.splitlines():
                if line and not line.startswith("#") and "KEY" not in line:
                    self.assertIn(line, page)

    def test_samples_in_yaml_are_yaml(self):
        for sample in SOURCE.glob("packaging/samples/*.yaml"):
            self.assertIsInstance(yaml.safe_load(sample.read_text(encoding="utf-8")), dict, sample)


@unittest.skipUnless(shutil.which("mkdocs"), "there is no mkdocs (packaging/install-deps test)")
class Site(unittest.TestCase):
    """The pages as MkDocs shows them; its Markdown is not in everything that of a repository's viewer."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.site = pathlib.Path(folder.name) / "site"
        cls.build = subprocess.run(["mkdocs", "build", "--strict", "--quiet", "--config-file", SOURCE / "mkdocs.yml",
                                    "--site-dir", cls.site], check=False, text=True, capture_output=True, timeout=60)

    def shown(self, page):
        """The page's HTML, between head and foot."""
        path = page.relative_to(SOURCE / "docs").with_suffix("")
        file = self.site / (path.parent if path.name == "index" else path) / "index.html"
        return re.search(r'(?s)role="main">(.*)<footer', file.read_text(encoding="utf-8")).group(1)

    def test_it_is_built_without_a_warning(self):
        self.assertEqual((self.build.returncode, self.build.stderr), (0, ""))

    def test_blocks_are_blocks_and_tables_are_tables(self):
        for page in PAGES:
            text, shown = TEXTS[page], self.shown(page)
            bodies = [body.strip("\n") for body in re.findall(r"(?ms)^```\w*\n(.*?)^```$", text)]
            found = [html.unescape(body).strip("\n") for body in re.findall(r"(?s)<pre><code[^>]*>(.*?)</code></pre>", shown)]
            self.assertEqual(found, bodies, page)
            self.assertNotIn("```", shown, page)
            tables = len(re.findall(r"(?m)^\|[ |:-]+\|$", text))
            self.assertEqual(shown.count("<table>"), tables, page)
            self.assertEqual(re.findall(r"<p>\|.*", shown), [], page)

    def test_lists_are_lists(self):
        for page in PAGES:
            text = re.sub(r"(?ms)^```.*?^```$", "", TEXTS[page])
            items = len(re.findall(r"(?m)^ *(?:[-*]|\d+\.) +\S", text))
            self.assertEqual(self.shown(page).count("<li>"), items, page)


if __name__ == "__main__":
    RESULT = unittest.main(exit=False).result
    if not RESULT.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if RESULT.skipped else 0)
