"""What a form is and what valid answers are. Pure: no network, no database, no Flask."""
