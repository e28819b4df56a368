"""Learn how often this knowledge base is right: from its own questions, and from labelled outcomes."""

from __future__ import annotations

from suggest.learn.calibrate import calibrate, recheck
from suggest.learn.outcomes import LabelledInquiry, read_labels

__all__ = ["LabelledInquiry", "calibrate", "read_labels", "recheck"]
