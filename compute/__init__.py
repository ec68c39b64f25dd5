"""Numbers only: NumPy, Numba and SciPy.

No input or output, no gRPC, no Dask, and nothing of riskwave outside this package. Kernels do not validate; the
functions that callers use validate once, before anything is allocated, and raise the errors of `errors`.
"""
