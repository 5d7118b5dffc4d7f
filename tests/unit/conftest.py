"""Property tests are repeatable, leave no files behind and are not failed for a busy machine."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")
