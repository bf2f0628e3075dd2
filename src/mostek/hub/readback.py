"""Reading back what was written: documents as statements, contacts as what they say."""

from collections.abc import Sequence

from mostek.core.facts import Agreement
from mostek.documents.party import Address, Contact, Party, differing, parts
from mostek.documents.problem import Problem
from mostek.sdk.capability import Writes
from mostek.sdk.effect import Action, Intent, Question, Statement


async def stand(writes: Writes, intents: Sequence[Intent]) -> list[Statement | Contact | None]:
    """How these effects stand in the target, in order; None where nothing is there."""
    documents = [intent for intent in intents if intent.action.kind != "contact"]
    contacts = [intent for intent in intents if intent.action.kind == "contact"]
    stated = iter(await writes.verify(documents) if documents else ())
    asked = [Question(about="contact", by={"id": intent.id}) for intent in contacts]
    said = iter([matches[0].contact if matches else None for matches in await writes.ask(asked)] if asked else ())
    return [next(said) if intent.action.kind == "contact" else next(stated) for intent in intents]


def unheard(action: Action, agreed: Agreement, found: Contact | None) -> Problem | None:
    """What the target did not take over of a contact; what somebody changed there since is his own word."""
    meant, before = agreed.sides[agreed.target].contact, agreed.before or Contact(party=Party(address=Address()))
    assert isinstance(action.subject, Contact)
    written = differing(before, action.subject)
    if found is None:
        return Problem(cause="verify.missing", details={"number": meant.party.name})
    lost = [name for name in differing(meant, found) if name in written and name not in differing(before, found)]
    if not lost:
        return None
    details = {"expected": str(parts(meant)[lost[0]]), "found": str(parts(found)[lost[0]])}
    return Problem(cause="verify.differs", field=lost[0], details={"number": meant.party.name, **details})
