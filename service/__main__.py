"""`python -m service` is `rounds`."""

from service.cli import main

main()
