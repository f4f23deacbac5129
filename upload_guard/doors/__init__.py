"""Two old protocols on the one engine: ClamAV's daemon and ICAP. Neither has a login."""
