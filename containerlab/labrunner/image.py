"""Builds the image of containerlab/Dockerfile from the programs of the release build.

Its base is Debian 12: pulled where an image registry is in reach, else made here with debootstrap from the
Debian mirror that apt uses.
"""

import os
import pathlib
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


def build(debootstrap=False):
    """Builds wgospf/router. `debootstrap`: do not even try to pull a base."""
    binaries = pathlib.Path(os.environ.get("WGOSPF_BIN", REPOSITORY / "build/release/bin"))
    for name in ("wgospfd", "wgospfctl"):
        if not (binaries / name).exists():
            raise LabError(f"there is no {binaries / name}: ./demo or ./check builds it")
    if shutil.which("docker") is None or not _docker("version", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        raise LabError("no Docker engine answers (package docker.io; is dockerd running?)")
    base = _base(debootstrap)
    with tempfile.TemporaryDirectory() as context:
        for path in (binaries / "wgospfd", binaries / "wgospfctl", REPOSITORY / "packaging/install-deps",
                     REPOSITORY / "packaging/iproute2/wgospf.conf"):
            shutil.copy(path, context)
        if not _docker("build", "--build-arg", f"BASE={base}", "--tag", NAME, "--file", str(FOLDER / "Dockerfile"),
                       context):
            raise LabError("docker build failed")
    print(f"{NAME} is built on {base}")
