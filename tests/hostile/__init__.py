"""Whatever somebody else sends, types, stores or answers: the documented error, and nothing else."""
