"""The sandbox held to reality: the published definition, the recorded payloads, the official SDK."""
