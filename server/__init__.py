"""The gRPC process: the contract's services over kernels, prices and a cluster."""
