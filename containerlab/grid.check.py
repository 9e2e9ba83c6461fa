"""All adjacencies Full, routes as the topology demands, every LAN reaches every other."""

from labrunner.checks import whole as check  # noqa: F401 pylint: disable=unused-import
