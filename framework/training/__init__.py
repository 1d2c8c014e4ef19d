"""The rows of a task, and many prompts trained through one model."""
