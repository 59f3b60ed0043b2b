# METADATA
# title: Objects with optional parts
package svidgate.lib.objects

# METADATA
# description: |
#   An object with one member, or none when the collection is empty. An object literal with an
#   undefined part would vanish as a whole, and with it every condition that it carries.
member_unless_empty(_, value) := {} if count(value) == 0

member_unless_empty(name, value) := {name: value} if count(value) > 0
