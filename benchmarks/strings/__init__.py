"""Programs from examples on the SyGuS tasks of a folder: `python -m benchmarks.strings FOLDER`."""
