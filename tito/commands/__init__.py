"""One file per group of commands; what they do is done by the library around them."""
