"""A virtual machine with Debian's kernel, which has WireGuard: on this machine's files, or on a disk with a Debian.

The kernel's package is downloaded and unpacked, never installed. The guest boots an initramfs of busybox and the modules
it needs. run() mounts this machine's root by 9p with a /run of its own, and runs one command in it; boot() hands over to
the init of the disk.
"""

import fcntl
import os
import pathlib
import re
import shlex
import shutil
import subprocess

MODULES = ("virtio_pci", "9pnet_virtio", "9p", "wireguard", "veth", "bridge", "nf_tables", "nft_meta_bridge", "dummy", "tun")
DISK_MODULES = ("virtio_blk", "ext4")
_STATUS = "guest ended with status "
STATUS_LINE = _STATUS + "{}"

_BEGIN = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /host
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do
  /bin/busybox insmod "/modules/$module" || echo "cannot load $module"
done </modules/order
"""

_INIT = _BEGIN + """
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose host /host || /bin/busybox poweroff -f
/bin/busybox mount -t tmpfs -o mode=755 run /host/run
/bin/busybox mount -t proc proc /host/proc
/bin/busybox mount -t sysfs sys /host/sys
/bin/busybox mount -t devtmpfs dev /host/dev
/bin/busybox ip link set lo up
/bin/busybox chroot /host /bin/sh @JOB@
echo "@STATUS@$?"
/bin/busybox poweroff -f
"""

_DISK_INIT = _BEGIN + """
/bin/busybox mount -t ext4 /dev/vda /host || /bin/busybox poweroff -f
/bin/busybox umount /dev /sys /proc
exec /bin/busybox switch_root /host /sbin/init
"""


class GuestError(Exception):
    """Why there is no guest."""


def _run(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise GuestError(f"{' '.join(map(str, argv))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def _unpacked_kernel(cache):
    """Folder with the unpacked kernel package; downloaded on the first call."""
    folder = cache / "root"
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = re.findall(r"Depends: (linux-image-\S+)", _run(["apt-cache", "depends", "linux-image-amd64"]))
    if not names:
        raise GuestError("apt knows no linux-image-amd64: run apt-get update")
    _run(["apt-get", "download", "-o", "APT::Sandbox::User=root", names[0]], cwd=cache)
    package = next(cache.glob("linux-image-*.deb"))
    _run(["dpkg-deb", "--extract", package, folder])
    package.unlink()
    version = next((folder / "lib/modules").iterdir()).name
    _run(["depmod", "-b", folder, version])
    (folder / "complete").touch()
    return folder


def _initramfs(folder, kernel, modules, init):
    version = next((kernel / "lib/modules").iterdir()).name
    tree = folder / "initramfs"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "modules").mkdir(parents=True)
    (tree / "bin").mkdir()
    shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
    order = []
    for module in modules:
        for line in _run(["modprobe", "-d", kernel, "-S", version, "--show-depends", module]).splitlines():
            words = line.split()
            if words[0] == "insmod" and pathlib.Path(words[1]).name not in order:
                order.append(pathlib.Path(words[1]).name)
                shutil.copy(words[1], tree / "modules")
    (tree / "modules/order").write_text("\n".join(order) + "\n", encoding="ascii")
    (tree / "init").write_text(init, encoding="ascii")
    (tree / "init").chmod(0o755)
    image = folder / "initramfs.img"
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with open(image, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-H", "newc", "-o"], input=names.encode(), stdout=out, cwd=tree, check=True)
    return image


def _guest(folder, modules, init, more, timeout, words=""):
    """Boots a guest with further options of QEMU. Returns (status, everything said)."""
    folder.mkdir(parents=True, exist_ok=True)
    cache = folder.parent
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kernel = _unpacked_kernel(cache)
    image = _initramfs(folder, kernel, modules, init)
    # It emulates and would take every core there is; what waits beside it goes first.
    command = ["nice", "-n", "10", "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp",
               str(min(os.cpu_count() or 1, 4)), "-m", "1G", "-nographic", "-no-reboot", "-nic", "none",
               "-kernel", str(next((kernel / "boot").glob("vmlinuz-*"))), "-initrd", str(image),
               # Without no_timer_check a kernel that gets no processor for a moment at its start takes its timer for broken.
               "-append", f"console=ttyS0 quiet panic=-1 no_timer_check {words}", *more]
    late = ""
    try:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False).stdout
    except subprocess.TimeoutExpired as expired:
        said, late = expired.stdout or b"", f"\nthe guest has not ended within {timeout} s\n"
    text = said.decode(errors="replace").replace("\r", "") + late
    found = re.search(_STATUS + r"(\d+)", text)
    return (int(found.group(1)) if found else None), text


def run(script, cache, name, timeout):
    """Runs a shell script as root in the guest. Returns (status, everything said); seconds of patience.

    The guest sees this machine's files under the same names, but for /run, /proc, /sys and /dev. In the folder `cache`
    is the kernel; guests of several names may run at the same time.
    """
    folder = pathlib.Path(cache) / name
    folder.mkdir(parents=True, exist_ok=True)
    job = folder / "job.sh"
    job.write_text(script, encoding="utf-8")
    init = _INIT.replace("@STATUS@", _STATUS).replace("@JOB@", shlex.quote(str(job)))
    return _guest(folder, MODULES, init, ["-virtfs", "local,path=/,mount_tag=host,security_model=none,multidevs=remap"], timeout)


def boot(tree, cache, name, timeout):
    """Boots the Debian in the folder `tree`, with its systemd, from a disk made of it. Returns (status, everything said).

    The status is what the machine says on its console: STATUS_LINE, formatted with a number.
    """
    folder = pathlib.Path(cache) / name
    folder.mkdir(parents=True, exist_ok=True)
    disk = folder / "disk.img"
    disk.unlink(missing_ok=True)
    _run(["mke2fs", "-q", "-t", "ext4", "-d", tree, disk, "3G"])
    try:
        return _guest(folder, MODULES + DISK_MODULES, _DISK_INIT, ["-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"],
                      timeout, "systemd.show_status=0 systemd.mask=serial-getty@ttyS0.service")
    finally:
        disk.unlink(missing_ok=True)
