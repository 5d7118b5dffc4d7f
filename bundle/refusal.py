"""Why no bundle is built: told to the person who asked for it."""


class BundleRefused(Exception):
    """A bundle cannot be built or must not be deployed; the message says what to do."""
