"""Every address of the site in one table, with the limit that its requests count for (`other` where none is named)."""

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from webapp.api import actions as api_actions
from webapp.api import files as api_files
from webapp.api import jobs as api_jobs
from webapp.api import streams as api_streams
from webapp.limits import counted_as
from webapp.pages import home, jobs, launch, sign_in
from webapp.render import STATIC, static_digest

A_YEAR = "public, max-age=31536000, immutable"


class KeptStaticFiles(StaticFiles):
    """Static files under an address with their digest: a browser asks for each version once."""

    async def get_response(self, path: str, scope: Scope):
        """One file, to be kept for ever."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = A_YEAR
        return response


def routes() -> list[BaseRoute]:
    """The table."""
    return [
        Route("/", home.index),
        Route("/healthz", home.health),
        Route("/readyz", home.ready),
        Route("/sign-in", sign_in.show, methods=["GET"]),
        Route("/sign-in", sign_in.sign_in, methods=["POST"]),
        Route("/sign-in/{token}", sign_in.link, methods=["GET"]),
        Route("/sign-in/{token}", sign_in.use_link, methods=["POST"]),
        Route("/sign-out", sign_in.sign_out, methods=["POST"]),
        Route("/launch", launch.index),
        Route("/launch/{type}", launch.new, methods=["GET"]),
        Route("/launch/{type}", launch.create, methods=["POST"]),
        Route("/jobs", jobs.index),
        Route("/jobs/{job_id}", jobs.show),
        Route("/jobs/{job_id}/{action}", jobs.act, methods=["POST"]),
        Route("/jobs/{job_id}/attempts/{number}", jobs.attempt),
        Route("/jobs/{job_id}/files/{file_id}", counted_as("live", jobs.file)),
        Route("/live/stream", counted_as("live", jobs.stream)),
        Route("/live/fragments", counted_as("live", jobs.fragments)),
        Route("/api/jobs", counted_as("create", api_jobs.create), methods=["POST"]),
        Route("/api/jobs", counted_as("list", api_jobs.index), methods=["GET"]),
        Route("/api/jobs/types", api_jobs.types),
        Route("/api/jobs/{job_id}", counted_as("details", api_jobs.show), methods=["GET"]),
        Route("/api/jobs/{job_id}", api_jobs.cancel, methods=["DELETE"]),
        Route("/api/jobs/{job_id}/stop", api_actions.stop, methods=["POST"]),
        Route("/api/jobs/{job_id}/retry", counted_as("create", api_actions.retry), methods=["POST"]),
        Route("/api/jobs/{job_id}/run-now", api_actions.run_now, methods=["POST"]),
        Route("/api/jobs/{job_id}/cancel-rest", api_actions.cancel_rest, methods=["POST"]),
        Route("/api/jobs/{job_id}/erase-secrets", api_actions.erase_secrets, methods=["POST"]),
        Route("/api/jobs/{job_id}/keep", api_actions.keep, methods=["POST"]),
        Route("/api/jobs/{job_id}/status", counted_as("status", api_jobs.status)),
        Route("/api/jobs/{job_id}/events", counted_as("details", api_streams.events)),
        Route("/api/jobs/{job_id}/files", api_files.of_job),
        Route("/api/jobs/{job_id}/files/{file_id}", api_files.one_of_job),
        Route("/api/files", counted_as("upload", api_files.create), methods=["POST"]),
        Route("/api/files/{file_id}/preview", counted_as("details", api_files.preview)),
        Mount(f"/static/{static_digest()}", KeptStaticFiles(directory=STATIC)),
    ]
