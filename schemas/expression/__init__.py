"""XLSForm expressions: parse, check, evaluate."""
