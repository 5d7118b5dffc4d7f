"""A burst in a process of its own, so that a test can kill it for real.

    python -m tests.tags.burst.doomed_burst <address of the project>

The key comes from SUPABASE_SECRET_KEY. It polls until it is relieved, or dies.
"""

import os
import sys
import uuid

from plantpulse import database
from plantpulse.settings import Secret, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.burst import Burst, stopping_on_sigterm
from tests.tags.burst.conftest import FLUSH_S, LEAD_S, WAIT_S, Floor


def main(url: str) -> None:
    """Poll the plant `north`."""
    settings = SupabaseSettings(url=url, secret_key=Secret(os.environ["SUPABASE_SECRET_KEY"]))
    with database.connect(settings, seconds_left=lambda: WAIT_S) as store:
        burst = Burst(
            "north", str(uuid.uuid4()), store, Floor(), TagsSettings(), flush_s=FLUSH_S, lead_s=LEAD_S
        )
        with stopping_on_sigterm(burst):
            burst.run()


if __name__ == "__main__":
    main(sys.argv[1])
