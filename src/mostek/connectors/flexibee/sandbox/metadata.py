"""What the server tells about itself: evidences, their properties and their relations."""

from typing import Any

from mostek.connectors.flexibee.sandbox.facts import Evidence, Fact, evidences, label
from mostek.connectors.flexibee.sandbox.kinds import KINDS


def evidence_list() -> dict[str, Any]:
    """The body of evidence-list."""
    listed = [
        {
            "evidencePath": each.path,
            "evidenceName": each.name,
            "importStatus": each.status,
            "className": each.kind,
            "extIdSupported": _logic(each.external),
        }
        for each in evidences().values()
    ]
    return {"evidences": {"evidence": listed}}


def properties(shape: Evidence) -> dict[str, Any]:
    """The body of an evidence's properties."""
    return {"properties": {"@evidencePath": shape.path, "property": [_property(fact) for fact in shape.facts.values()]}}


def relations(shape: Evidence) -> dict[str, Any]:
    """The body of an evidence's relations."""
    kind = KINDS.get(shape.path)
    names = [*kind.collections, "vazby"] if kind is not None and kind.lines else []
    return {"relations": {"relation": [{"url": name, "name": name} for name in names]}}


def _logic(value: bool) -> str:
    return "true" if value else "false"


def _property(fact: Fact) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "propertyName": fact.name,
        "name": fact.label or fact.name,
        "title": fact.label or fact.name,
        "type": fact.type,
        "mandatory": _logic(fact.mandatory),
        "isWritable": _logic(fact.writable),
        "inSummary": _logic(fact.summary),
        "isUpperCase": _logic(fact.upper),
        "isLowerCase": _logic(fact.lower),
    }
    optional = {
        "maxLength": fact.length,
        "digits": fact.digits,
        "decimal": fact.decimals,
        "minValue": fact.smallest,
        "maxValue": fact.largest,
        "fkEvidencePath": fact.target,
    }
    shown.update({name: str(value) for name, value in optional.items() if value is not None})
    if fact.values:
        shown["values"] = {"value": [{"@key": key, "$": label(key)} for key in fact.values]}
    return shown
