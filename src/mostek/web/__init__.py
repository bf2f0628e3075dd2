"""The web admin and the API: thin views over :mod:`mostek.commands`, rendered on the server, in the hub's own process.

:mod:`mostek.web.serving` is the way in. A view asks for one or a few commands through :class:`mostek.web.door.Door`
and fills one template with what they return; it decides nothing about documents and knows no ledger.
"""
