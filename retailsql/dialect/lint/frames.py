"""Which rows the frame of a window holds."""

from __future__ import annotations

from sqlglot import exp


def reads_own_row(window: exp.Window, select: exp.Expr) -> bool:
    """True if a window's frame holds the row it is computed for."""
    call = window.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.this
    if isinstance(call, exp.Lag | exp.Lead):
        return False
    frame = window.args.get("spec")
    name = window.args.get("alias")
    if frame is None and name is not None:
        for named in select.args.get("windows") or []:
            if named.name.lower() == name.name.lower():
                frame = named.args.get("spec")
    if frame is None:
        return True
    if "CURRENT" in str(frame.args.get("exclude") or "").upper():
        return False
    end, side = frame.args.get("end"), str(frame.args.get("end_side") or "").upper()
    start_side = str(frame.args.get("start_side") or "").upper()
    start = frame.args.get("start")
    if side == "PRECEDING" and str(end) not in ("0",):
        return False
    return not (start_side == "FOLLOWING" and str(start) not in ("0", "UNBOUNDED"))
