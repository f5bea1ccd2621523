"""Odoo 19 itself: unpacked from Debian's package, or a checkout that the user has."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dev import process, store
from dev.console import Problem, step
from dev.settings import Settings

OTHER_WAYS = (
    "give a checkout of Odoo 19.0 of your own (make run ODOO_SOURCE=/path/to/odoo), or"
    " use the official image (docker compose up)"
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "sid"  # the suite that carries Odoo 19
PACKAGES = (
    "odoo-19",
    # What links of the package lead to.
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
# Odoo draws its icons with version 4.7; newer suites carry one with other files.
OLDER_PACKAGES = ("fonts-font-awesome",)
ICONS = "odoo/addons/web/static/src/libs/fontawesome/fonts/fontawesome-webfont.woff2"
# Debian leaves this library out (it blurs video calls). The web client complains in
# the browser's console about a script that is not there, and that fails every tour.
LEFT_OUT = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
ONLY_VERSION = (19, 0)


@dataclass(frozen=True)
class Odoo:
    """An Odoo to run: where Python finds it (Odoo finds its own addons from there)."""

    path: Path
    version: str


def find(settings: Settings) -> Odoo:
    """Return the user's Odoo, or the unpacked one (fetched if it is not there yet)."""
    if settings.odoo_source:
        return _check_checkout(settings.odoo_source)
    key = store.digest(SUITE, *PACKAGES, *OLDER_PACKAGES, "1")
    root = store.build(
        settings.data, "odoo", key, lambda place: _unpack(settings, place)
    )
    path = root / "usr/lib/python3/dist-packages"
    return Odoo(path, read_version(path))


def read_version(path: Path) -> str:
    """Return the version that a folder with ``odoo/release.py`` says it is."""
    text = (path / "odoo/release.py").read_text(encoding="utf-8")
    match = re.search(
        r"^version_info\s*=\s*\((\d+),\s*(\d+),\s*(\d+)", text, re.MULTILINE
    )
    return ".".join(match.groups()) if match else "unknown"


def _check_checkout(path: Path) -> Odoo:
    """Refuse a folder that is not Odoo 19.0."""
    if not (path / "odoo/release.py").is_file():
        raise Problem(
            f"ODOO_SOURCE={path} is not a checkout of Odoo (it has no odoo/release.py):"
            " give the folder that has odoo-bin in it."
        )
    version = read_version(path)
    if not version.startswith("{}.{}.".format(*ONLY_VERSION)):
        raise Problem(
            f"ODOO_SOURCE={path} is Odoo {version}, and this suite is for 19.0: check"
            " out the branch 19.0 there, or leave ODOO_SOURCE out."
        )
    return Odoo(path, version)


def _unpack(settings: Settings, place: Path) -> None:
    """Fetch Debian's packages with an apt that keeps to itself, and unpack them."""
    for tool in ("apt-get", "dpkg"):
        if not shutil.which(tool):
            raise Problem(
                f"Odoo 19 comes from Debian's packages here, and there is no {tool}:"
                f" {OTHER_WAYS}."
            )
    if not KEYRING.exists():
        raise Problem(
            f"Odoo 19 comes from Debian's packages here, and {KEYRING} is not there to"
            f" check them by: install debian-archive-keyring, or {OTHER_WAYS}."
        )
    mirror, codename = _mirror(settings)
    suites = [SUITE] if codename == SUITE else [SUITE, codename]
    with tempfile.TemporaryDirectory(prefix=".apt-", dir=settings.data) as folder:
        apt_home = Path(folder)
        options = _apt_options(apt_home, mirror, suites)
        with step("Reading Debian's package lists") as running:
            result = process.run(
                ["apt-get", *options, "update", "-oAPT::Update::Error-Mode=any"],
                log=settings.logs / "apt-update.log",
                on_line=lambda line: running.progress(line),
            )
            process.check(
                result, "Debian's package lists could not be read", f"{OTHER_WAYS}."
            )
        debs = apt_home / "debs"
        debs.mkdir()
        with step("Fetching Odoo 19 (120 MB)") as running:
            wanted = [f"{name}/{SUITE}" for name in PACKAGES]
            wanted += [f"{name}/{codename}" for name in OLDER_PACKAGES]
            result = process.run(
                ["apt-get", *options, "download", "-oAPT::Status-Fd=1", *wanted],
                log=settings.logs / "apt-download.log",
                on_line=lambda line: _show_download(running, line),
                cwd=debs,
            )
            if result.says(["Unable to locate package", "was not found"]):
                raise Problem(
                    f"Debian's {SUITE} no longer carries Odoo 19: {OTHER_WAYS}."
                )
            process.check(result, "Odoo 19 could not be fetched", f"{OTHER_WAYS}.")
        with step("Unpacking Odoo 19 (1.1 GB)") as running:
            files = sorted(debs.glob("*.deb"))
            for number, deb in enumerate(files, 1):
                running.progress(f"{number}/{len(files)} {deb.name.split('_')[0]}")
                result = process.run(
                    ["dpkg", "-x", deb, place], log=settings.logs / "unpack.log"
                )
                process.check(
                    result,
                    f"{deb.name} could not be unpacked",
                    "run make clean and try again.",
                )
    _complete(place / "usr/lib/python3/dist-packages")


def _complete(path: Path) -> None:
    """Check what was unpacked, and put the stub where Debian left a file out."""
    version = read_version(path)
    if not version.startswith("{}.{}.".format(*ONLY_VERSION)):
        raise Problem(
            f"Debian's odoo-19 is version {version} and not 19.0: {OTHER_WAYS}."
        )
    if not (path / ICONS).exists():
        raise Problem(
            "The icon font of this machine's Debian is not version 4.7, which Odoo"
            f" draws with: {OTHER_WAYS}."
        )
    stub = path / LEFT_OUT
    if not stub.exists():
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text("/* not shipped by Debian */\n", encoding="utf-8")


def _mirror(settings: Settings) -> tuple[str, str]:
    """Return the Debian mirror that this machine is set up with, and its own suite."""
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    match = re.search(r"^VERSION_CODENAME=\"?(\w+)", release, re.MULTILINE)
    codename = match.group(1) if match else SUITE
    lines: list[str] = []
    # Without release info, because on a fresh machine no list was fetched yet.
    process.run(
        [
            "apt-get",
            "indextargets",
            "--no-release-info",
            "--format",
            "$(REPO_URI) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
        ],
        on_line=lines.append,
    )
    known = [line.split() for line in lines if len(line.split()) == 3]
    for uri, release_name, component in known:
        if component == "main" and release_name in (
            codename,
            "stable",
            "sid",
            "unstable",
        ):
            return uri, release_name
    raise Problem(
        "No Debian mirror is set up on this machine, and Odoo 19 comes from there:"
        f" {OTHER_WAYS}."
    )


def _apt_options(home: Path, mirror: str, suites: list[str]) -> list[str]:
    """Return the options by which apt touches nothing of the machine's own."""
    for name in ("lists/partial", "cache/archives/partial", "empty"):
        (home / name).mkdir(parents=True)
    sources = home / "sources.list"
    sources.write_text(
        "".join(
            f"deb [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in suites
        ),
        encoding="utf-8",
    )
    return [
        f"-oDir::Etc::sourcelist={sources}",
        f"-oDir::Etc::sourceparts={home / 'empty'}",
        f"-oDir::Etc::preferencesparts={home / 'empty'}",
        f"-oDir::Etc::preferences={home / 'empty' / 'none'}",
        f"-oDir::State::Lists={home / 'lists'}",
        f"-oDir::Cache={home / 'cache'}",
        # Root's apt would fetch as another user, who may have no way into DATA.
        "-oAPT::Sandbox::User=root",
        "-oAcquire::Languages=none",
        "-oAcquire::Retries=2",
        "-oAcquire::http::Timeout=30",
        "-oAcquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
        "-q",
    ]


def _show_download(running, line: str) -> None:
    """Show apt's machine-readable progress (``dlstatus:1:42.0:...``)."""
    match = re.match(r"dlstatus:\d+:([\d.]+):", line)
    if match:
        running.progress(f"{float(match.group(1)):.0f} %")
