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
import data.svidgate.lib.subjects

default decision := {"allow": false, "reasons": ["no_grant"]}

decision := object.union(
	{"allow": true, "reasons": used, "obligations": obligations},
	{"credential": credential | some credential in named_credentials},
) if {
	allowed
} else := {
	"allow": false,
	"reasons": refusals,
	"alternatives": offered,
} if {
	count(refusals) > 0
}

# How the decision came about, for denials and for `explain`.
default explain := {}

explain := {
	"subject_keys": keys,
	"targets": [{"name": target.name, "access": target.access, "covered_by": covered[index]} |
		some index, target in input.targets
	],
	"refusals": refusals,
	"decision": decision,
}

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
	count(covered) > 0
	count(uncovered) == 0
	facts_complete
	nothing_pending
	count(named_credentials) <= 1
	every _, values in header_values {
		count(values) == 1
	}
}

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
	objects.member_unless_empty("set_headers", {name: value | some name, values in header_values; some value in values}),
])
