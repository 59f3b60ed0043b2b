# A policy as Hexr's guides write it: package hexr.authz, rule `allow`, syntax of OPA before 1.0.
# Build it with --v0-compatible and set `policy.decision: hexr/authz/allow`; a bare boolean is a
# decision. New policies are better written as grants (policies/authz/grants.yaml).
package hexr.authz

default allow = false

# The researcher reads: BigQuery and S3.
allow {
	input.role == "researcher"
	input.service == "gcp_bigquery"
}

allow {
	input.role == "researcher"
	input.service == "aws_s3"
	input.action == "GetObject"
}

# The writer puts objects and does nothing else.
allow {
	input.role == "writer"
	input.service == "aws_s3"
	input.action == "PutObject"
}

# The editor has no rule, so nothing is allowed to it.

# The analyst works in business hours, UTC.
allow {
	input.role == "analyst"
	input.service == "aws_s3"
	input.action == "GetObject"
	business_hours
}

business_hours {
	[hour, _, _] := time.clock(time.now_ns())
	hour >= 9
	hour < 17
	not weekend[time.weekday(time.now_ns())]
}

weekend = {"Saturday", "Sunday"}
