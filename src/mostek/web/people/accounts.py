"""How allauth treats people here: nobody signs himself up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """People are added by the owner."""

    def is_open_for_signup(self, request: Any) -> bool:
        """No."""
        del request
        return False
