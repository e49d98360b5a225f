-- What is remembered, version 2: the Jobs that CronJobs own are found without a look at the others.

CREATE INDEX jobs_owned ON jobs (id)
  WHERE orphaned = 0 AND json_extract(body, '$.metadata.ownerReferences') IS NOT NULL;
