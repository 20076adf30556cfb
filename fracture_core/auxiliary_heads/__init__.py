"""Second heads on a network's own features: which region a film shows, and whether it is a film the network knows.

They cost one matrix product beside the pass that the verdict needs anyway, and are fitted in seconds without changing
the network.
"""
