"""Who may come in: people with their roles, and what Django keeps of them, in the web's own database."""
