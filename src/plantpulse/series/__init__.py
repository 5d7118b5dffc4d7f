"""Series: energy and commodity data, collected, checked, and kept with every revision."""
