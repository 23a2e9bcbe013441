"""Reviews and comments in which somebody says again what they have said before.

One sentence under every change says nothing about any of them. Texts are compared without what is changed at no cost: case,
spaces, punctuation, digits, code in backticks, links, mentions and invisible characters. Of a person's rows with one text
the earliest is theirs to keep. Only the excerpt is known, so texts of one beginning are one text. Whoever puts in another
noun has written another text: that a sentence is new does not make it true.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["folded", "repeats"]

_LEFT_OUT: Final = re.compile(
    r"`[^`]*`|<!--.*?(?:-->|\Z)|</?[a-z][^<>]*>|https?://\S+|(?<![\w.])@[\w-]+(?:/[\w-]+)?"
    r"|\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|u[0-9a-f]{8})",  # how collectors spell what cannot be seen
    re.IGNORECASE,
)
_NO_LETTER: Final = re.compile(r"[\W\d_]+")

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def folded(text: str) -> str:
    """What is compared: words of letters, case folded. Linear in the length of the text.

    >>> folded("Could `run()` crash on line 12?"), folded("COULD `stop` crash, on line 7")
    ('could crash on line', 'could crash on line')
    """
    plain = _LEFT_OUT.sub(" ", unicodedata.normalize("NFKC", text))
    return _NO_LETTER.sub(" ", plain.casefold()).strip()


def repeats(rows: pd.DataFrame, who: Integers) -> Booleans:
    """Per row: has its speaker said this in an earlier row?

    rows: excerpt, occurred_at, measures, artefact. who: code of the speaker; -1 where nobody knows one, who repeats nothing.
    Rows of one moment are ordered by what is known of them, so that no id decided by chance does it.
    """
    spoken = np.flatnonzero((who >= 0) & rows["excerpt"].notna().to_numpy(dtype=bool))
    said = rows.iloc[spoken][["occurred_at", "measures", "artefact"]].assign(
        row=spoken, who=who[spoken], text=[folded(text) for text in rows["excerpt"].iloc[spoken].tolist()]
    )
    said = said[said["text"] != ""].sort_values(["occurred_at", "measures", "artefact"], kind="stable")
    again = np.zeros(len(rows), dtype=np.bool_)
    again[said.loc[said.duplicated(["who", "text"]), "row"].to_numpy(dtype=np.int64)] = True
    return again
