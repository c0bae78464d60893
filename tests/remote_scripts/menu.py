"""The real one."""

from portal_scripts.import_csv_menu import JOB_TYPE

__all__ = ["JOB_TYPE"]
