"""Builds the image of containerlab/Dockerfile from the Debian package.

Its base is Debian 12: pulled where an image registry is in reach, else made here with debootstrap from the
Debian mirror that apt uses.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from .lab import FOLDER, REPOSITORY, LabError

NAME = "wgospf/router"
_LOCAL_BASE = "wgospf/debian:12"


def mirror():
    """Address of the Debian archive that apt takes packages from here; None where apt does not say."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian",
                           "Label: Debian", "Codename: bookworm"], capture_output=True, text=True, check=False)
    sites = done.stdout.split()
    return sites[0] if sites else None


def _docker(*arguments, **options):
    return subprocess.run(["docker", *arguments], check=False, **options).returncode == 0


def _debootstrap_base():
    if shutil.which("debootstrap") is None:
        raise LabError("there is no debootstrap (packaging/install-deps fresh)")
    with tempfile.TemporaryDirectory(dir=REPOSITORY / "build") as folder:
        root = pathlib.Path(folder) / "root"
        print("Making a Debian 12 ...", flush=True)
        source = mirror()
        done = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(root), *([source] if source else [])],
                              stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise LabError("debootstrap failed")
        for part in pathlib.Path("/etc/apt/apt.conf.d").glob("*"):
            # How this machine reaches its mirror: proxies, validity of old snapshots.
            if "Acquire" in part.read_text(encoding="utf-8", errors="replace"):
                shutil.copy(part, root / "etc/apt/apt.conf.d")
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
            if not _docker("import", "-", _LOCAL_BASE, stdin=packed.stdout, stdout=subprocess.DEVNULL):
                raise LabError("docker import failed")
    return _LOCAL_BASE


def _base(debootstrap):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if not debootstrap and (_docker("image", "inspect", "debian:12", **quiet) or _docker("pull", "debian:12", **quiet)):
        return "debian:12"
    if _docker("image", "inspect", _LOCAL_BASE, **quiet):
        return _LOCAL_BASE
    return _debootstrap_base()


def _package():
    """The Debian package: of the programs that were built here, where there are any; else the one that is there."""
    folder = REPOSITORY / "build/deb"
    binaries = pathlib.Path(os.environ.get("WGOSPF_BIN", REPOSITORY / "build/release/bin"))
    if all((binaries / name).exists() for name in ("wgospfd", "wgospfctl")):
        print("Making the package ...", flush=True)
        done = subprocess.run([REPOSITORY / "packaging/build-deb"], stdout=subprocess.DEVNULL, check=False,
                              env={**os.environ, "WGOSPF_BUILT": str(binaries.parent)})
        if done.returncode != 0:
            raise LabError("packaging/build-deb failed")
    found = sorted(folder.glob("wgospfd_*.deb"))
    if len(found) != 1:
        raise LabError(f"there is no package in {folder}: packaging/build-deb makes it")
    return found[0]


def build(debootstrap=False):
    """Builds wgospf/router, by its version and as the latest. `debootstrap`: do not even try to pull a base."""
    if not (REPOSITORY / "packaging/install-deps").exists():
        raise LabError("the image is built in a clone of the source")
    if shutil.which("docker") is None or not _docker("version", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        raise LabError("no Docker engine answers (package docker.io; is dockerd running?)")
    package = _package()
    version = subprocess.run(["dpkg-deb", "--field", package, "Version"], check=True, capture_output=True, text=True).stdout
    tag = f"{NAME}:{re.sub('[^A-Za-z0-9_.-]', '-', version.strip())}"
    base = _base(debootstrap)
    if not _docker("build", "--build-arg", f"BASE={base}", "--tag", NAME, "--tag", tag, "--file", str(FOLDER / "Dockerfile"),
                   str(REPOSITORY)):
        raise LabError("docker build failed")
    print(f"{tag} is built on {base}, and is {NAME}")
