//! What runs: the only wasmtime. Knows nothing of Kubernetes.
