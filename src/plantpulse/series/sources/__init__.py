"""The publishers' APIs; one module or package each."""
