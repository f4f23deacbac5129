"""Pages for strangers: nobody logs in, nothing is kept in the browser, and there is no script."""
