"""The hub: feeds, cases, plan, ledger, delivery, settlement, verification and the commands over them."""
