"""The flood breaker: counts, the rule, what it lowered."""
