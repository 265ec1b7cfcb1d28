-- How many live sessions a run saw of meetings that it was not asked about. Empty for a run that asked meeting by
-- meeting, and for those from before this column: they could not see any.
alter table runs add column unlisted bigint;
