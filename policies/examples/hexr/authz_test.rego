package hexr.authz

# Monday 2026-11-23, 10:00 and 18:00 UTC, and Saturday 2026-11-28, 10:00 UTC.
monday_morning = 1795428000000000000

monday_evening = 1795456800000000000

saturday_morning = 1795860000000000000

request(role, service, action) = {"tenant": "acme", "agent": "data-crew", "role": role, "service": service, "action": action}

test_researcher_reads {
	allow with input as request("researcher", "gcp_bigquery", "jobs.query")
	allow with input as request("researcher", "aws_s3", "GetObject")
}

test_researcher_does_not_write {
	not allow with input as request("researcher", "aws_s3", "PutObject")
}

test_writer_only_puts {
	allow with input as request("writer", "aws_s3", "PutObject")
	not allow with input as request("writer", "aws_s3", "GetObject")
	not allow with input as request("writer", "gcp_bigquery", "PutObject")
}

test_editor_gets_nothing {
	not allow with input as request("editor", "aws_s3", "GetObject")
}

test_analyst_works_in_business_hours {
	allow with input as request("analyst", "aws_s3", "GetObject") with time.now_ns as monday_morning
	not allow with input as request("analyst", "aws_s3", "GetObject") with time.now_ns as monday_evening
	not allow with input as request("analyst", "aws_s3", "GetObject") with time.now_ns as saturday_morning
}

test_nothing_is_allowed_to_nobody {
	not allow with input as {}
}
