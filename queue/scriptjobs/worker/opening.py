"""A worker as the settings want it: inside the web's process, or in one of its own."""

from scriptjobs.chromium import can_sandbox, find_chromium
from scriptjobs.files import Files
from scriptjobs.installation import Installation
from scriptjobs.listener import Listener
from scriptjobs.runner.process import RunnerConfig
from scriptjobs.settings import Settings
from scriptjobs.worker.worker import Worker, WorkerConfig


def build_worker(installation: Installation, slots: int, listener: Listener) -> Worker:
    """A worker that runs `slots` jobs at once.

    Raises:
        SetupError: there is no browser.
    """
    settings = installation.settings
    config = WorkerConfig(
        slots=slots,
        warm_runners=settings.warm_runners,
        lease_s=settings.lease_seconds,
        poll_s=settings.poll_seconds,
        grace_s=settings.grace_seconds,
        hosts=settings.allowed_hosts,
        csv_folder=settings.csv_folder,
        share=settings.organisation_share,
        retention_days=settings.retention_days,
        runner=RunnerConfig(
            job_types_package=settings.job_types_package,
            portal_url=settings.portal_url,
            chromium_path=_local_browser(settings),
            headed=settings.headed,
            sandbox=can_sandbox(),
            cache_dir=(settings.var_dir / "cache").resolve(),
            memory_mb=settings.script_memory_mb,
            endpoint=settings.browser_ws_endpoint,
            tracing=settings.trace,
            environment=settings.environment_of_scripts,
        ),
    )
    return Worker(
        config=config,
        database=installation.database,
        listener=listener,
        job_types=installation.job_types,
        vault=installation.vault,
        files=Files.load(settings.files_url, settings.var_dir),
    )


def _local_browser(settings: Settings) -> str | None:
    """The browser of this machine; none is needed where it runs elsewhere."""
    if settings.browser_ws_endpoint:
        return None
    return find_chromium(settings.chromium_path, headed=settings.headed)
