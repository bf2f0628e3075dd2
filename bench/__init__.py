"""How fast Mostek is, beside what the wire allows, a script does and a ledger costs; see docs/benchmarks.md."""
