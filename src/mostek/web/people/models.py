"""People and their roles."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from mostek.commands import Permission

ROLES: Mapping[str, frozenset[Permission]] = {
    "owner": frozenset({"read", "operate", "close", "own"}),
    "operator": frozenset({"read", "operate"}),
    "accountant": frozenset({"read", "close"}),
}


class Person(AbstractBaseUser):
    """Somebody who logs in: a name, a role, and how he wants to be spoken to."""

    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=20, choices=[(role, role) for role in ROLES], default="accountant")
    language = models.CharField(max_length=2, default="en")
    timezone = models.CharField(max_length=64, default="Europe/Prague")
    is_active = models.BooleanField(default=True)
    joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = BaseUserManager["Person"]()

    def __str__(self) -> str:
        return self.username

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return self.is_active and permission in ROLES.get(self.role, frozenset())
