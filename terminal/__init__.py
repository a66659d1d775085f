"""What a person sees in a terminal: tables, colours, progress. Plain values come in."""
