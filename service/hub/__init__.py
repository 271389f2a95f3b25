"""The hub: a supervisor's laptop that serves tablets where there is no network, and relays to the office later."""
