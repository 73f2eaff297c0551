"""Put scorers on a connection: hidden functions that call ONNX Runtime, public macros over them.

``hidden`` makes ``__rs_<model>_<hash>``; ``calls`` writes the SQL that calls it; ``macros`` wraps
those into ``churn_score`` and its like; ``publish`` registers, deploys and drops; ``equip`` finds
what a database holds; ``import_onnx`` brings a user's own file in.
"""
