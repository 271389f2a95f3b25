"""XLSForm workbooks: what ODK and KoboToolbox write becomes a definition, and back."""
