"""How fast the book's code is: its convolution beside torch's, its training beside the source document's program."""
