"""What can be set when the sandbox starts, and every behaviour that no source settles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self


@dataclass(frozen=True)
class Assumption:
    """A behaviour that is in no source: what it is, what the sandbox does, and what else the vendor may do."""

    id: str
    what: str
    default: str
    alternatives: tuple[str, ...] = ()

    def to_json(self, value: str) -> dict[str, Any]:
        """The row as GET /_sandbox/assumed shows it."""
        return {
            "id": self.id,
            "what": self.what,
            "default": self.default,
            "alternatives": list(self.alternatives),
            "value": value,
        }


ASSUMED = (
    Assumption("unknown_field", "a written field that the evidence does not have", "fail", ("ignore", "warn")),
    Assumption("readonly_field", "a written field that is not writable", "ignore", ("fail",)),
    Assumption("length_code", "the error code of a text that is too long", "PROP", ("INVALID",)),
    Assumption("upper_case", "lower-case letters in an upper-case field", "convert", ("refuse",)),
    Assumption("kod_identifies", "a record without id whose kod exists: is it that record", "no", ("yes",)),
    Assumption("lines_without_id", "lines without id on update", "append", ("position",)),
    Assumption("issue_date", "a document without datVyst", "require", ("today",)),
    Assumption("contact_code", "an adresar record without kod", "generate", ("require",)),
    Assumption("open_targets", "a relation to an evidence that is not simulated", "accept", ("refuse",)),
    Assumption("dates", "dates in answers", "offset", ("plain",)),
    Assumption("order_letters", "order=name@A", "handbook (A descending)", ("english (A ascending)",)),
    Assumption("line_rate", "a line's szbDph that is not the country's rate of that day", "refuse", ("take",)),
    Assumption("vat_tolerance", "how far a line's given VAT may be from base × rate", "1.00", ("any amount",)),
    Assumption("home_sums", "domestic sums of a foreign document are converted per", "lines", ("header",)),
    Assumption("manual_paid_rest", "zbyvaUhradit of a document marked uhrazenoRucne", "zero", ("keep",)),
    Assumption("storno_sums", "sums of a cancelled document", "keep", ("zero",)),
    Assumption("storno_again", "storno of a cancelled document", "nothing", ("refuse",)),
    Assumption("paired_storno", "storno of a paired document", "refuse", ("unpair",)),
    Assumption("locked_ids", "external ids of a locked or cancelled document, alone", "take", ("refuse",)),
    Assumption("copy_dates", "dates of a copy made by @sourceId", "today", ("source",)),
    Assumption("paired_edit", "which edits of a paired document are refused", "money", ("any",)),
    Assumption("ignored_rest", "zbytek=ignorovat with money left over", "pair", ("leave",)),
    Assumption("default_rest", "sparovani without zbytek", "ne", ("ignorovat", "castecnaUhrada")),
    Assumption("pair_locked", "pairing a locked document", "yes", ("no",)),
    Assumption("lock_date", "the date a period lock looks at", "datVyst", ("duzpPuv",)),
    Assumption("lines_in_full", "lines in detail=full without relations", "no", ("yes",)),
    Assumption("partial_status", "HTTP status of an @atomic=false import that failed in part", "400", ("200",)),
    Assumption("skipped_result", "the result of a record skipped by @update=ignore shows its id", "yes", ("no",)),
    Assumption("credit_again", "dobropisuj on a credit note that is already linked", "refuse", ("ignore",)),
    Assumption("deleted_ext_ids", "external ids of a deleted record in the changes", "no", ("yes",)),
    Assumption("changes_off", "listing changes when they are not recorded", "refuse", ("empty",)),
    Assumption("filter_unknown_code", "a filter that names a code or ext id that is not there", "empty", ("refuse",)),
    Assumption("mail_state", "stavMailK after the server sent the mail", "odeslano", ("odeslat",)),
    Assumption("body_error", "JSON that cannot be read", "400"),
    Assumption(
        "failed_results", "results of an import that failed as a whole: only the failed record's", "only failed"
    ),
    Assumption("dry_run_shape", "where a dry run puts the computed record", "results[].content.<evidence>"),
    Assumption("rounding_rate", "metodaZaokr.zklDph books the rounding in the highest rate used", "highest rate"),
    Assumption("overpaid", "more paid than owed: zbyvaUhradit is 0 and sumPrepl has the rest", "sumPrepl"),
    Assumption("var_sym", "varSym when not given: the digits of kod", "digits"),
    Assumption("domestic_men", "*Men sums of a document in the domestic currency", "0"),
    Assumption("two_discounts", "slevaPol and slevaDokl on one line apply one after another", "one after another"),
    Assumption("individual_rounding", "metodaZaokr.individ adds no rounding difference to the total", "none"),
    Assumption("round_up", "zaokrJak.nahoru of a negative total goes away from zero", "away from zero"),
    Assumption("series_format", "numbers are the series' prefix, four digits, a slash and the year", "prefix"),
    Assumption("no_period", "a document whose datVyst is in no ucetni-obdobi is refused", "refused"),
    Assumption("changes_status", "changes/status answers {changes: true} in the winstrom envelope", "changes"),
    Assumption("bond_ends", "a vazba shows its two documents as a and b with @ref and @evidencePath", "a and b"),
    Assumption("same_new_line", "two lines of a record with the same new external id are one line", "one line"),
    Assumption("lines_forget", "@removeExternalIds of a document takes none from its lines", "none"),
    Assumption("copy_fields", "a copy takes all writable fields but number, symbol and payment state", "all"),
    Assumption("texts", "words of errors other than those quoted in the README", "own words"),
)

_ALTERNATIVES = {
    each.id: {each.default.partition(" ")[0], *(a.partition(" ")[0] for a in each.alternatives)} for each in ASSUMED
}
_FREE = {"vat_tolerance"}


@dataclass(frozen=True)
class User:
    """Somebody who may log in; ``rights`` is r, rw or - per evidence, with ``*`` for all others."""

    name: str
    password: str
    rights: Mapping[str, str]

    def may(self, evidence: str, letter: str) -> bool:
        """Whether reading (r) or writing (w) this evidence is allowed."""
        return letter in self.rights.get(evidence, self.rights.get("*", ""))


@dataclass(frozen=True)
class Options:
    """The sandbox's settings.

    ``users`` is ``name:password:rights`` separated by ``;`` and rights are ``rw``, ``r`` or
    ``adresar=rw,faktura-vydana=r``. ``licence`` is full, readonly or none. ``today`` freezes the business date.
    """

    company: str = "demo"
    company_name: str = "Demo s.r.o."
    country: str = "CZ"
    licence: str = "full"
    users: tuple[User, ...] = (User("winstrom", "winstrom", {"*": "rw"}),)
    session_minutes: int = 30
    today: date | None = None
    assumed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, pairs: Mapping[str, str]) -> Self:
        """Read ``--set`` pairs; unknown keys and values raise ``ValueError`` naming them."""
        known: dict[str, Any] = {}
        assumed = {each.id: each.default.partition(" ")[0] for each in ASSUMED}
        for key, value in pairs.items():
            if key in assumed:
                if key not in _FREE and value not in _ALTERNATIVES[key]:
                    raise ValueError(f"{key}={value}: must be one of {', '.join(sorted(_ALTERNATIVES[key]))}")
                assumed[key] = value
            elif key in _READERS:
                known[key] = _READERS[key](value)
            else:
                raise ValueError(f"unknown option {key!r}; known: {', '.join(sorted({*_READERS, *assumed}))}")
        return cls(**known, assumed=assumed)

    def __getitem__(self, assumption: str) -> str:
        """The chosen behaviour."""
        return self.assumed[assumption]


def _licence(text: str) -> str:
    if text not in {"full", "readonly", "none"}:
        raise ValueError(f"licence={text}: must be full, readonly or none")
    return text


def _country(text: str) -> str:
    if text not in {"CZ", "SK"}:
        raise ValueError(f"country={text}: must be CZ or SK")
    return text


def _user(text: str) -> User:
    name, _, rest = text.partition(":")
    password, sign, rights = rest.rpartition(":")
    if not name or not sign:
        raise ValueError(f"users: {text!r} must be name:password:rights")
    if "=" not in rights:
        return User(name, password, {"*": rights})
    return User(name, password, dict(part.split("=", 1) for part in rights.split(",")))


_READERS: Mapping[str, Any] = {
    "company": str,
    "company_name": str,
    "country": _country,
    "licence": _licence,
    "users": lambda text: tuple(_user(part) for part in text.split(";") if part),
    "session_minutes": int,
    "today": date.fromisoformat,
}
