//! How a pod lives on this host: environment, volumes, init containers, restarts and logs.
