"""What reviewers say of films: kept, compared, exchanged, and used for the next training."""

from fracture_core.review.agreement import Agreement, agreement
from fracture_core.review.mark import MARKS, Mark, Review
from fracture_core.review.reviews import Reviews

__all__ = ["MARKS", "Agreement", "Mark", "Review", "Reviews", "agreement"]
