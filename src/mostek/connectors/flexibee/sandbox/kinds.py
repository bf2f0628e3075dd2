"""The kinds of documents: which evidences hold their lines, types and series, and what each may do."""

from dataclasses import dataclass

DEFAULT_DUE_DAYS = 14


@dataclass(frozen=True)
class Kind:
    """One kind of document."""

    path: str
    module: str
    types: str = ""
    series: str = ""
    series_field: str = ""
    lines: str = ""
    parent: str = ""
    collections: tuple[str, ...] = ()
    place: str = ""
    """The field with the bank account or cash box, for documents that pay."""


KINDS = {
    kind.path: kind
    for kind in (
        Kind(
            "faktura-vydana",
            "modulFav",
            "typ-faktury-vydane",
            "rada-faktury-vydane",
            "radaPrijem",
            "faktura-vydana-polozka",
            "doklFak",
            ("polozkyFaktury", "polozkyDokladu"),
        ),
        Kind(
            "banka",
            "modulBan",
            "typ-banka",
            "rada-banka",
            "radaPrijem",
            "banka-polozka",
            "doklInt",
            ("polozkyIntDokl", "polozkyDokladu"),
            "banka",
        ),
        Kind(
            "pokladni-pohyb",
            "modulPok",
            "typ-pokladni-pohyb",
            "rada-pokladni-pohyb",
            "radaPrijem",
            "pokladni-pohyb-polozka",
            "doklInt",
            ("polozkyIntDokl", "polozkyDokladu"),
            "pokladna",
        ),
        Kind("interni-doklad", "modulInt"),
    )
}

LINES = {kind.lines: kind for kind in KINDS.values() if kind.lines}
"""The kind of document by its line evidence."""
