"""What a path says about a change: test, documentation, or nothing a person wrote (vendored, generated, lock file, asset).

Only names are looked at, so the answer is the same for every clone and needs no file contents.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ASSET", "DOCUMENTATION", "NOT_WRITTEN", "TEST", "area_of", "classify_paths"]

TEST: Final = 1
DOCUMENTATION: Final = 2
NOT_WRITTEN: Final = 4
ASSET: Final = 8

_NOT_WRITTEN: Final = re.compile(
    r"""(^|/)(vendor|vendored|third[_-]?party|node_modules|bower_components|site-packages|external|\.yarn)/
      | (^|/)(dist|build|generated|_generated|gen|\.ipynb_checkpoints|__pycache__|__snapshots__)/
      | (^|/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|pdm\.lock|uv\.lock
              |pipfile\.lock|conda-lock\.ya?ml|cargo\.lock|go\.sum|composer\.lock|gemfile\.lock|\.terraform\.lock\.hcl)$
      | (_pb2(_grpc)?\.pyi?|\.pb\.(go|cc|h)|_generated\.\w+|\.g\.dart|zz_generated\.[\w.]+|\.min\.(js|css)|\.map)$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ASSET: Final = re.compile(
    r"\.(png|jpe?g|gif|bmp|ico|svg|webp|pdf|mp[34]|wav|zip|gz|tgz|bz2|xz|jar|whl|so|a|o|dll|exe|bin|onnx|pt|pth|h5|pb"
    r"|npy|npz|pkl|parquet|avro|csv|tsv|ttf|woff2?|eot|ipa|apk|model)$",
    re.IGNORECASE,
)
_TEST: Final = re.compile(
    r"(^|/)(tests?|testing|__tests__|spec|e2e)/|(^|/)(test_[^/]*|[^/]*_test|[^/]*[._]spec|[^/]*[._-]test|conftest)\.\w+$",
    re.IGNORECASE,
)
_DOCUMENTATION: Final = re.compile(
    r"(^|/)(docs?|documentation|adr|rfcs?|runbooks?)/|\.(md|rst|adoc)$|(^|/)(readme|contributing|changelog)[^/]*$",
    re.IGNORECASE,
)


def classify_paths(paths: pd.Index | list[str]) -> NDArray[np.uint8]:
    """Bit flags per path. Give each distinct path once: the cost is one regular expression per flag and path.

    >>> classify_paths(["tests/test_a.py", "README.md", "vendor/x.go", "a/b.py"]).tolist()
    [1, 2, 4, 0]
    """
    flags = [(TEST, _TEST), (DOCUMENTATION, _DOCUMENTATION), (NOT_WRITTEN, _NOT_WRITTEN), (ASSET, _ASSET)]
    return np.fromiter(
        (sum(bit for bit, pattern in flags if pattern.search(path)) for path in paths), dtype=np.uint8, count=len(paths)
    )


def area_of(path: str) -> str:
    """The part of a repository a path lies in: its first two folders, or "." at the root.

    >>> area_of("sdk/python/kfp/compiler.py"), area_of("setup.py")
    ('sdk/python', '.')
    """
    folders = path.split("/")[:-1]
    return "/".join(folders[:2]) if folders else "."
