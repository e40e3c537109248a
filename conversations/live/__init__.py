"""What is going on at Genesys: listing it, following it."""
