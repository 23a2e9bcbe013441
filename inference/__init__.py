"""Evidence to observations to posterior to assessment, with explanation."""
