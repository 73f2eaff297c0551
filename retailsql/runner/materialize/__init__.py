"""One file for each way in which a node becomes something in the database.

Each has ``make(job) -> Made``; all of it happens in the transaction of the node.
"""
