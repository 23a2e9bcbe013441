"""The three reports: packet, self-check and gap analysis.

Each is computed by a pure `build` into one frozen result, which is then rendered to HTML and JSON
(and CSV and XLSX for the gap). Nothing here reads the ledger, the clock or the environment.
"""
