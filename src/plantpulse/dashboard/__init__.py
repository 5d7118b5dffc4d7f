"""Serves the board: static files, and what a browser must know of the project. It reads no row and no secret.

The pages themselves are built from `dashboard/` and talk straight to Supabase, as whoever is signed in.
"""
