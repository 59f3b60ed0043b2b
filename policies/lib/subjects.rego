# METADATA
# title: Subjects of grants
# description: |
#   A grant names its subject as `tenant/agent/role`, any part `*`. A caller therefore has exactly
#   eight keys under which a grant for it can lie, so that finding its grants is eight look-ups
#   however many grants there are.
package svidgate.lib.subjects

# METADATA
# description: |
#   The eight keys of a caller. SPIFFE path segments cannot contain `/` or `*` (SPIFFE-ID §2.2), so
#   no caller can have a key that is not its own.
keys(tenant, agent, role) := [
	concat("/", [tenant, agent, role]),
	concat("/", [tenant, agent, "*"]),
	concat("/", [tenant, "*", role]),
	concat("/", [tenant, "*", "*"]),
	concat("/", ["*", agent, role]),
	concat("/", ["*", agent, "*"]),
	concat("/", ["*", "*", role]),
	"*/*/*",
]
