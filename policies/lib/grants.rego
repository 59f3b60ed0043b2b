# METADATA
# title: Grants as data
# description: |
#   The layout, written by `svidgate bundle build` from the authors' YAML:
#
#   data.svidgate.grants[subject][service][operation][type][container]  a short list of {id, access, path_prefix}
#   data.svidgate.terms[id]                                             what an allow by that grant carries
#   data.svidgate.alternatives[subject][service]                        texts for who was refused
#
#   Compiled Rego has no rule index, so nothing here walks a list that grows with agents or grants.
package svidgate.lib.grants

# METADATA
# description: For each key, what the subject may do with one operation of one service.
of(keys, service, operation) := [entry |
	index := data.svidgate.grants
	some key in keys
	entry := index[key][service][operation]
]

# METADATA
# description: |
#   The ids of those grants that cover one target; `*` stands for any container. None covers a path
#   that climbs: what it names depends on who reads it.
covering(entries, target) := {grant.id |
	not climbs(target.path)
	some entry in entries
	some container in [target.container, "*"]
	some grant in entry[target.type][container]
	target.access in grant.access
	startswith(target.path, grant.path_prefix)
}

# METADATA
# description: |
#   Whether a segment of the path is `..`. Amazon S3 takes `2026/../2025/q1.csv` as the key that it
#   is; servers that keep objects as files read `2025/q1.csv` there, outside of what was granted.
climbs(path) if {
	contains(path, "..")
	some segment in split(path, "/")
	segment == ".."
}

# METADATA
# description: The session policy statements of all those grants together.
session_policy(ids) := {statement |
	some id in ids
	some statement in data.svidgate.terms[id].session_policy
}

# METADATA
# description: The credentials that those grants name; more than one is a contradiction.
credentials(ids) := {data.svidgate.terms[id].credential | some id in ids}

# METADATA
# description: The header values that those grants demand, by name; two values are a contradiction.
set_headers(ids) := {name: values |
	some id in ids
	some name, _ in data.svidgate.terms[id].set_headers
	values := {data.svidgate.terms[other].set_headers[name] | some other in ids}
}

# METADATA
# description: What may be offered to a caller who was refused; five at most, as the contract says.
alternatives(keys, service) := array.slice(sort(texts), 0, 5) if {
	texts := {text |
		some key in keys
		some text in data.svidgate.alternatives[key][service]
	}
}
