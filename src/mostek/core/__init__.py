"""The pure core: what a case and what is known of the target mean for a flow. No clock, no database, no network.

:mod:`mostek.core.plan` is the way in: ``plan(case, facts, versions, now)`` gives decisions and actions. The loops of
:mod:`mostek.hub` read, keep and carry out; whatever decides stands here and can be run again from a file.
"""
