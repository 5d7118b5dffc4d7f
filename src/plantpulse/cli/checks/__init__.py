"""What `plantpulse check` tests: the links between plant, functions and Supabase, one after the other.

Nothing is written, neither to the plant's database nor to Supabase, and no secret is shown.
"""
