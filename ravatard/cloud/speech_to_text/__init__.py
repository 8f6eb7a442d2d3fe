"""Speech to text: a recogniser on the network puts speech into words, for a cloud that reads them."""
