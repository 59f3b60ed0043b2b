# METADATA
# title: What an SQL text may use, and what it may cost
# description: |
#   A text that reads is harmless by itself only as far as it calls built-in functions that compute.
#   What reaches further (a remote function, a model, an external system, metadata, a wildcard that
#   names tables to come) is a fact that a grant has to name:
#
#   data.svidgate.terms[id].features, .functions, .table_functions   what the grant names
#   data.svidgate.terms[id].max_bytes_billed                         its cap
#
#   Names of built-in functions are in upper case, others as they are written in the text.
package svidgate.lib.sql

# METADATA
# description: |
#   What the text uses and none of those grants names. Undefined for a text whose facts are not
#   whole: an absent list must not look like an empty one.
unnamed(sql, ids) := union({
	missing("feature", sql.features, named("features", ids)),
	# One that stands in both lists need not be named twice.
	missing("function", sql.unlisted_functions, named("functions", ids) | named("table_functions", ids)),
	missing("table function", sql.table_functions, named("table_functions", ids)),
})

missing(kind, uses, names) := {concat(" ", [kind, use]) |
	some use in uses
	not use in names
}

named(kind, ids) := {name |
	some id in ids
	some name in data.svidgate.terms[id][kind]
}

# METADATA
# description: The smallest of their caps, as an obligation; none where none has one.
byte_cap(ids) := {"max_bytes_billed": min(caps) |
	caps := {data.svidgate.terms[id].max_bytes_billed | some id in ids}
	count(caps) > 0
}
