"""The one place that knows this program's version."""

VERSION = "0.1.0"
