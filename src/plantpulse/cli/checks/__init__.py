"""What `plantpulse check` looks at: the links between plant, functions and Supabase, one after the other.

Nothing is written anywhere, neither to the plant's database nor to Supabase, and no secret is told.
"""
