"""The door between the web and the commands: who asks, whether he may, and what he is told when it cannot be done."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from mostek import commands
from mostek.desk.installation import Installation
from mostek.web.jobs import JOBS, Job
from mostek.web.people.models import Person
from mostek.web.wording import PageWording

_hub: list[Installation] = []


def open_to(hub: Installation) -> None:
    """Say which installation the views work on; its loop is the one that serves them."""
    _hub[:] = [hub]


class Asked(HttpRequest):
    """A request as :class:`mostek.web.admission.Admission` passes it on."""

    person: Person
    wording: PageWording
    door: "Door"
    htmx: Any


class Door:
    """Runs commands for one person."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def may(self, name: str) -> bool:
        """Whether the person may give this command."""
        return self._person.may(commands.COMMANDS[name].permission)

    async def run(self, name: str, request: Any) -> Any:
        """Carry a command out.

        Raises PermissionDenied when the role forbids it, and what the command raises: ``InvalidDocumentError``,
        ``VendorError``. Both become a page or a notice in the person's language (:mod:`mostek.web.admission`).
        """
        if not self.may(name):
            raise PermissionDenied(name)
        return await commands.run(_hub[0], name, request, self._person.username)

    def start(self, name: str, request: Any) -> Job:
        """Begin a command that takes a while; raises PermissionDenied, and ``job.busy``."""
        if not self.may(name):
            raise PermissionDenied(name)
        person = self._person.username
        return JOBS.start(name, request, person, lambda: commands.run(_hub[0], name, request, person))

    def job(self, id: str) -> Job | None:
        """A job that is kept, if the person may see what it found."""
        job = JOBS.find(id)
        return job if job and self.may(job.name) else None
