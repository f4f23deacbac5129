"""Reports as mails: feedback reports (RFC 5965), XARF in one, and the way by which any report is mailed."""
