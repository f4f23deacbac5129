"""What goes out by itself: events become messages, which are sent until they arrive or are given up."""
