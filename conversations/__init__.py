"""The domain: conversations of Genesys Cloud, and the edits people make to them. No HTML, no request, no response."""
