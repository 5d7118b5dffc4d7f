"""The reason why no bundle is built, for the person who asked for one."""


class BundleRefused(Exception):
    """A bundle cannot be built or must not be deployed; the message says what to do."""
