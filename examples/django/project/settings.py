"""Settings: the database is what DATABASE_URL names, as sqlite:////data/app.db."""
import os

DATABASE_URL = os.environ["DATABASE_URL"]
SECRET_KEY = "unused: nothing is signed by a migration"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE_URL.removeprefix("sqlite:///"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
