// Prints nothing at all and ends well: a file whose tests were never reached.
