"""What is done with people: adding, changing, locking out. Each act stands in the hub's audit log."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from mostek.documents.problem import invalid
from mostek.web.people.models import ROLES, Person


def add(username: str, role: str, password: str, language: str = "en") -> Person:
    """Make a person; raises ``person.taken``, ``person.role``, ``person.name`` or ``person.password``."""
    if not username.isprintable() or not 1 <= len(username.strip()) <= 150:
        raise invalid("person.name", "name")
    if role not in ROLES:
        raise invalid("person.role", "role", role=role, roles=", ".join(ROLES))
    if Person.objects.filter(username__iexact=username).exists():
        raise invalid("person.taken", "name", name=username)
    person = Person(username=username.strip(), role=role, language=language)
    give_password(person, password)
    return person


def give_password(person: Person, password: str) -> None:
    """Set and store a password; raises ``person.password`` with what is wrong with it. All sessions end."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise invalid("person.password", "password", reason=" ".join(error.messages)) from None
    person.set_password(password)
    person.save()


def chance() -> str:
    """A password to begin with, easy to read out: four groups of five."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def found(username: str) -> Person:
    """The person of that name; raises ``person.unknown``."""
    try:
        return Person.objects.get(username__iexact=username)
    except Person.DoesNotExist:
        raise invalid("person.unknown", "name", name=username) from None
