"""Machine tags: groups of values that are read from PLCs, in bursts that relieve each other.

What a group is stands in `tag` and `readings`; what a protocol has to offer in `link`; the protocols are in
`drivers`. Groups and their values are kept in Supabase: docs/tags.md.
"""
