//! Simulation, the real binary end to end, and the borders of the crates.
