//! From a cron expression and a time zone to the times at which it fires.
