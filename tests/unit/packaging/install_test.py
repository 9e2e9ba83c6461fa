#!/usr/bin/python3
"""`cmake --install`: every file where systemd, man, bash and iproute2 look for it, and programs that run.

WGOSPF_BUILD is the build folder, WGOSPF_CMAKE the cmake that made it.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("WGOSPF_BUILD", SOURCE / "build/release"))
CMAKE = os.environ.get("WGOSPF_CMAKE", "cmake")

UNIT = "lib/systemd/system/wgospfd.service"
TEMPLATE = "lib/systemd/system/wgospfd@.service"
OF_PREFIX = {"bin/wgospfd", "bin/wgospfctl", UNIT, TEMPLATE, "lib/sysusers.d/wgospfd.conf", "share/man/man8/wgospfd.8", "share/man/man8/wgospfctl.8",
             "share/man/man5/wgospfd.yaml.5", "share/wgospf/wgospfd.schema.json",
             "share/wgospf/wgospf.rules.yml", "share/wgospf/wgospf-dashboard.json",
             "share/bash-completion/completions/wgospfctl",
             "share/zsh/vendor-completions/_wgospfctl", "share/fish/vendor_completions.d/wgospfctl.fish"}
OF_ETC = {"etc/iproute2/rt_protos.d/wgospf.conf", "etc/wgospf"}


def install(prefix, destination=""):
    environment = {**os.environ, "DESTDIR": str(destination)}
    # Whoever installs may have a narrow umask; the files are for everybody.
    subprocess.run([CMAKE, "--install", str(BUILD), "--prefix", str(prefix)], check=True, capture_output=True,
                   env=environment, umask=0o077)


def found_in(folder):
    """Files and empty folders, by their paths in the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if path.is_file() or (path.is_dir() and not any(path.iterdir()))}


def examples_of(manual_page):
    """The texts between .nf and .fi, as man shows them."""
    text = manual_page.read_text(encoding="utf-8").replace("\\-", "-")
    return re.findall(r"^\.nf\n(.*?)^\.fi\n", text, re.DOTALL | re.MULTILINE)


class Install(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="wgospf-install-"))
        self.addCleanup(shutil.rmtree, self.root)

    def started_by(self, unit):
        """The program that the unit starts."""
        return re.search(r"^ExecStart=(\S+) ", unit.read_text(encoding="utf-8"), re.MULTILINE).group(1)

    def test_under_usr_everything_is_where_the_system_looks(self):
        install("/usr", self.root)
        self.assertEqual(found_in(self.root), {"usr/" + name for name in OF_PREFIX} | OF_ETC)
        self.assertEqual(self.started_by(self.root / "usr" / UNIT), "/usr/bin/wgospfd")
        for name in OF_PREFIX:
            mode = (self.root / "usr" / name).stat().st_mode & 0o777
            self.assertEqual(mode, 0o755 if name.startswith("bin/") else 0o644, name)
        protocols = (self.root / "etc/iproute2/rt_protos.d/wgospf.conf").read_text(encoding="utf-8")
        self.assertRegex(protocols, r"(?m)^89\s+wgospf$")

    def test_the_installed_programs_run(self):
        install("/usr", self.root)
        for name in ("wgospfd", "wgospfctl"):
            version = subprocess.run([self.root / "usr/bin" / name, "--version"], check=True, text=True,
                                     capture_output=True).stdout
            self.assertRegex(version, rf"^{name} \d")

    def test_the_manuals_examples_pass_the_installed_check(self):
        install("/usr", self.root)
        file = self.root / "wgospfd.yaml"
        examples = examples_of(self.root / "usr/share/man/man5/wgospfd.yaml.5")
        self.assertGreater(len(examples), 1)
        for text in examples:
            if not re.search(r"(?m)^(areas|interfaces):", text):
                text += "areas: [{area-id: 0, interfaces: [{name: wg0}]}]\n"
            file.write_text(text, encoding="utf-8")
            done = subprocess.run([self.root / "usr/bin/wgospfd", "--config", file, "--check"], check=False,
                                  text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, f"{file}: the configuration is sound\n")

    def test_the_sample_passes_the_installed_check(self):
        install("/usr", self.root)
        sample = (SOURCE / "packaging/samples/wgospfd.yaml").read_text(encoding="utf-8")
        for text in (sample, re.sub(r"(?m)^#(?=[a-z]|  -)", "", sample)):
            file = self.root / "wgospfd.yaml"
            file.write_text(text, encoding="utf-8")
            done = subprocess.run([self.root / "usr/bin/wgospfd", "--config", file, "--check"], check=False,
                                  text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_without_a_configuration_it_prints_one_that_passes_its_check(self):
        install("/usr", self.root)
        program, file = self.root / "usr/bin/wgospfd", self.root / "auto.yaml"
        printed = subprocess.run([program, "--auto", "--print-config"], check=True, text=True, capture_output=True).stdout
        self.assertRegex(printed, r"^# OSPF runs on every WireGuard interface")
        self.assertIn('- name: "*"\n        kind: wireguard\n', printed)
        file.write_text(printed, encoding="utf-8")
        again = [subprocess.run([program, "--config", file, option], check=True, text=True, capture_output=True).stdout
                 for option in ("--check", "--print-config")]
        self.assertEqual(again[0], f"{file}: the configuration is sound\n")
        self.assertEqual(re.sub(r"(?m)^#.*\n", "", printed), again[1])

    def words_of_help(self, *command):
        """The options and commands that the help of this command and those below it names."""
        page = subprocess.run([self.root / "usr/bin/wgospfctl", *command, "--help"], check=True, text=True,
                              capture_output=True).stdout
        words = set(re.findall(r"(?m)^  (?:-\w,)?(--[a-z-]+)", page))
        commands = re.findall(r"(?m)^  ([a-z-]+) ", page.partition("Subcommands:")[2])
        for name in commands:
            words |= {name} | self.words_of_help(*command, name)
        return words

    def test_help_completions_and_manual_page_have_the_same_words(self):
        install("/usr", self.root)
        words = self.words_of_help()
        self.assertTrue({"show", "watch", "neighbors", "log-level", "import", "--json", "--detail", "--only", "--domain",
                         "--adv-router"} <= words, words)
        pages = {name: (self.root / "usr" / name).read_text(encoding="utf-8") for name in OF_PREFIX
                 if "complet" in name or name.endswith("wgospfctl.8")}
        self.assertEqual(len(pages), 4)
        for name, text in pages.items():
            text = text.replace("\\-", "-")
            missing = [word for word in words
                       if not re.search(rf"(?<![\w-])(?:--|-l )?{re.escape(word.lstrip('-'))}(?![\w-])", text)]
            self.assertEqual(missing, [], name)
            # And the other way round: no option that the program does not know.
            if "fish" in name:
                known = {f"--{word}" for word in re.findall(r"(?m)^complete .* -l ([a-z-]+)", text)}
            else:
                known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
            self.assertEqual(known - words - {"--help"}, set(), name)

    def test_bash_completes_what_stands_before(self):
        install("/usr", self.root)
        script = self.root / "usr/share/bash-completion/completions/wgospfctl"

        def offered(*words):
            """What bash offers for the last word."""
            done = subprocess.run(
                ["bash", "-c", 'source "$1"; shift; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                 '_wgospfctl; printf "%s\\n" "${COMPREPLY[@]}"', "bash", script, "wgospfctl", *words],
                check=True, text=True, capture_output=True)
            return set(done.stdout.split())

        self.assertEqual(offered("sh"), {"show"})
        self.assertEqual(offered("show", "p"), {"path", "peers"})
        self.assertEqual(offered("show", "database", "--adv"), {"--adv-router"})
        self.assertEqual(offered("show", "routes", "--type", ""), {"intra-area", "inter-area", "external-1", "external-2"})
        self.assertEqual(offered("show", "peers", "--type", "c"), {"client"})
        self.assertEqual(offered("log-level", "w"), {"warning"})
        self.assertIn("--router", offered("show", "status", "--"))

    def test_under_another_prefix_nothing_leaves_it_and_the_unit_finds_its_program(self):
        prefix = self.root / "opt"
        install(prefix)
        self.assertEqual(found_in(self.root), {"opt/" + name for name in OF_PREFIX | OF_ETC})
        program = self.started_by(prefix / UNIT)
        self.assertEqual(program, str(prefix / "bin/wgospfd"))
        self.assertTrue(os.access(program, os.X_OK))


if __name__ == "__main__":
    unittest.main()
