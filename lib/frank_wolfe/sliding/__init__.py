"""The sliding step: neurons move within and across cells."""
