"""The web server's door."""

import os

from django.core.wsgi import get_wsgi_application

from dashboard.intake import Intake

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = Intake(get_wsgi_application())
