"""Sync by file: what one side has and the other lacks, on a stick instead of over a network (docs/bundles.md)."""
