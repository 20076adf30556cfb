"""What several pages share: cached resources and small pieces of layout."""
