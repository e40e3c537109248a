"""Notification channels: what is subscribed, which events go out, and the WebSocket (API
reference, section 7).
"""
