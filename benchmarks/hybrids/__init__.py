"""Hybrids of perception and programs on scikit-learn's handwritten digits: sums, formulas, rules that are not given."""
