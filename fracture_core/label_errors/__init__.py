"""Label errors: images whose label disagrees with their content or with the label of a duplicate."""
