"""POST, PUT and DELETE of customers: checked one by one, told with messages instead of HTTP errors.

POST and PUT name a customer by the e-mail of his login, as their answers do: neither takes an id. In PUT only the
fields sent are changed, inside the blocks too; a list of postal addresses replaces the one there is.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .baskets import wire
from .lists import BadParameter, flag
from .options import Options
from .shop.clock import iso
from .shop.people import CITIES
from .trade import Shop

Json = dict[str, Any]
Read = Callable[[Any, str], Any]
"""Reads a sent value of a named property; ``RefusedError`` says why it cannot be taken."""

TYPES = ("contact", "customer", "company")
NEWSLETTER = ("notset", "no", "yes", "excluded")
LANGUAGES = ("cs", "sk")
PRICELISTS = ("Výchozí",)
COUNTRIES = frozenset({*CITIES, "HU", "IT", "NL", "BE", "ES", "HR", "RO", "BG", "DK", "SE", "IE", "PT", "US", "UA"})
LONGEST = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class RefusedError(ValueError):
    """A value of one customer that cannot be taken; the property and what is expected."""

    def __init__(self, prop: str, text: str) -> None:
        super().__init__(text)
        self.prop = prop


def _text(value: Any, prop: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > LONGEST:
        raise RefusedError(prop, f"expected a text of at most {LONGEST} characters")
    return str(value)


def _note(value: Any, prop: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise RefusedError(prop, "expected a text")
    return value or None


def _flag(value: Any, prop: str) -> bool:
    try:
        return bool(flag(str(value)))
    except BadParameter as error:
        raise RefusedError(prop, str(error)) from error


def _one_of(*choices: str) -> Read:
    def read(value: Any, prop: str) -> str:
        if value not in choices:
            raise RefusedError(prop, f"expected one of {', '.join(choices)}")
        return str(value)

    return read


def _turnover(value: Any, prop: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise RefusedError(prop, "expected a number") from error


def _email(value: Any, prop: str) -> str:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise RefusedError(prop, "expected an e-mail address")
    return value


def _country(value: Any, prop: str) -> str | None:
    if value is None or value == "":
        return None
    if str(value).upper() not in COUNTRIES:
        raise RefusedError(prop, "unknown country")
    return str(value).upper()


PLACE: dict[str, Read] = {"street": _text, "city": _text, "state": _text, "zip_code": _text, "country_id": _country}
POSTAL: dict[str, Read] = {"company_name": _text, "firstname": _text, "surname": _text, **PLACE}
PLAIN: dict[str, Read] = {
    "type": _one_of(*TYPES),
    "degree": _text,
    "firstname": _text,
    "surname": _text,
    "nickname": _text,
    "code": _text,
    "language": _one_of(*LANGUAGES),
    "newsletter_accept": _one_of(*NEWSLETTER),
    "pricelist": _one_of(*PRICELISTS),
    "base_turnover": _turnover,
    "note": _note,
}
BLOCKS: dict[str, dict[str, Read]] = {
    "company": {"name": _text, "company_number": _text, "vat_number": _text, "vat_payer_yn": _flag},
    "communication": dict.fromkeys(("phone", "fax", "im", "salutation", "declension"), _text),
    "login": {"active_yn": _flag, "blocked_yn": _flag, "email": _email},
}
IGNORED = frozenset({"groups", "metas"})
"""Keys of the vendor that the shop has nothing for: taken with a warning when they carry something."""


def _message(text: str, prop: str | None = None, level: str = "error") -> Json:
    return {"object": "customer", "property": prop, "message": text, "level": level}


def _object(value: Any, prop: str) -> Json:
    if not isinstance(value, dict):
        raise RefusedError(prop, "expected an object")
    return value


def _block(value: Any, readers: Mapping[str, Read], prop: str, unknown: list[str]) -> Json:
    given = _object(value, prop)
    unknown += [f"{prop}.{key}" for key in given if key not in readers and (prop, key) != ("login", "password")]
    return {key: read(given[key], f"{prop}.{key}") for key, read in readers.items() if key in given}


class Customers:
    """The writing of customers; their JSON is what the lists answer."""

    def __init__(self, shop: Shop, options: Options) -> None:
        self.shop, self.store, self.options = shop, shop.store, options

    # -- the three methods --------------------------------------------------------------------------------------------

    def insert(self, given: object) -> Json:
        """POST of one customer."""
        return self._written(given, "inserted_yn", self._insert)

    def update(self, given: object) -> Json:
        """PUT of one customer."""
        return self._written(given, "updated_yn", self._update)

    def save(self, given: Json) -> Json:
        """PUT where the e-mail is known, POST where it is not."""
        email = _object(given.get("login", {}), "login").get("email")
        return self.update(given) if email and self._by_email(str(email)) is not None else self.insert(given)

    def delete(self, ids: Iterable[str], email: str | None) -> list[Json]:
        """Delete by ids and by e-mail; each gets an answer of its own."""
        results: list[Json] = []
        wanted = [("customer_id", key, self._by_id(key)) for key in ids]
        if email is not None:
            wanted.append(("email", email, self._by_email(email)))
        for prop, told, found in wanted:
            if found is None:
                messages = [_message("does not exist", "id" if prop == "customer_id" else prop)]
                named = {"customer_id": None, "email": None, prop: told}
                results.append({**named, "deleted_yn": False, "messages": messages})
                continue
            with self.store.transaction():
                self.store.db.execute("DELETE FROM cards WHERE kind='customer' AND id=?", (found["customer_id"],))
                self._tell("delete", {**found, "deletion_time": iso(self.shop.now())})
            shown = {"customer_id": found["customer_id"], "email": found["login"]["email"]}
            results.append({**shown, "deleted_yn": True, "messages": []})
        return results

    def _written(self, given: object, done: str, write: Callable[[Json, list[str]], None]) -> Json:
        """Write one customer in one transaction; a refused value changes nothing of him."""
        login = given.get("login") if isinstance(given, dict) else None
        email = login.get("email") if isinstance(login, dict) else None
        result: Json = {"email": email, done: False, "messages": []}
        unknown: list[str] = []
        try:
            with self.store.transaction():
                write(_object(given, "customers"), unknown)
        except RefusedError as error:
            result["messages"].append(_message(str(error), error.prop))
            return result
        result[done] = True
        result["messages"] += [_message("unknown property is ignored", key, "warning") for key in unknown]
        return result

    # -- one customer -------------------------------------------------------------------------------------------------

    def _insert(self, given: Json, unknown: list[str]) -> None:
        for required in ("type", "language", "login"):
            if given.get(required) in (None, ""):
                raise RefusedError(required, "required")
        if not _object(given["login"], "login").get("email"):
            raise RefusedError("login.email", "required")
        sent = self._read(given, unknown)
        if self._by_email(sent["login"]["email"]) is not None:
            raise RefusedError("login.email", "a customer with this e-mail already exists")
        key = self._next_id()
        self._keep(_merged(_blank(key, self.options), sent), "create")

    def _update(self, given: Json, unknown: list[str]) -> None:
        sent = self._read(given, unknown)
        email = sent.get("login", {}).get("email")
        known = self._by_email(email) if email else None
        if known is None and self.options.customer_key == "email_or_code" and sent.get("code"):
            known = self._by_code(sent["code"])
        if known is None:
            raise RefusedError("login.email", "no customer has this e-mail" if email else "required")
        self._keep(_merged(known, sent), "update")

    def _read(self, given: Json, unknown: list[str]) -> Json:
        sent = {key: read(given[key], key) for key, read in PLAIN.items() if key in given}
        for key, readers in BLOCKS.items():
            if key == "company" and key in given and given[key] is None:
                sent[key] = None
            elif key in given:
                sent[key] = _block(given[key], readers, key, unknown)
        if "addresses" in given:
            sent["addresses"] = self._addresses(_object(given["addresses"], "addresses"), unknown)
        known = {*PLAIN, *BLOCKS, "addresses"}
        unknown += [key for key, value in given.items() if key not in known and (key not in IGNORED or value)]
        return sent

    def _addresses(self, given: Json, unknown: list[str]) -> Json:
        read: Json = {}
        if "billing" in given:
            read["billing"] = _block(given["billing"], PLACE, "addresses.billing", unknown)
        if "postal" in given:
            if not isinstance(given["postal"], list):
                raise RefusedError("addresses.postal", "expected an array")
            blank = dict.fromkeys(POSTAL)
            postal = [_block(each, POSTAL, "addresses.postal", unknown) for each in given["postal"]]
            read["postal"] = [{**blank, **each} for each in postal]
        return read

    def _keep(self, customer: Json, what: str) -> None:
        key, code = customer["customer_id"], customer["code"]
        if customer["type"] == "company" and not (customer["company"] or {}).get("name"):
            raise RefusedError("company.name", "required of a company")
        holder = self._by_code(code) if code else None
        if holder is not None and holder["customer_id"] != key and self.options.customer_code_unique == "yes":
            raise RefusedError("code", "another customer has this code")
        now = self.shop.now()
        customer["newsletter_yn"] = customer["newsletter_accept"] == "yes"
        customer["last_update_time"] = iso(now)
        if what == "create":
            customer["creation_time"] = iso(now)
        known = self.store.rows("SELECT created FROM cards WHERE kind='customer' AND id=?", (key,))
        created = known[0][0] if known else now
        row = ("customer", key, code, created, now, wire(customer))
        self.store.db.execute("INSERT OR REPLACE INTO cards VALUES(?,?,?,?,?,?)", row)
        self._tell(what, customer)

    def _tell(self, what: str, customer: Json) -> None:
        stamp = {"create": "creation_time", "update": "last_update_time", "delete": "deletion_time"}[what]
        login = customer["login"]
        record = {"customer_id": customer["customer_id"], "email": login["email"], stamp: customer[stamp]}
        record |= {"active_yn": login["active_yn"], "blocked_yn": login["blocked_yn"]}
        self.shop.announce(f"Customers.{what}", "customers", record)

    # -- finding ------------------------------------------------------------------------------------------------------

    def _next_id(self) -> int:
        last = self.store.rows("SELECT coalesce(max(id), 0) FROM cards WHERE kind='customer'")[0][0]
        key = max(int(self.store.meta("last_customer", "0")), last) + 1
        self.store.set_meta("last_customer", str(key))
        return int(key)

    def _one(self, condition: str, value: Any) -> Json | None:
        rows = self.store.rows(f"SELECT payload FROM cards WHERE kind='customer' AND {condition}", (value,))  # noqa: S608
        found: Json | None = json.loads(rows[0][0]) if rows else None
        return found

    def _by_id(self, key: str) -> Json | None:
        return self._one("id=?", int(key)) if key.isdigit() else None

    def _by_email(self, email: str) -> Json | None:
        # The text of the condition is that of the index.
        return self._one("lower(json_extract(payload, '$.login.email'))=?", email.lower())

    def _by_code(self, code: str) -> Json | None:
        return self._one("code=?", code)


def _merged(known: Json, sent: Json) -> Json:
    """The customer with what was sent; blocks are merged, postal addresses replaced."""
    merged = {**known, **{key: value for key, value in sent.items() if key not in {*BLOCKS, "addresses"}}}
    for key in BLOCKS:
        if key in sent:
            blank = {"name": None, "company_number": None, "vat_number": None, "vat_payer_yn": False}
            base = known[key] if known[key] is not None else blank
            merged[key] = {**base, **sent[key]} if sent[key] is not None else None
    if "addresses" in sent:
        before, after = known["addresses"], sent["addresses"]
        billing = {**before["billing"], **after.get("billing", {})}
        merged["addresses"] = {"billing": billing, "postal": after.get("postal", before["postal"])}
    return merged


def _blank(key: int, options: Options) -> Json:
    """A customer of whom nothing but his number is known."""
    return {
        "customer_id": key,
        "type": "contact",
        **dict.fromkeys(("degree", "firstname", "surname", "nickname", "code")),
        "language": LANGUAGES[0],
        "newsletter_yn": False,
        "newsletter_accept": "notset",
        "pricelist": PRICELISTS[0],
        "base_turnover": 0,
        "turnover": "0",
        "turnover_currency": "CZK",
        "company": None,
        "communication": dict.fromkeys(BLOCKS["communication"]),
        "login": {"active_yn": True, "blocked_yn": False, "email": None},
        "groups": [] if options.php_arrays == "yes" else {},
        "note": None,
        "addresses": {"billing": dict.fromkeys(PLACE), "postal": []},
        "metas": [],
        "creation_time": None,
        "last_update_time": None,
        "admin_url": f"https://{options.project_name}.admin.s24.upgates.com/customers/default/{key}",
    }
