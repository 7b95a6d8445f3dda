"""What ``benchmarks.all`` measures, a part a file, and how it is measured, drawn and written."""
