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
