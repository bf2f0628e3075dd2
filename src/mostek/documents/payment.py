"""Payments of documents, and the tie between a credit note and what it credits."""

from datetime import date

import msgspec

from mostek.documents.invoice import Method
from mostek.documents.money import Money


class Payment(msgspec.Struct, frozen=True, kw_only=True, tag="payment"):
    """What was paid for one document: the state of being settled where the source has no single payments.

    ``document`` is the number of the paid document, ``amount`` what was paid in its currency.
    """

    document: str
    amount: Money
    paid: date
    variable_symbol: str = ""
    method: Method | None = None


class CreditLink(msgspec.Struct, frozen=True, kw_only=True, tag="credit_link"):
    """That the credit note ``number`` corrects the document ``corrects``."""

    number: str
    corrects: str
