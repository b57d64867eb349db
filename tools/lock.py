"""Writes requirements.txt anew: the newest versions for Python 3.11, checked for 3.12 and 3.13.

Run by `make lock` with Python 3.11, the oldest supported, because what it can have the newer ones
can nearly always have too; where one of them cannot, the script names the package and writes
nothing. Markers inside the packages' own metadata are read for 3.11 alone: `make test` on a newer
Python shows the rest.
"""

import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

LOCK = Path("requirements.txt")
BUILD_TOOLS = ["hatchling", "editables"]
NOT_PINNED = {"chainrule", "pip", "setuptools", "wheel"}
PYTHONS = ["3.11", "3.12", "3.13"]


def canonical(name: str) -> str:
    """The one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def newest_versions(python: Path) -> dict[str, str]:
    """Installs the package with its extras into an empty environment and reads what came."""
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", *BUILD_TOOLS, ".[plot,test]"], check=True)
    listing = subprocess.run(
        [*pip, "list", "--format=json"], check=True, capture_output=True, text=True
    )
    packages = {package["name"]: package["version"] for package in json.loads(listing.stdout)}
    return {name: version for name, version in packages.items() if name not in NOT_PINNED}


def resolved(python: Path, version: str, lock: Path, report: Path) -> set[str]:
    """The packages that another Python would install from the lock file."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command += ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--report", report]
    command += ["--python-version", version, "--target", report.parent / "nowhere", "-r", lock]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"Python {version} cannot have these versions: see above. Nothing was written.")
    return {
        canonical(item["metadata"]["name"]) for item in json.loads(report.read_text())["install"]
    }


def main() -> None:
    """Resolves, checks and writes."""
    if sys.version_info[:2] != (3, 11):
        sys.exit("make lock needs Python 3.11: sudo apt-get install python3.11 python3.11-venv")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        venv.create(work / "environment", with_pip=True)
        python = work / "environment/bin/python"
        packages = newest_versions(python)
        comments = [line for line in LOCK.read_text().splitlines() if line.startswith("#")]
        pins = [f"{name}=={packages[name]}" for name in sorted(packages, key=str.lower)]
        text = "\n".join([*comments, *pins]) + "\n"
        candidate = work / "requirements.txt"
        candidate.write_text(text)
        known = {canonical(name) for name in packages}
        for version in PYTHONS:
            unpinned = resolved(python, version, candidate, work / "report.json") - known
            if unpinned:
                sys.exit(f"Python {version} also needs {', '.join(sorted(unpinned))}: not pinned.")
    LOCK.write_text(text)
    print(f"{LOCK} is written; `make test` shows whether all is well with it.")


if __name__ == "__main__":
    main()
