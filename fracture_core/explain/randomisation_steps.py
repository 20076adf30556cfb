"""Steps in which the weights of a network become random; without TensorFlow, so that pages can name them."""

#: Shares of the layers, counted from the output, whose weights are random; the first step replaces one layer.
RANDOMISED_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def _title(share: float) -> str:
    if share == 0:
        return "last layer random"
    return "all layers random" if share == 1 else f"last {share:.0%} of layers random"


#: Titles of all steps, from the trained network to random weights.
STEP_TITLES = ("trained", *(_title(share) for share in RANDOMISED_SHARES))
