"""One module per source of evidence. A collector yields batches of rubric-neutral facts and never interprets them."""
