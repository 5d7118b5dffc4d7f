"""A small plant that works without end: what stands in for machines and operators on the local stack.

`model` says what stands on the floor, `machine` how it behaves minute by minute, `producer` which rows the
plant's database would hold; all three are pure, and the same plant and span give the same rows. `writer`
puts rows into a SQL Server, `database` says into which, and `seed` tells Supabase which assets, cost
centres and targets there are.
"""
