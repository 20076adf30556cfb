"""Auxiliary heads on a network's features: body region, out-of-distribution detection, and radiograph detection.

They need one matrix product on top of the forward pass for the verdict. They are fitted in seconds and do not change
the network.
"""
