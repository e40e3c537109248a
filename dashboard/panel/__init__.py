"""The panel: Midcall in a frame of another site, with a cookie, a session and a sign-in of its own."""
