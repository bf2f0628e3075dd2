"""Keys of duties: the same duty has the same key however often and wherever it is planned."""

from functools import lru_cache
from uuid import UUID, uuid5

_NAMESPACE = UUID("5e0d6a2c-6f0b-5d0e-9a55-6d6f7374656b")


@lru_cache(maxsize=4096)  # a plan names the same duties again and again
def duty_key(*, source: str, kind: str, source_id: str, role: str, duty: str, target: str) -> str:
    """The key of one effect.

    ``source`` and ``target`` are slugs of connections, which never change; ``source_id`` is the source's own record
    id, never an ordinal; ``duty`` what is made of it (``invoice``, ``payment``, ``credit_link``). A duty to *issue*
    exists once over all targets, so its target does not count.
    """
    parts = (source, kind, source_id, role, duty, target if role == "book" else "")
    return str(uuid5(_NAMESPACE, "\x1f".join(parts)))
