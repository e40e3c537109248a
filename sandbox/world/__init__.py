"""The pretend contact centre: who works there, what goes on, and which attributes are really
stored.
"""
