"""The runtime that serves the connectors' sandboxes: local simulators of vendors' systems, with fault knobs."""

from mostek.sandbox.faults import Fault, Faults, Rule
from mostek.sandbox.runtime import CONTROL, Factory, Sandbox, find, names, running, serve

__all__ = ["CONTROL", "Factory", "Fault", "Faults", "Rule", "Sandbox", "find", "names", "running", "serve"]
