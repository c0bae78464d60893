"""The one that browses, tried again once."""

from dataclasses import replace

from tests.browser_scripts import browsing

JOB_TYPE = replace(browsing.JOB_TYPE, max_retries=1)
