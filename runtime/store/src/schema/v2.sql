-- What is remembered, version 2: what a start and a clock ask for is found without a look at the rest.

-- The Jobs that CronJobs own.
CREATE INDEX jobs_owned ON jobs (id)
  WHERE orphaned = 0 AND json_extract(body, '$.metadata.ownerReferences') IS NOT NULL;

-- Events by when they were last told.
CREATE INDEX events_by_age ON objects (
  coalesce(json_extract(body, '$.lastTimestamp'),
           json_extract(body, '$.metadata.creationTimestamp'), '')
) WHERE kind = 'Event';
