"""Another version of the product: the files of one of its commits."""

import subprocess
from pathlib import Path

from tests.harness.clerk import ROOT

# The version from which the next upgrade begins.
PREVIOUS = (ROOT / "deploy" / "previous-release").read_text().strip()


def check_out(commit: str, folder: Path) -> Path:
    """The files of a commit in a new folder, with the page of this checkout. A shallow clone has
    only its last commit, and cannot give them."""
    folder.mkdir(parents=True)
    with subprocess.Popen(
        ["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as archive:
        unpacked = subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout)
        assert archive.stderr is not None
        said = archive.stderr.read().decode()
    assert (archive.returncode, unpacked.returncode) == (0, 0), f"git fetch --unshallow? {said}"
    built = ROOT / "web" / "dist"
    if built.exists():
        (folder / "web" / "dist").symlink_to(built)
    return folder
