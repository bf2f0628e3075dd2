"""The simulated shop itself: what is sold, to whom, and which documents come of it; no HTTP and no database."""
