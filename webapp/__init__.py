"""The web: pages and JSON API over the service. `uvicorn webapp:app` serves both and a pool of workers."""

from scriptjobs.settings import Settings
from webapp.app import create_app

app = create_app(Settings.from_env())
