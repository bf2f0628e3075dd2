"""What a connection to the toy needs to know."""

from typing import Annotated

from mostek.sdk.settings import Settings, option


class ToySettings(Settings, frozen=True, kw_only=True):
    """Where the toy is, and how to log in."""

    address: Annotated[str, option("Address", "Where does the toy answer? As in https://toy.example", min_length=8)]
    password: Annotated[str, option("Password", "Which password does the toy want?", secret=True, min_length=1)]
