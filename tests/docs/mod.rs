//! Documents that are made from the source are as the source is now.

mod sql_api;
