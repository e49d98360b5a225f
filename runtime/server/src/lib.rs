//! How people reach it: the Kubernetes REST subset, watch and logs over hyper.
