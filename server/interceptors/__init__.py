"""What happens around every call: correlation id, admission, deadline, errors, log line, statistics.

One class, `boundary.CallBoundary`, does it for all four kinds of call in one pass, because a chain of interceptors that
each wrap the next costs more than a small computation. The steps are modules of their own.
"""
