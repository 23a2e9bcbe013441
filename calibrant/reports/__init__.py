"""The reports: packet, self-check, gap analysis, raters, and the model card.

Each is computed by a pure `build` into one frozen result, which is then rendered to HTML and JSON
(and CSV or XLSX where tabular). Nothing here reads the ledger, the clock or the environment.
"""
