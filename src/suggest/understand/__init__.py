"""What a customer asks: language, body, separate concerns, personal data, signals.

::

    Inquiry ─► tidy ─► layout (greeting, signature, quoted mail off) ─► concerns ─► Understanding
                 └──► signals (anger, danger, fraud, injected instructions …) ──────────┘
    Inquiry ─► personal data (offsets into the text as written) ────────────────────────┘
"""

from suggest.understand.free_wording import classifier_for, likely_codes
from suggest.understand.masking import Masked, mask
from suggest.understand.personal_data import find_personal_data
from suggest.understand.signals import signal_codes
from suggest.understand.understanding import Classify, understand

__all__ = [
    "Classify",
    "Masked",
    "classifier_for",
    "find_personal_data",
    "likely_codes",
    "mask",
    "signal_codes",
    "understand",
]
