"""The sandbox's options: one typed class gives the defaults, the allowed values and the table of what is assumed.

An option with `assumed` switches a behaviour that stands in no source; GET /_sandbox/assumed and the README list them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def _assumed(default: str, choices: tuple[str, ...], question: str) -> Any:
    return field(default=default, metadata={"choices": choices, "assumed": question})


def _choice(default: str, choices: tuple[str, ...]) -> Any:
    return field(default=default, metadata={"choices": choices})


YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be set when the sandbox starts, by `--set key=value`."""

    # the shop
    seed: int = 1
    documents: int = 0
    hostile: float = 0.01
    vintage: str = _choice("mixed", ("2024", "2025", "mixed"))
    prices_with_vat: str = _choice("mixed", ("yes", "no", "mixed"))
    vat_payer: str = _choice("yes", YES_NO)
    oss: str = _choice("yes", YES_NO)
    project_name: str = "demo-shop"
    # access
    login: str = "mostek"
    key: str = "api-key"
    tariff: str = _choice("addon", ("bronze", "silver", "gold", "platinum", "exclusive", "addon"))
    packs: int = 0
    concurrency: int = 3
    latency: float = 0.0
    clock_offset: float = 0.0
    webhook_timeout: float = 1.0
    webhook_retry: float = 300.0
    # arithmetic that is in no source
    net_rounding: str = _assumed(
        "mixed", ("line", "unit", "mixed"), "Is the price without VAT rounded per unit or per line?"
    )
    recap: str = _assumed(
        "mixed", ("lines", "rates", "mixed"), "Is the recapitulation the sum of lines or computed per rate?"
    )
    total_includes_rest: str = _assumed("yes", YES_NO, "Does total_with_vat contain the rounding total_rest?")
    recap_rate: str = _assumed(
        "multiply",
        ("multiply", "divide"),
        "Is recapitulation_currency_rate what the amount is multiplied or divided by?",
    )
    set_form: str = _assumed(
        "mixed",
        ("parts_zero", "parts_priced", "parts_informative", "mixed"),
        "Which row of a set bears the price? mixed draws parts_zero and parts_priced.",
    )
    # shape that is in no source
    credit_sign: str = _assumed(
        "quantity",
        ("quantity", "price", "positive", "mixed"),
        "What is negative on a credit note: quantities, unit prices, or nothing?",
    )
    discount_sign: str = _assumed(
        "positive", ("positive", "negative"), "Sign of the amounts in an order's discount blocks."
    )
    date_style: str = _assumed(
        "mixed", ("datetime", "date", "mixed"), "Are the dates of a document days or local midnights?"
    )
    free_items: str = _assumed(
        "mixed", ("listed", "omitted", "mixed"), "Does a free shipment or payment method stand on the document?"
    )
    empty_blocks: str = _assumed("absent", ("absent", "null"), "Are unused blocks (voucher, eet) absent or null?")
    php_arrays: str = _assumed(
        "no",
        YES_NO,
        "Do maps with keys 0, 1, ... (a recapitulation with the rate 0 only) and empty maps become JSON lists?",
    )
    no_order: str = _assumed("null", ("null", "empty"), "order_number of a document without an order.")
    # lists whose corners are in no source
    invoices_need_parameter: str = _assumed("yes", YES_NO, "Is GET /invoices without any parameter refused with 400?")
    list_order: str = _assumed("asc", ("asc", "desc"), "Order of a list by creation when order_by is not given.")
    past_end: str = _assumed("empty", ("empty", "last", "404"), "What a page past the end answers.")
    missing: str = _assumed("empty", ("empty", "404"), "What GET of one unknown number answers.")
    unknown_params: str = _assumed("ignore", ("ignore", "reject"), "Are unknown query parameters ignored or refused?")
    naive_time: str = _assumed("shop", ("shop", "utc"), "The zone of a time given without an offset.")
    paid_to_documents: str = _assumed("yes", YES_NO, "Does paid_date of an order also mark its invoices?")
    customer_key: str = _assumed(
        "email", ("email", "email_or_code"), "What names the customer of a PUT: login.email alone, or else his code?"
    )
    customer_code_unique: str = _assumed("yes", YES_NO, "Is a customer's code refused that another one has?")
    webhooks_at_once: str = _assumed("batch", ("batch", "single"), "Are events of one moment sent in one call?")

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> "Options":
        """Typed options from strings; an unknown key or value is a ValueError that names it and what is allowed."""
        defaults = cls()
        known = {option.name: option for option in fields(cls)}
        values: dict[str, Any] = {}
        for name, raw in given.items():
            option = known.get(name)
            if option is None:
                raise ValueError(f"unknown option {name!r}; known: {', '.join(sorted(known))}")
            choices = option.metadata.get("choices")
            if choices is not None and raw not in choices:
                raise ValueError(f"option {name}={raw!r}: expected one of {', '.join(choices)}")
            kind: type[Any] = type(getattr(defaults, name))
            try:
                values[name] = kind(raw)
            except ValueError as error:
                raise ValueError(f"option {name}={raw!r}: expected {kind.__name__}") from error
        return cls(**values)


# Behaviour that is in no source and has no switch; the switchable part is in the class above.
FIXED_ASSUMPTIONS = (
    ("error_body", "An error answers JSON with the single key message."),
    (
        "discount_items",
        "Order discounts stand on a document as items of type discount, one per VAT rate, quantity 1, negative price.",
    ),
    ("voucher_cap", "A voucher above the goods is capped at the goods; it does not pay for shipment or payment."),
    (
        "full_discount",
        "A discount that takes all goods of a rate takes exactly their net and gross, leaving no cent of VAT.",
    ),
    ("rest_outside_vat", "The rounding of a total is outside the recapitulation and outside total_without_vat."),
    (
        "recap_conversion",
        "A recapitulation in the shop's currency converts base and total of each rate; VAT is their difference.",
    ),
    ("zero_rows", "A rate whose base and total are both zero makes no row in the recapitulation."),
    ("vintage_items", "Before 2024-08 items had no type, before 2024-11 no recycling_fee: vintage 2024 omits both."),
    (
        "vintage_orders",
        "Vintage 2024 has no sets, gifts, discount rows or quantity discount: nothing could express them.",
    ),
    ("paid_no", "paid_yn=0 lists what is not paid."),
    ("filters", "All times filter inclusively; creation_time_to without a time means the end of that day."),
    ("deleted", "A deleted order or document is gone from every list; only the webhook tells of it."),
    ("bad_login", "While an address is locked, its attempts are not counted again."),
    ("quota_zone", "Hour and day of the quota are those of the shop's zone; refused calls cost nothing."),
    ("total_remaining", "X-Rate-Limit-Total-Remaining is the rest of this hour plus the rest of this day."),
    ("addon_headers", "A verified add-on gets no limit headers."),
    ("concurrency_retry", "429 for too many calls at once has Retry-After one second ahead."),
    ("move_first", "After a server move 301 is answered before the login is checked."),
    ("status_mail", "Every status has one mail and one SMS attached, sent only when the status really changes."),
    ("put_touches", "A successful PUT moves last_update_time even when nothing differs."),
    ("put_unknown_keys", "Unknown keys of an order in PUT are a warning and otherwise ignored."),
    ("customer_email", "No two customers have the same login.email, whatever their type; case does not matter."),
    ("customer_company", "A customer of the type company needs company.name."),
    ("customer_merge", "PUT merges the blocks of a customer key by key; postal addresses are replaced as a whole."),
    (
        "customer_texts",
        "Texts of a customer have at most 255 characters; languages, countries, price lists are checked.",
    ),
    ("customer_groups", "Groups and metas of a customer are a warning and otherwise ignored: the shop has none."),
    ("customer_webhook", "A webhook about a customer has customer_id, email, the stamp, active_yn and blocked_yn."),
    ("credit_needs_invoice", "credit_note.generate_yn of an order without an invoice is an error of that order."),
    ("webhook_allowed", "allowed_yn of an event is the string 1."),
    ("webhook_off_by_rights", "A changed right of an API user switches off all webhooks he created."),
)


def assumed(options: Options) -> list[dict[str, Any]]:
    """Every assumption with its switch, its value now and its alternatives."""
    switchable = [
        {
            "name": option.name,
            "question": option.metadata["assumed"],
            "value": getattr(options, option.name),
            "choices": list(option.metadata["choices"]),
        }
        for option in fields(options)
        if "assumed" in option.metadata
    ]
    return switchable + [
        {"name": name, "question": text, "value": "fixed", "choices": []} for name, text in FIXED_ASSUMPTIONS
    ]
