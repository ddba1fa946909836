"""The figures of the book: arrays in, a matplotlib figure out."""
