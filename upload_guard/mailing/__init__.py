"""Mail going out: letters to people, and reports to those who take them by mail."""
