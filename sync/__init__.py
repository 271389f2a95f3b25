"""How documents travel and meet: stores, clocks, signatures, merging, intake."""
