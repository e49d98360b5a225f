//! The reconcilers: what a state asks for, as a plan. Pure functions of the state and the time.
