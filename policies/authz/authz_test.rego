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
