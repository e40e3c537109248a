"""How the sandbox misbehaves on request: the catalogue, what is active now, and what each fault
does.
"""
