"""The engine of Script Jobs: a job queue on PostgreSQL that runs Playwright scripts in processes of their own."""

__version__ = "0.1.0"
