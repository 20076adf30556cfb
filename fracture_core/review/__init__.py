"""Reviews of images: storage, agreement between reviewers, CSV exchange, and relabelled datasets."""

from fracture_core.review.annotation import ANNOTATIONS, Annotation, Review
from fracture_core.review.review_store import ReviewStore
from fracture_core.review.reviewer_agreement import ReviewerAgreement, measure_agreement

__all__ = ["ANNOTATIONS", "Annotation", "Review", "ReviewStore", "ReviewerAgreement", "measure_agreement"]
