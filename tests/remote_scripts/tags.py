"""The real one."""

from portal_scripts.add_item_tags import JOB_TYPE

__all__ = ["JOB_TYPE"]
