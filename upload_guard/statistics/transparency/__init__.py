"""The counts of a transparency report (Regulation (EU) 2022/2065, the DSA, Articles 15 and 24)."""
