"""Files that stand in texts: notations of texts (carriers), and what may stand in them (encodings).

Reads bytes in memory and knows nothing of requests or containers, which both use it.
"""
