"""Stand-ins for the outside world: what a laptop needs to run plantpulse without a cloud account.

Nothing here is deployed and nothing in `src` imports it. Everything listens on 127.0.0.1 only and
is gone when the process that started it is gone, however that one ended.
"""
