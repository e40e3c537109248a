"""How the world looks as JSON: member for member like the recorded payloads.

Values that are null are left out, media arrays are there and empty for media not used (both
recorded).
"""
