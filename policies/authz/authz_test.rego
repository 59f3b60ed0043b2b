package svidgate.authz_test

import data.svidgate.authz
import data.svidgate.lib.grants as lib

statement := {"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::reports/2026/*"]}

other_statement := {"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::reports/2027/*"]}

put_reports(id, prefix) := {"aws_s3": {"s3.PutObject": {"object": {"reports": [{
	"id": id,
	"access": ["write"],
	"path_prefix": prefix,
}]}}}}

grants := {
	"acme/data-crew/writer": put_reports("by_role", "2026/"),
	"acme/data-crew/*": put_reports("by_agent", "2027/"),
	"acme/*/writer": put_reports("by_tenant_and_role", "2028/"),
	"acme/*/*": put_reports("by_tenant", "2029/"),
	"*/data-crew/writer": put_reports("by_agent_and_role", "2030/"),
	"*/data-crew/*": put_reports("by_agent_name", "2031/"),
	"*/*/writer": put_reports("by_role_name", "2032/"),
	"*/*/*": put_reports("by_all", "2033/"),
}

terms := {
	"by_role": {"session_policy": [statement]},
	"by_agent": {"session_policy": [other_statement]},
}

stored(path) := {
	"type": "object",
	"access": "write",
	"name": concat("", ["arn:aws:s3:::reports/", path]),
	"container": "reports",
	"path": path,
}

request(role, targets) := {
	"tenant": "acme",
	"agent": "data-crew",
	"role": role,
	"service": "aws_s3",
	"action": "PutObject",
	"operation": {"name": "s3.PutObject", "complete": true, "pending": []},
	"targets": targets,
}

decide(document) := d if {
	d := authz.decision with input as document
		with data.svidgate.grants as grants
		with data.svidgate.terms as terms
		with data.svidgate.alternatives as {}
}

test_covered_target_is_allowed_with_its_grant_as_reason if {
	d := decide(request("writer", [stored("2026/q1.csv")]))
	d.allow == true
	d.reasons == {"by_role"}
	d.obligations == {"session_policy": {statement}}
}

test_each_of_the_eight_keys_finds_its_grant if {
	every year, id in {
		"2026/": "by_role",
		"2027/": "by_agent",
		"2028/": "by_tenant_and_role",
		"2029/": "by_tenant",
		"2030/": "by_agent_and_role",
		"2031/": "by_agent_name",
		"2032/": "by_role_name",
		"2033/": "by_all",
	} {
		decide(request("writer", [stored(concat("", [year, "x"]))])).reasons == {id}
	}
}

test_path_outside_every_prefix_is_refused if {
	d := decide(request("writer", [stored("2025/q1.csv")]))
	d.allow == false
	d.reasons == {"target_not_granted"}
}

test_other_role_is_refused if {
	d := decide(object.union(request("researcher", [stored("2026/q1.csv")]), {"agent": "other", "tenant": "other"}))
	d.allow == false
}

test_other_container_is_refused if {
	d := decide(request("writer", [object.union(stored("2026/q1.csv"), {"container": "payroll"})]))
	d.allow == false
	d.reasons == {"target_not_granted"}
}

test_other_access_is_refused if {
	d := decide(request("writer", [object.union(stored("2026/q1.csv"), {"access": "read"})]))
	d.allow == false
}

test_other_type_is_refused if {
	d := decide(request("writer", [object.union(stored("2026/q1.csv"), {"type": "bucket"})]))
	d.allow == false
}

test_other_operation_is_refused if {
	document := json.patch(request("writer", [stored("2026/q1.csv")]), [{
		"op": "replace",
		"path": "/operation/name",
		"value": "s3.GetObject",
	}])
	decide(document) == {"allow": false, "reasons": {"no_grant"}, "alternatives": []}
}

test_every_target_needs_a_grant if {
	d := decide(request("writer", [stored("2026/q1.csv"), stored("2025/q1.csv")]))
	d.allow == false
	d.reasons == {"target_not_granted"}
}

test_targets_may_be_covered_by_different_grants if {
	d := decide(request("writer", [stored("2026/q1.csv"), stored("2027/q1.csv")]))
	d.allow == true
	d.reasons == {"by_role", "by_agent"}
	d.obligations.session_policy == {statement, other_statement}
}

test_two_grants_for_one_target_are_merged if {
	both := object.union(grants, {"acme/data-crew/*": put_reports("by_agent", "2026/")})
	d := authz.decision with input as request("writer", [stored("2026/q1.csv")])
		with data.svidgate.grants as both
		with data.svidgate.terms as terms
	d.allow == true
	d.reasons == {"by_role", "by_agent"}
	d.obligations.session_policy == {statement, other_statement}
}

test_no_targets_is_refused if {
	d := decide(request("writer", []))
	d.allow == false
	d.reasons == {"no_target"}
}

test_absent_targets_are_refused if {
	d := decide(object.remove(request("writer", []), ["targets"]))
	d.allow == false
}

test_incomplete_facts_are_refused if {
	document := json.patch(request("writer", [stored("2026/q1.csv")]), [{
		"op": "replace",
		"path": "/operation/complete",
		"value": false,
	}])
	d := decide(document)
	d.allow == false
	d.reasons == {"facts_incomplete"}
}

test_absent_completeness_is_refused if {
	document := json.patch(request("writer", [stored("2026/q1.csv")]), [{"op": "remove", "path": "/operation/complete"}])
	decide(document).reasons == {"facts_incomplete"}
}

test_pending_facts_are_refused if {
	document := json.patch(request("writer", [stored("2026/q1.csv")]), [{
		"op": "replace",
		"path": "/operation/pending",
		"value": ["tags"],
	}])
	d := decide(document)
	d.allow == false
	d.reasons == {"facts_pending"}
}

test_absent_pending_is_refused if {
	document := json.patch(request("writer", [stored("2026/q1.csv")]), [{"op": "remove", "path": "/operation/pending"}])
	decide(document).reasons == {"facts_pending"}
}

test_caller_without_a_tenant_has_no_grants if {
	every part in ["tenant", "agent", "role"] {
		d := decide(object.remove(request("writer", [stored("2033/x")]), [part]))
		d.allow == false
		d.reasons == {"no_grant"}
	}
}

test_empty_input_is_refused if {
	d := decide({})
	d.allow == false
}

test_target_without_container_is_refused if {
	d := decide(request("writer", [object.remove(stored("2026/x"), ["container"])]))
	d.allow == false
	d.reasons == {"target_not_granted"}
}

test_any_container_is_covered_by_a_star if {
	anywhere := {"acme/data-crew/writer": {"aws_s3": {"s3.PutObject": {"object": {"*": [{
		"id": "anywhere",
		"access": ["write"],
		"path_prefix": "",
	}]}}}}}
	d := authz.decision with input as request("writer", [stored("x")])
		with data.svidgate.grants as anywhere
		with data.svidgate.terms as {}
	d.allow == true
	d.obligations == {}
}

test_named_credential_is_carried if {
	d := authz.decision with input as request("writer", [stored("2026/x")])
		with data.svidgate.grants as grants
		with data.svidgate.terms as {"by_role": {"credential": "aws-data"}}
	d.credential == "aws-data"
}

test_two_credentials_are_a_contradiction if {
	d := authz.decision with input as request("writer", [stored("2026/x"), stored("2027/x")])
		with data.svidgate.grants as grants
		with data.svidgate.terms as {"by_role": {"credential": "a"}, "by_agent": {"credential": "b"}}
	d.allow == false
	d.reasons == {"grants_disagree_on_credential"}
}

test_headers_of_all_grants_are_set if {
	d := authz.decision with input as request("writer", [stored("2026/x"), stored("2027/x")])
		with data.svidgate.grants as grants
		with data.svidgate.terms as {"by_role": {"set_headers": {"a": "1"}}, "by_agent": {"set_headers": {"a": "1", "b": "2"}}}
	d.obligations == {"set_headers": {"a": "1", "b": "2"}}
}

test_two_values_of_a_header_are_a_contradiction if {
	d := authz.decision with input as request("writer", [stored("2026/x"), stored("2027/x")])
		with data.svidgate.grants as grants
		with data.svidgate.terms as {"by_role": {"set_headers": {"a": "1"}}, "by_agent": {"set_headers": {"a": "2"}}}
	d.allow == false
	d.reasons == {"grants_disagree_on_headers"}
}

test_refused_caller_gets_five_of_its_own_alternatives if {
	d := authz.decision with input as request("writer", [stored("2025/x")])
		with data.svidgate.grants as grants
		with data.svidgate.alternatives as {
			"acme/data-crew/writer": {"aws_s3": ["c", "a", "b", "d"]},
			"acme/*/*": {"aws_s3": ["e", "f"]},
			"other/*/*": {"aws_s3": ["0"]},
		}
	d.alternatives == ["a", "b", "c", "d", "e"]
}

test_explain_names_targets_keys_and_decision if {
	e := authz.explain with input as request("writer", [stored("2026/x"), stored("2025/x")])
		with data.svidgate.grants as grants
		with data.svidgate.terms as terms
	count(e.subject_keys) == 8
	e.targets[0].covered_by == {"by_role"}
	e.targets[1].covered_by == set()
	e.refusals == {"target_not_granted"}
	e.decision.allow == false
}

test_explain_of_nothing_still_answers if {
	e := authz.explain with input as {}
	e.decision.allow == false
}

climbing(path) if {
	decision := decide(request("writer", [stored(path)]))
	decision.allow == false
	decision.reasons == {"path_climbs", "target_not_granted"}
}

test_a_grant_covers_no_path_that_climbs_out_of_its_prefix if {
	every path in [
		"2026/../2025/q1.csv", "2026/..", "2026//../x", "2026/./../x", "2026/a/../../2025/x",
		"2026/a/../b/../../2025/x",
	] {
		climbing(path)
	}
}

test_a_path_that_stays_below_the_prefix_is_covered if {
	every path in ["2026/a..b", "2026/...", "2026/..a", "2026/a..", "2026/./x", "2026/a/../b", "2026/a/b/../../c"] {
		decide(request("writer", [stored(path)])).allow == true
	}
}

covers(prefix, path) if {
	entries := [{"object": {"reports": [{"id": "one", "access": ["write"], "path_prefix": prefix}]}}]
	lib.covering(entries, stored(path)) == {"one"}
}

test_whole_buckets_are_not_climbed_out_of_either if {
	covers("", "2026/../2025/x")
	not covers("", "../other/x")
	not covers("", "a/../../other/x")
}

test_the_rest_of_a_name_is_no_step_down if {
	covers("2026/q", "2026/q1/a/../b")
	not covers("2026/q", "2026/q1/../secret")
}

# SQL: the text is a target of type query; the dry run adds tables and routines.

reads_sales := {"bigquery.jobs.query": {
	"query": {"acme-data": [{"id": "sales", "access": ["read"], "path_prefix": ""}]},
	"table": {"acme-data.sales": [{"id": "sales", "access": ["read"], "path_prefix": ""}]},
}}

reads_stock := {"bigquery.jobs.query": {
	"table": {"acme-data.stock": [{"id": "stock", "access": ["read"], "path_prefix": "public_"}]},
	"routine": {"acme-data.sales": [{"id": "stock", "access": ["read"], "path_prefix": "net"}]},
}}

sql_grants := {
	"acme/data-crew/researcher": {"gcp_bigquery": reads_sales},
	"acme/*/*": {"gcp_bigquery": reads_stock},
}

sql_terms := {
	"sales": {"max_bytes_billed": 1000, "features": ["wildcard", "ml"], "functions": ["ML.PREDICT"], "table_functions": ["f"]},
	"stock": {"max_bytes_billed": 10, "features": ["external"]},
}

lexed := {
	"dialect": "googlesql",
	"kind": "SELECT",
	"statements": 1,
	"functions": ["SUM"],
	"table_functions": [],
	"unlisted_functions": [],
	"features": [],
	"verified": "lexer",
}

query_target := {"type": "query", "access": "read", "name": "projects/acme-data", "container": "acme-data", "path": ""}

table(dataset, name) := {
	"type": "table",
	"access": "read",
	"name": concat(".", ["acme-data", dataset, name]),
	"container": concat(".", ["acme-data", dataset]),
	"path": name,
}

routine(dataset, name) := object.union(table(dataset, name), {"type": "routine"})

asked := {
	"tenant": "acme",
	"agent": "data-crew",
	"role": "researcher",
	"service": "gcp_bigquery",
	"action": "jobs.query",
	"operation": {"name": "bigquery.jobs.query", "access": "read", "complete": true, "pending": ["sql.dry_run"]},
	"targets": [query_target],
	"sql": lexed,
}

answered(targets) := object.union(asked, {
	"operation": {"name": "bigquery.jobs.query", "access": "read", "complete": true, "pending": []},
	"targets": array.concat([query_target], targets),
	"sql": object.union(lexed, {"verified": "dry_run", "statement_type": "SELECT"}),
})

decide_sql(document) := d if {
	d := authz.decision with input as document
		with data.svidgate.grants as sql_grants
		with data.svidgate.terms as sql_terms
		with data.svidgate.alternatives as {"acme/data-crew/researcher": {"gcp_bigquery": ["SELECT from sales"]}}
}

test_a_query_that_may_run_asks_for_its_dry_run if {
	decide_sql(asked) == {
		"allow": false,
		"needs": ["sql.dry_run"],
		"reasons": ["not_granted_or_not_found"],
		"alternatives": ["SELECT from sales"],
	}
}

test_the_credential_of_the_grant_is_the_look_ups_too if {
	d := authz.decision with input as asked
		with data.svidgate.grants as sql_grants
		with data.svidgate.terms as {"sales": {"credential": "gcp-data"}}
		with data.svidgate.alternatives as {}
	d.needs == ["sql.dry_run"]
	d.credential == "gcp-data"
}

test_nothing_is_asked_for_what_would_be_denied_anyway if {
	every patch in [
		{"role": "writer"},
		{"tenant": "other"},
		{"operation": {"complete": false}},
		{"operation": {"pending": ["sql.dry_run", "tags"]}},
		{"operation": {"pending": ["tags"]}},
		{"operation": {"name": "bigquery.jobs.insert"}},
		{"targets": []},
		{"targets": [object.union(query_target, {"container": "other-project"})]},
		{"targets": [object.union(query_target, {"access": "write"})]},
		{"sql": {"features": ["external"]}},
		{"sql": {"table_functions": ["EXTERNAL_QUERY"]}},
		{"sql": {"unlisted_functions": ["acme-data.sales.f"]}},
	] {
		d := decide_sql(object.union(asked, patch))
		d.allow == false
		not d.needs
	}
}

test_a_text_whose_facts_are_not_whole_is_refused if {
	every member in ["features", "unlisted_functions", "table_functions"] {
		d := decide_sql(json.remove(asked, [concat("/", ["sql", member])]))
		d.allow == false
		d.reasons == {"facts_pending", "sql_not_granted"}
	}
	decide_sql(object.remove(asked, ["sql"])).reasons == {"facts_pending", "sql_not_granted"}
}

test_granted_tables_are_allowed_with_the_cap if {
	decide_sql(answered([table("sales", "orders"), table("sales", "customers")])) == {
		"allow": true,
		"reasons": {"sales"},
		"obligations": {"max_bytes_billed": 1000},
	}
}

test_a_query_of_no_table_is_allowed if {
	decide_sql(answered([])).allow == true
}

test_tables_of_several_grants_have_the_smallest_cap if {
	d := decide_sql(answered([table("sales", "orders"), table("stock", "public_x"), routine("sales", "net")]))
	d.allow == true
	d.reasons == {"sales", "stock"}
	d.obligations == {"max_bytes_billed": 10}
}

test_each_table_needs_a_grant if {
	every targets in [
		[table("hr", "people")],
		[table("sales", "orders"), table("hr", "people")],
		[table("stock", "secret")],
		[routine("sales", "other")],
		[routine("hr", "net")],
		[object.union(table("sales", "orders"), {"container": "foreign.sales"})],
	] {
		d := decide_sql(answered(targets))
		d.allow == false
		d.reasons == {"target_not_granted"}
	}
}

test_without_a_dry_run_nothing_runs if {
	d := decide_sql(object.union(asked, {"targets": [query_target, table("sales", "orders")]}))
	d.allow == false
}

test_named_uses_are_granted if {
	every use in [
		{"features": ["wildcard"]},
		{"features": ["ml", "wildcard"]},
		{"features": ["ml"], "unlisted_functions": ["ML.PREDICT"]},
		{"table_functions": ["f"], "unlisted_functions": ["f"]},
	] {
		document := answered([table("sales", "orders")])
		decide_sql(object.union(document, {"sql": use})).allow == true
	}
}

test_uses_that_no_grant_of_the_query_names_are_not if {
	every use in [
		{"features": ["external"]},
		{"features": ["wildcard", "information_schema"]},
		{"unlisted_functions": ["ml.predict"]},
		{"unlisted_functions": ["wildcard"]},
		{"table_functions": ["ML.PREDICT"]},
		{"table_functions": ["F"]},
	] {
		document := answered([table("sales", "orders"), table("stock", "public_x")])
		d := decide_sql(object.union(document, {"sql": use}))
		d.allow == false
		d.reasons == {"sql_not_granted"}
	}
}

jobs(own) := {
	"tenant": "acme",
	"agent": "data-crew",
	"role": "researcher",
	"service": "gcp_bigquery",
	"action": "jobs.get",
	"operation": {"name": "bigquery.jobs.get", "access": "read", "complete": true, "pending": []},
	"targets": [object.union(
		{
			"type": "job",
			"access": "read",
			"name": "projects/acme-data/jobs/j",
			"container": "acme-data",
			"path": "j",
		},
		own,
	)],
}

test_a_job_is_its_owners_alone if {
	follows := {"acme/data-crew/researcher": {"gcp_bigquery": {"bigquery.jobs.get": {"job": {"*": [{
		"id": "jobs",
		"access": ["read"],
		"path_prefix": "",
	}]}}}}}
	own := authz.decision with input as jobs({"own": true})
		with data.svidgate.grants as follows
		with data.svidgate.terms as {"jobs": {"max_bytes_billed": 1}}
	own == {"allow": true, "reasons": {"jobs"}, "obligations": {}}
	every foreign in [{"own": false}, {}, {"own": "true"}] {
		d := authz.decision with input as jobs(foreign)
			with data.svidgate.grants as follows
			with data.svidgate.terms as {}
		d.allow == false
		d.reasons == {"target_not_granted"}
	}
}

test_explain_says_what_of_a_text_is_not_granted if {
	e := authz.explain with input as object.union(asked, {"sql": {"features": ["external"], "table_functions": ["EXTERNAL_QUERY"], "unlisted_functions": ["EXTERNAL_QUERY"]}})
		with data.svidgate.grants as sql_grants
		with data.svidgate.terms as sql_terms
	e.sql == {"not_granted": {"feature external", "function EXTERNAL_QUERY", "table function EXTERNAL_QUERY"}}
	e.refusals == {"facts_pending", "sql_not_granted"}
}
