"""Judge: how sure are we of each concern, which lane does the inquiry take, and where does it go?"""

from __future__ import annotations

from suggest.judge.confidence import Confidence
from suggest.judge.lanes import judge
from suggest.judge.policy import Policy, load_policy
from suggest.judge.scoring import prior_for

__all__ = ["Confidence", "Policy", "judge", "load_policy", "prior_for"]
