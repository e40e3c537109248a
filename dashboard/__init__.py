"""The site: the project's shell and everything that speaks HTML."""

from dashboard.celery import app as celery_app  # shared tasks find the app through this import

__all__ = ["celery_app"]
