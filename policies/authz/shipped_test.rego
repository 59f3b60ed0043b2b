# The shipped scenario on the shipped grants (policies/authz/grants.yaml, compiled into
# policies/svidgate/data.json).
package svidgate.shipped_test

import data.svidgate.authz

puts := {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"}

request(role, action, access, key) := {
	"tenant": "acme",
	"agent": "data-crew",
	"role": role,
	"service": "aws_s3",
	"action": action,
	"operation": {"name": concat("", ["s3.", action]), "access": access, "complete": true, "pending": []},
	"targets": [{
		"type": "object",
		"access": access,
		"name": concat("", ["arn:aws:s3:::reports/", key]),
		"container": "reports",
		"path": key,
	}],
}

narrowed := {"session_policy": {{
	"actions": ["s3:AbortMultipartUpload", "s3:PutObject"],
	"resources": ["arn:aws:s3:::reports/2026/*"],
}}}

test_writer_puts_reports_and_the_session_is_narrowed if {
	every action in puts {
		d := authz.decision with input as request("writer", action, "write", "2026/q1.csv")
		d.allow == true
		d.reasons == {"writer_puts_reports"}
		d.obligations == narrowed
	}
}

test_writer_does_not_read_back if {
	every action in ["GetObject", "HeadObject"] {
		d := authz.decision with input as request("writer", action, "read", "2026/q1.csv")
		d.allow == false
	}
}

test_writer_does_not_delete_or_copy if {
	every action in ["DeleteObject", "CopyObject", "PutObjectAcl"] {
		d := authz.decision with input as request("writer", action, "write", "2026/q1.csv")
		d.allow == false
	}
}

test_writer_stays_under_its_prefix if {
	every key in ["2025/q1.csv", "2026", "", "x/2026/q1.csv"] {
		d := authz.decision with input as request("writer", "PutObject", "write", key)
		d.allow == false
	}
}

test_nobody_else_has_anything if {
	every role in ["researcher", "editor", "Writer", ""] {
		every action in puts {
			d := authz.decision with input as request(role, action, "write", "2026/q1.csv")
			d.allow == false
		}
	}
}

test_another_tenants_writer_has_nothing if {
	every part in [{"tenant": "evil"}, {"agent": "evil"}] {
		document := object.union(request("writer", "PutObject", "write", "2026/q1.csv"), part)
		d := authz.decision with input as document
		d.allow == false
	}
}

# BigQuery: the researcher reads acme-data.sales and follows what it began.

query(role, kind, targets, pending) := {
	"tenant": "acme",
	"agent": "data-crew",
	"role": role,
	"service": "gcp_bigquery",
	"action": "jobs.query",
	"operation": {"name": "bigquery.jobs.query", "access": "read", "complete": true, "pending": pending},
	"targets": array.concat([{"type": "query", "access": "read", "name": "projects/acme-data", "container": "acme-data", "path": ""}], targets),
	"sql": {"kind": kind, "features": [], "functions": [], "table_functions": [], "unlisted_functions": []},
}

table(dataset, name) := {
	"type": "table",
	"access": "read",
	"name": concat(".", [dataset, name]),
	"container": dataset,
	"path": name,
}

test_researcher_selects_from_sales_after_a_dry_run if {
	first := authz.decision with input as query("researcher", "SELECT", [], ["sql.dry_run"])
	first.needs == ["sql.dry_run"]
	second := authz.decision with input as query("researcher", "SELECT", [table("acme-data.sales", "orders")], [])
	second.allow == true
	second.reasons == {"researcher_reads_sales"}
	second.obligations == {"max_bytes_billed": 10737418240}
}

test_researcher_selects_from_nothing_else if {
	every dataset in ["acme-data.hr", "other.sales", "acme-data.sales2", "sales"] {
		d := authz.decision with input as query("researcher", "SELECT", [table(dataset, "x")], [])
		d.allow == false
	}
}

test_researcher_writes_nothing if {
	document := json.patch(query("researcher", "DELETE", [], []), [
		{"op": "replace", "path": "/operation/access", "value": "write"},
		{"op": "replace", "path": "/targets/0/access", "value": "write"},
	])
	d := authz.decision with input as document
	d.allow == false
	not d.needs
}

test_nobody_else_queries if {
	every role in ["writer", "editor", "Researcher", ""] {
		d := authz.decision with input as query(role, "SELECT", [], ["sql.dry_run"])
		d.allow == false
		not d.needs
	}
}

job(action, access, own) := {
	"tenant": "acme",
	"agent": "data-crew",
	"role": "researcher",
	"service": "gcp_bigquery",
	"action": action,
	"operation": {"name": concat(".", ["bigquery", action]), "access": access, "complete": true, "pending": []},
	"targets": [{"type": "job", "access": access, "name": "x", "container": "acme-data", "path": "j", "own": own}],
}

test_researcher_follows_its_own_jobs_only if {
	every action, access in {"jobs.get": "read", "jobs.getQueryResults": "read", "jobs.cancel": "write"} {
		mine := authz.decision with input as job(action, access, true)
		mine.reasons == {"researcher_follows_own_jobs"}
		mine.allow == true
		foreign := authz.decision with input as job(action, access, false)
		foreign.allow == false
	}
	deleted := authz.decision with input as job("jobs.delete", "write", true)
	deleted.allow == false
}
