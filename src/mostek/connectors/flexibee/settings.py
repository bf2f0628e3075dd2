"""What a connection to one company in ABRA Flexi needs to know."""

from typing import Annotated, Literal

from mostek.sdk.settings import Settings, option

_ADDRESS = r"^https://[A-Za-z0-9.-]+(:\d{1,5})?/?$"
_COMPANY = r"^[a-z0-9_-]{1,100}$"
_CODE = r"^[^\s\[\],]{0,20}$"
_Numbering = Literal["shop", "target"]
_Content = Literal["lines", "summary"]
_Sums = Literal["line", "header"]


class FlexibeeSettings(Settings, frozen=True, kw_only=True):
    """One company in one ABRA Flexi, and how documents are written into it."""

    address: Annotated[str, option("Address", "https://name.flexibee.eu, or https://server:5434", pattern=_ADDRESS)]
    company: Annotated[str, option("Company", "The identifier that follows /c/ in its address", pattern=_COMPANY)]
    login: Annotated[str, option("User name", "A user of his own for Mostek, with the right to use the REST API")]
    password: Annotated[str, option("Password", "The password of that user", secret=True)]
    ca_file: Annotated[str, option("Certificate file", "The server's own certificate (PEM), if not a public one")] = ""
    on_premises: Annotated[bool, option("Own network", "Does ABRA Flexi run at a private address?")] = False
    home_currency: Annotated[Literal["CZK", "EUR"], option("Currency", "In which currency are the books kept?")] = "CZK"
    numbering: Annotated[_Numbering, option("Numbers", "The shop's numbers (shop), or new ones (target)?")] = "shop"
    content: Annotated[_Content, option("Lines", "All lines (lines), or only sums per VAT rate (summary)?")] = "lines"
    explicit_sums: Annotated[_Sums, option("Differing sums", "Stated on lines, or only in the header?")] = "line"
    state_sums: Annotated[bool, option("Check sums", "Let ABRA Flexi refuse what differs from it by a cent?")] = True
    text_prefix: Annotated[str, option("Description", "What stands before the order number", max_length=100)] = "E-shop"
    warehouse: Annotated[str, option("Warehouse", "Code of the warehouse of lines with a product", pattern=_CODE)] = ""
    centre: Annotated[str, option("Centre", "Code of the centre (středisko) of the documents", pattern=_CODE)] = ""
    bank_type: Annotated[str, option("Bank document", "Type of bank documents", pattern=_CODE)] = "STANDARD"
