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
# description: The ids of those grants that cover one target; `*` stands for any container.
covering(entries, target) := {grant.id |
	some entry in entries
	some container in [target.container, "*"]
	some grant in entry[target.type][container]
	target.access in grant.access
	startswith(target.path, grant.path_prefix)
	stays_below(target.path, grant.path_prefix)
	within_reach(target)
}

# A job shows its text and its rows to whoever asks for them, so it is its owner's alone, whatever a
# grant says. That nobody's job is anybody's is the default: `own` may be absent.
within_reach(target) if target.type != "job"

within_reach(target) if target.own == true

# METADATA
# description: |
#   Whether the path names something under the prefix to every reader. Amazon S3 takes
#   `2026/../2025/q1.csv` as the key that it is; a server that keeps objects as files opens
#   `2025/q1.csv`. So there may be no more steps up than there were steps down before the first.
stays_below(path, _) if not contains(path, "..")

stays_below(path, prefix) if {
	contains(path, "..")
	segments := split(trim_prefix(path, prefix), "/")
	ups := [index | some index, segment in segments; segment == ".."]
	downs := [index |
		some index, segment in segments
		index < ups[0]
		not segment in {"", "."}
		is_whole(index, prefix)
	]
	count(downs) >= count(ups)
}

# What stands right behind `2026/q` is the rest of a name, not a step down.
is_whole(index, _) if index > 0

is_whole(0, prefix) if prefix == ""

is_whole(0, prefix) if endswith(prefix, "/")

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
