# METADATA
# title: svidgate.authz, the default policy
# description: |
#   Allows what grants cover: each target of the operation by at least one grant. Every rule is
#   positive; whatever is absent, undefined or unknown leaves the default, which denies.
#   Only rules here: an entrypoint's package must hold neither functions nor data.
# schemas:
#   - input: schema["input.schema"]
package svidgate.authz

import data.svidgate.lib.grants
import data.svidgate.lib.objects
import data.svidgate.lib.sql
import data.svidgate.lib.subjects

default decision := {"allow": false, "reasons": ["no_grant"]}

decision := object.union(
	{"allow": true, "reasons": used, "obligations": obligations},
	{"credential": credential | some credential in named_credentials},
) if {
	allowed
} else := object.union(
	# The reason is told when it ends in a denial, whatever the look-up finds: no more may show.
	{"allow": false, "needs": input.operation.pending, "reasons": ["not_granted_or_not_found"], "alternatives": offered},
	{"credential": credential | some credential in named_credentials},
) if {
	worth_a_lookup
} else := {
	"allow": false,
	"reasons": refusals,
	"alternatives": offered,
} if {
	count(refusals) > 0
}

# How the decision came about, for denials and for `explain`.
default explain := {}

explain := object.union(
	{
		"subject_keys": keys,
		"targets": [{"name": target.name, "access": target.access, "covered_by": covered[index]} |
			some index, target in input.targets
		],
		"refusals": refusals,
		"decision": decision,
	},
	{"sql": {"not_granted": unnamed} | count(unnamed) > 0},
)

# A caller without tenant, agent and role (a federated domain without a map) has no keys and so no
# grants: `*` means any tenant that we know, not anybody.
default keys := []

keys := subjects.keys(input.tenant, input.agent, input.role)

default mine := []

mine := grants.of(keys, input.service, input.operation.name)

# One element for each target, in order: the ids of the grants that cover it.
covered := [grants.covering(mine, target) | some target in input.targets]

uncovered := [index | some index, ids in covered; count(ids) == 0]

used := {id | some ids in covered; some id in ids}

named_credentials := grants.credentials(used)

header_values := grants.set_headers(used)

# Stated positively, so that an absent part refuses. Targets are counted: nothing uncovered among
# none would be a yes.
default allowed := false

allowed if {
	granted
	nothing_pending
}

# Everything but what a look-up would add.
default granted := false

granted if {
	count(covered) > 0
	count(uncovered) == 0
	facts_complete
	sql_granted
	count(named_credentials) <= 1
	every _, values in header_values {
		count(values) == 1
	}
}

# A look-up leaves before an allow, and its errors could tell what exists: only when all else holds.
default worth_a_lookup := false

worth_a_lookup if {
	count(input.operation.pending) > 0
	every fact in input.operation.pending {
		fact == "sql.dry_run"
	}
	granted
}

# The grants that cover an SQL text itself. They say what may stand in it and what it may cost; they
# are the same before and after the dry run, which adds tables and routines as further targets.
of_queries := {id |
	some index in queries
	some id in covered[index]
}

# An SQL text is a target of type query; there is none, or all that it uses is named by its grants.
default sql_granted := false

sql_granted if count(queries) == 0

sql_granted if count(unnamed) == 0

queries := [index | some index, target in input.targets; target.type == "query"]

# A cap binds a query, whichever of its grants has it.
default capped := set()

capped := used if count(queries) > 0

# Undefined, and so a refusal, where the facts of the text are not whole.
unnamed := sql.unnamed(input.sql, of_queries)

default facts_complete := false

facts_complete if input.operation.complete == true

default nothing_pending := false

nothing_pending if count(input.operation.pending) == 0

# Why not, as ids.
refusals contains "no_grant" if count(mine) == 0

refusals contains "no_target" if count(covered) == 0

refusals contains "target_not_granted" if {
	count(mine) > 0
	count(uncovered) > 0
}

# A key such as `2026/../2025/q1.csv`, which a grant on `2026/` does not cover.
refusals contains "path_climbs" if {
	count(mine) > 0
	some index in uncovered
	".." in split(input.targets[index].path, "/")
}

refusals contains "facts_incomplete" if facts_complete == false

refusals contains "facts_pending" if nothing_pending == false

refusals contains "sql_not_granted" if sql_granted == false

refusals contains "grants_disagree_on_credential" if count(named_credentials) > 1

refusals contains "grants_disagree_on_headers" if {
	some _, values in header_values
	count(values) > 1
}

default offered := []

offered := grants.alternatives(keys, input.service)

# Of several grants the conditions add up; each part stands alone, so that none can vanish with another.
obligations := object.union_n([
	objects.member_unless_empty("session_policy", grants.session_policy(used)),
	sql.byte_cap(capped),
	objects.member_unless_empty("set_headers", {name: value | some name, values in header_values; some value in values}),
])
