"""Servers of machines that nobody here wrote, as children or threads of a test."""
